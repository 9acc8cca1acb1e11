"""An arm as it is typed."""

from __future__ import annotations

import pytest

from whereasync.errors import BadInputError
from whereasync.model import Arm, Interface
from whereasync.servers.arms import FORM, parse_arm

THREADS = Arm(server="gunicorn", interface=Interface.WSGI, options={"threads": "16"})
LOOP = Arm(server="uvicorn", interface=Interface.ASGI)


@pytest.mark.parametrize(
    ("text", "arm", "path"),
    [
        ("uvicorn@/cars/", LOOP, "/cars/"),
        ("gunicorn,threads=16@/cars/", THREADS, "/cars/"),
        (
            "granian,interface=wsgi,threads=4@/cars/",
            Arm(
                server="granian",
                interface=Interface.WSGI,
                options={"interface": "wsgi", "threads": "4"},
            ),
            "/cars/",
        ),
        ("/cars/", THREADS, "/cars/"),  # the usual server
        ("/", THREADS, "/"),
        ("uvicorn@/@ann/?mail=a@b.example", LOOP, "/@ann/?mail=a@b.example"),  # the first @ alone
        ("/@ann/", THREADS, "/@ann/"),  # and none of a path's
        ("/a,b=c/", THREADS, "/a,b=c/"),
        ("uvicorn@/cars/?page=2&q=%C3%A9", LOOP, "/cars/?page=2&q=%C3%A9"),
    ],
)
def test_an_arm_is_a_server_and_a_path(text: str, arm: Arm, path: str) -> None:
    """Split at the first ``@``; without a server the usual one serves."""
    entry = parse_arm(text)
    assert (entry.arm, entry.path) == (arm, path)


def test_the_form_that_is_shown_is_one() -> None:
    """Whoever types what the hint says is understood."""
    assert parse_arm(FORM).arm == THREADS


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("uvicorn", "“uvicorn” is no arm: an arm ends with a path", FORM),
        ("", "“” is no arm", FORM),
        ("cars/", "“cars/” is no arm", FORM),
        ("uvicorn@", "“” in “uvicorn@” is no path: a path begins with /", FORM),
        ("uvicorn@cars", "“cars” in “uvicorn@cars” is no path", FORM),
        ("uvicorn@http://x/", "“http://x/” in “uvicorn@http://x/” is no path", FORM),
        ("uvicorn@@/cars/", "“@/cars/” in “uvicorn@@/cars/” is no path", FORM),
        ("@/cars/", "names no server", "write gunicorn,threads=16@/plain/hello/sync/, or /cars/"),
        ("uvicorn@/cars/#top", "fragment", "leave out #"),
        ("guncorn@/cars/", "there is no server “guncorn”", "did you mean gunicorn?"),
        ("uvicorn,thread=4@/", "uvicorn has no option “thread” here", ""),
        (
            "uvicorn@/my cars/",
            "the path in 'uvicorn@/my cars/' holds ' '",
            "percent-encode it: %20",
        ),
        ("/my\tcars/", r"holds '\t'", "percent-encode it: %09"),
        ("uvicorn@/cars/\r\nX: y", r"holds '\r'", "percent-encode it: %0D"),
        ("uvicorn@/cars\x00/", r"holds '\x00'", "percent-encode it: %00"),
        ("/prix-élevé/", "the path in '/prix-élevé/' holds 'é'", "percent-encode it: %C3%A9"),
    ],
)
def test_what_is_no_arm_is_said_to_be_none(text: str, what: str, hint: str) -> None:
    """With the culprit, and how to write it."""
    with pytest.raises(BadInputError) as caught:
        parse_arm(text)
    assert what in caught.value.what
    assert hint in caught.value.hint
