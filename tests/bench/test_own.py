"""What is put into a request of the user's project, and what is said of its calls."""

from __future__ import annotations

import pytest

from whereasync.bench.own import _choose_entry, _say_call, complete_request
from whereasync.model import Prepared, Request
from whereasync.model.guarding import Outcall

PREPARED = Prepared(
    cookies={"ann": {"sessionid": "s"}, "": {"csrftoken": "c"}},
    tokens={"ann": "t", "": "u"},
    csrf_header="X-CSRFTOKEN",
    filled={"detail": {"pk": "a b"}},
)


@pytest.mark.parametrize(
    ("said", "headers", "host"),
    [
        ("", (), "localhost"),
        ("shop.example.com", (), "shop.example.com"),
        ("shop.example.com", (("hOST", "other"),), None),
    ],
)
def test_a_request_is_for_the_projects_host(
    said: str, headers: tuple[tuple[str, str], ...], host: str | None
) -> None:
    """Unless it says another itself."""
    completed = complete_request(Request(path="/", headers=headers), PREPARED, said)
    assert dict(completed.headers).get("Host") == host


def test_a_request_is_its_users_and_its_path_is_filled() -> None:
    """With a token where Django wants one."""
    asked = Request(path="/item/{pk}/{x}", recipe="detail", user="ann", method="POST")
    completed = complete_request(asked, PREPARED)
    assert completed.path == "/item/a%20b/{x}"
    headers = {"Host": "localhost", "Cookie": "sessionid=s", "X-CSRFTOKEN": "t"}
    assert dict(completed.headers) == headers
    assert "Cookie" not in dict(complete_request(Request(path="/"), PREPARED).headers)


@pytest.mark.parametrize(
    ("said", "entry"), [("", "shop.wsgi:app"), ("django", ""), ("shop.other:app", "shop.other:app")]
)
def test_what_is_served_can_be_said(said: str, entry: str) -> None:
    """The project's own may want its own server."""
    assert _choose_entry(said, "shop.wsgi:app") == entry


@pytest.mark.parametrize(
    ("call", "detail", "hint"),
    [
        (Outcall(target="a.example:443"), "somebody calls a.example:443, and was", "[stand-ins]"),
        (
            Outcall(target="127.0.0.1:6379", service="Redis", where="shop/x.py, line 2"),
            "shop/x.py, line 2 calls 127.0.0.1:6379 (Redis), and was refused",
            "a variable in environment",
        ),
        (Outcall(target="/run/docker.sock", is_refused=False), "docker.sock, for real", "variable"),
    ],
)
def test_a_call_is_said_with_what_can_be_done(call: Outcall, detail: str, hint: str) -> None:
    """No stand-in speaks Redis."""
    fault = _say_call(call)
    assert detail in fault.detail
    assert hint in fault.hint
