"""An arm as it is typed."""

from __future__ import annotations

import pytest

from whereasync.errors import BadInputError
from whereasync.model import Arm, Config, Interface, NamedArm, Recipe
from whereasync.servers.arms import DEMO_FORM, FORM, Entry, parse_arm

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
    """Whoever types it is understood; one's own project has no page of the demo's."""
    assert parse_arm(DEMO_FORM).arm == parse_arm(FORM, Config()).arm == THREADS
    with pytest.raises(BadInputError) as caught:
        parse_arm("uvicorn", Config())
    assert caught.value.hint == f"write {FORM}"


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("uvicorn", "“uvicorn” is no arm: an arm ends with a path", DEMO_FORM),
        ("", "“” is no arm", DEMO_FORM),
        ("cars/", "“cars/” is no arm", "did you mean /cars/?"),
        ("http://x:80/cars/", "“http://x:80/cars/” is no arm", "did you mean /cars/?"),
        ("uvicorn@", "“” in “uvicorn@” is no path: a path begins with /", DEMO_FORM),
        ("uvicorn@cars", "“cars” in “uvicorn@cars” is no path", DEMO_FORM),
        ("uvicorn@http://x/", "“http://x/” in “uvicorn@http://x/” is no path", "did you mean /?"),
        ("uvicorn@@/cars/", "“@/cars/” in “uvicorn@@/cars/” is no path", DEMO_FORM),
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


# ---------------------------------------------------------------- names of the configuration

CONFIG = Config(
    file="whereasync.toml",
    requests=(Recipe(name="shop:detail", path="/item/{pk}/", fill={"pk": "1"}),),
    arms={
        "fast": NamedArm(name="fast", server="uvicorn", path="/cars/", swap={"a.b": "a.c"}),
        "full": NamedArm(name="full", request="shop:detail"),
        "odd": NamedArm(name="odd", server="guncorn", path="/"),
    },
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fast", Entry(arm=LOOP, path="/cars/", swap={"a.b": "a.c"})),
        (
            "gunicorn,threads=16@fast",
            Entry(arm=THREADS, path="/cars/", swap={"a.b": "a.c"}),
        ),
        ("full", Entry(arm=THREADS, path="/item/{pk}/", request="shop:detail")),
        ("uvicorn@full", Entry(arm=LOOP, path="/item/{pk}/", request="shop:detail")),
        ("uvicorn@shop:detail", Entry(arm=LOOP, path="/item/{pk}/", request="shop:detail")),
        ("shop:detail", Entry(arm=THREADS, path="/item/{pk}/", request="shop:detail")),
        ("uvicorn@/fast", Entry(arm=LOOP, path="/fast")),
    ],
)
def test_a_name_is_an_arm_or_a_request_of_the_configuration(text: str, expected: Entry) -> None:
    """The command line's server wins over the named arm's, and that over the usual one."""
    assert parse_arm(text, CONFIG) == expected


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("fats", "“fats” is no arm", "did you mean fast?"),
        ("uvicorn@detail", "“detail” in “uvicorn@detail” is no path", "shop:detail"),
        ("odd", "whereasync.toml: the arm “odd”: there is no server “guncorn”", "gunicorn?"),
        ("guncorn@odd", "there is no server “guncorn”", "did you mean gunicorn?"),
        ("zzz", "“zzz” is no arm", FORM),
    ],
)
def test_a_name_that_is_none_is_answered_with_the_nearest(text: str, what: str, hint: str) -> None:
    """A server that the file names wrongly is the file's."""
    with pytest.raises(BadInputError) as caught:
        parse_arm(text, CONFIG)
    assert caught.value.what.startswith(what)
    assert hint in caught.value.hint
