"""What is said before any load, against a server that answers whatever is asked of it."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests import synthetic

from whereasync.bench import dryrun
from whereasync.errors import BadInputError
from whereasync.model import Cell, Experiment, Request, Side
from whereasync.servers import Endpoint, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whereasync.bench.stage import Stage
    from whereasync.model import Arm

LOG = "Traceback (most recent call last):\nValueError: no such car"
ASKER = dryrun.Asker(catalogue="whereasync demo --serve")


class Handler(BaseHTTPRequestHandler):
    """Answers by path; what it was asked, it keeps."""

    answers: Mapping[str, tuple[int, dict[str, str]]] = {
        "/missing/": (404, {}),
        "/cars": (301, {"Location": "/cars/"}),
        "/cars?page=2": (301, {"Location": "/cars/?page=2"}),
        "/private/": (302, {"Location": "/accounts/login/?next=/private/"}),
        "/moved/": (302, {"Location": "/elsewhere/"}),
        "/blog/": (302, {"Location": "/blog-index/"}),
        "/lost/": (302, {"Location": "/authors/lessons/?next=/login/"}),
        "/settings/": (302, {"Location": "/me/auth_tokens/"}),
        "/unknown-host/": (400, {}),
        "/form/": (403, {}),
        "/get-only/": (405, {"Allow": "GET, HEAD"}),
        "/nothing-allowed/": (405, {}),
        "/broken/": (500, {}),
        "/empty/": (204, {}),
        "/teapot/": (418, {}),
    }
    counter = itertools.count()
    asked: list[tuple[str, str, str, str]]

    def answer(self) -> None:
        """Answer whatever method it is."""
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        kind = self.headers.get("Content-Type", "")
        self.asked.append((self.command, self.path, kind, body))
        status, headers = self.answers.get(self.path, (200, {}))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if status == 200:
            again = next(self.counter) if self.path.startswith("/counting/") else 0
            page = "other" if self.path.startswith("/other/") else "same"
            self.wfile.write(f"<p>{page}</p> token={again}".encode())

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 # http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Process:
    """Stands in for the server's process: its log."""

    log: str = LOG

    def tail(self, lines: int = 20) -> str:
        """Return the log's last lines."""
        return "\n".join(self.log.splitlines()[-lines:])


@dataclass
class Site:
    """The server, as both arms' endpoint, and as the stage that launches them."""

    endpoint: Endpoint
    asked: list[tuple[str, str, str, str]]
    launched: list[tuple[dict[str, Arm], str]] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)

    catalogue = "whereasync demo --serve"

    @property
    def observer(self) -> Site:
        """Itself."""
        return self

    @property
    def project(self) -> Site:
        """Itself."""
        return self

    def stage(self, what: str) -> None:
        """Hear what is being done."""
        self.stages.append(what)

    @contextmanager
    def launch_all(self, arms: dict[str, Arm], name: str) -> Iterator[dict[str, Endpoint]]:
        """Give the one endpoint for each role."""
        self.launched.append((arms, name))
        yield dict.fromkeys(arms, self.endpoint)


def end_at(port: int, process: Process | None = None) -> Endpoint:
    """Return an endpoint on that port."""
    return Endpoint(host="127.0.0.1", port=port, child=cast("Any", process or Process()))


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve while the test lasts."""
    asked: list[tuple[str, str, str, str]] = []
    handler = type("Handler", (Handler,), {"asked": asked, "counter": itertools.count()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Site(endpoint=end_at(server.server_port), asked=asked)
        finally:
            server.shutdown()
            thread.join()


def side(path: str, *, label: str = "A", **request: Any) -> Side:
    """Return a side that asks for this."""
    return Side(role=label.lower(), request=Request(path=path, **request), label=label)


def race(a: Side, b: Side, *, is_same_work: bool = True, clients: int = 8) -> Experiment:
    """Return a race of these sides."""
    planned = synthetic.two_arms((clients,))
    [cell] = planned.cells
    return replace(planned, cells=(replace(cell, a=a, b=b, is_same_work=is_same_work),))


def check(site: Site, experiment: Experiment) -> None:
    """Ask what the experiment asks."""
    dryrun.check(cast("Stage", site), experiment)


def refuse(site: Site, asked: Side) -> BadInputError:
    """Return what is said of that side."""
    with pytest.raises(BadInputError) as caught:
        dryrun._ask_twice({asked.role: site.endpoint}, asked, ASKER)
    return caught.value


# ---------------------------------------------------------------- one side


def test_a_good_answer_is_returned_twice(site: Site) -> None:
    """One request at a time, by the side's own method and headers."""
    asked = side("/fine/", method="POST", body="x=1", headers=(("X-Mine", "y"),))
    one, two = dryrun._ask_twice({"a": site.endpoint}, asked, ASKER)
    assert one == two == b"<p>same</p> token=0"
    assert site.asked == [("POST", "/fine/", "application/x-www-form-urlencoded", "x=1")] * 2


def test_a_body_of_another_kind_keeps_its_own(site: Site) -> None:
    """A form is only the default."""
    json = side("/", method="POST", body="{}", headers=(("Content-Type", "application/json"),))
    dryrun._ask_twice({"a": site.endpoint}, json, ASKER)
    assert {kind for _, _, kind, _ in site.asked} == {"application/json"}


def test_an_answer_without_a_body_is_one(site: Site) -> None:
    """Where its status was expected; 204 is good for a DELETE."""
    asked = side("/empty/", method="DELETE", status=204)
    assert dryrun._ask_twice({"a": site.endpoint}, asked, ASKER) == (b"", b"")


@pytest.mark.parametrize(
    ("path", "what", "hint"),
    [
        ("/missing/", "404 to GET /missing/", "check the path; whereasync demo --serve lists"),
        ("/cars", "301 to GET /cars: it redirects to /cars/", "race /cars/"),
        (
            "/cars?page=2",
            "301 to GET /cars?page=2: it redirects to /cars/?page=2",
            "race /cars/?page=2",
        ),
        (
            "/private/",
            "302 to GET /private/: it redirects to a login, /accounts/login/?next=/private/",
            "ask as a user of the project's: --as NAME; or send a session: --header …",
        ),
        (
            "/moved/",
            "302 to GET /moved/: it redirects to /elsewhere/",
            "race /elsewhere/, or expect it with --status 302",
        ),
        ("/blog/", "302 to GET /blog/: it redirects to /blog-index/", "race /blog-index/, or"),
        (
            "/lost/",
            "302 to GET /lost/: it redirects to /authors/lessons/?next=/login/",
            "race /authors/lessons/?next=/login/, or expect it with --status 302",
        ),
        ("/settings/", "302 to GET /settings/: it redirects to /me/auth_tokens/", "race /me/auth"),
        ("/unknown-host/", "400 to GET /unknown-host/", 'name one: host = "shop.example.com"'),
        ("/form/", "403 to GET /form/", "send who may see it: --header 'Cookie: sessionid=…'"),
        ("/get-only/", "405 to GET /get-only/: the view takes GET, HEAD", "give one of these: --"),
        ("/nothing-allowed/", "405 to GET /nothing-allowed/: the view takes other methods", "--me"),
        ("/broken/", "500 to GET /broken/: ValueError: no such car", "mend the view first"),
        ("/empty/", "204 to GET /empty/", "send what it needs, or expect it with --status 204"),
        ("/teapot/", "418 to GET /teapot/", "send what it needs, or expect it with --status 418"),
    ],
)
def test_what_was_not_expected_is_said_with_what_to_do(
    site: Site, path: str, what: str, hint: str
) -> None:
    """By status; the first answer is enough."""
    said = refuse(site, side(path))
    assert said.what == f"A answers {what}"
    assert said.hint.startswith(hint) or hint in said.hint
    assert len(site.asked) == 1


def test_a_form_that_was_refused_lacks_its_token(site: Site) -> None:
    """Django asks none of a GET."""
    said = refuse(site, side("/form/", method="POST", body="a=b"))
    assert said.what == "A answers 403 to POST /form/"
    assert said.hint.startswith("if it takes POST, Django wants a CSRF token")


@pytest.mark.parametrize(
    "page", ["/login", "/users/sign_in/", "/Log-In/", "/oauth2/authorize", "/sso/", "/auth/"]
)
def test_logins_are_known_by_their_words(page: str) -> None:
    """Django's own, and those of others."""
    assert dryrun._LOGIN.search(page)


def test_a_status_that_was_expected_is_none_to_complain_of(site: Site) -> None:
    """A redirect may be what is to be raced."""
    expected = side("/moved/", status=302)
    assert dryrun._ask_twice({"a": site.endpoint}, expected, ASKER) == (b"", b"")
    said = refuse(site, side("/fine/", label="B", status=302))
    assert said.what == "B answers 200 to GET /fine/"
    assert "--status 200" in said.hint


@pytest.mark.parametrize(
    ("process", "hint"),
    [
        (Process(), "its server's log says: ValueError: no such car"),
        (Process(log=""), "ask it by hand, and see whether it ends"),
    ],
)
def test_a_server_that_does_not_answer_is_said_not_to(process: Process, hint: str) -> None:
    """Nobody listens on that port."""
    gone = end_at(free_port(), process)
    with pytest.raises(BadInputError, match="A gives no answer to GET /fine/: ") as caught:
        dryrun._ask_twice({"a": gone}, side("/fine/"), ASKER)
    assert caught.value.hint == hint


# ---------------------------------------------------------------- both sides


def test_sides_that_answer_alike_pass(site: Site) -> None:
    """Each arm's first candidate was started once, and both were asked."""
    experiment = race(side("/fine/"), side("/good/", label="B"))
    check(site, experiment)
    first = {role: arms[0] for role, arms in experiment.candidates.items()}
    assert site.launched == [(first, "ask")]
    assert [path for _, path, _, _ in site.asked] == ["/fine/", "/fine/", "/good/", "/good/"]
    assert site.stages == ["ask each arm once"]


def test_a_curve_asks_once_for_all_its_cells(site: Site) -> None:
    """They differ in their clients alone."""
    planned = synthetic.two_arms((1, 8, 64))
    a, b = side("/fine/"), side("/good/", label="B")
    cells: list[Cell] = [replace(cell, a=a, b=b) for cell in planned.cells]
    check(site, replace(planned, cells=tuple(cells)))
    assert len(site.asked) == 4


@pytest.mark.parametrize(
    ("a", "b", "what"),
    [
        ("/fine/", "/other/", "A and B answer differently: at byte 3, b'<p>same"),
        ("/counting/", "/fine/", "A answers differently each time: at byte 18, "),
        ("/fine/", "/counting/", "B answers differently each time: at byte 18, "),
    ],
)
def test_sides_that_answer_differently_are_refused(site: Site, a: str, b: str, what: str) -> None:
    """Which one it is, where it begins, and the three ways on."""
    with pytest.raises(BadInputError) as caught:
        check(site, race(side(a), side(b, label="B")))
    assert caught.value.what.startswith(what)
    for way in ("do the same work", "--volatile REGEX", "--different-work"):
        assert way in caught.value.hint


def test_what_is_volatile_may_differ(site: Site) -> None:
    """From one answer to the next, and between the sides."""
    a = side("/counting/", volatile=(r"token=\d+",))
    b = side("/counting/again/", label="B", volatile=(r"token=\d+",))
    check(site, race(a, b))
    with pytest.raises(BadInputError, match="answers differently each time"):
        check(site, race(replace(a, request=replace(a.request, volatile=())), b))


def test_different_work_may_answer_differently_but_must_answer(site: Site) -> None:
    """It was asked for; a 404 was not."""
    check(site, race(side("/fine/"), side("/other/", label="B"), is_same_work=False))
    with pytest.raises(BadInputError, match="B answers 404"):
        check(site, race(side("/fine/"), side("/missing/", label="B"), is_same_work=False))
