from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import uvloop

from whereasync.errors import BadInputError
from whereasync.load.http import (
    Answer,
    Asker,
    LostAnswerError,
    check_loopback,
    compose,
    parse_view_time,
)
from whereasync.model import Request, Target

if TYPE_CHECKING:
    from conftest import Stand

HERE = Target(host="127.0.0.1", port=8000, server_pids=())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1"])
def test_loopback_is_accepted(host: str) -> None:
    """All of 127.0.0.0/8 and ::1 stay on this machine."""
    check_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "localhost", "example.org", "", "::2"])
def test_load_never_leaves_loopback(host: str) -> None:
    """Anything else is refused, names too: who knows where they point."""
    with pytest.raises(BadInputError, match="never leaves loopback"):
        check_loopback(host)
    with pytest.raises(BadInputError, match="never leaves loopback"):
        Asker(Target(host=host, port=80, server_pids=()), 1.0)


def test_a_get_has_a_host_and_its_own_headers() -> None:
    """Nothing is sent that nobody asked for."""
    request = Request(path="/a?b=1", headers=(("X-One", "1"),))
    assert (
        compose(request, HERE) == b"GET /a?b=1 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nX-One: 1\r\n\r\n"
    )


def test_a_post_has_length_and_form_type_unless_it_names_another() -> None:
    """A body's length is in bytes, and a header of the request's own wins whatever its case."""
    form = compose(Request(path="/", method="POST", body="é=1"), HERE)
    assert b"Content-Length: 4\r\nContent-Type: application/x-www-form-urlencoded\r\n" in form
    assert form.endswith("\r\n\r\né=1".encode())
    headers = (("content-type", "application/json"), ("host", "site.test"))
    json = compose(Request(path="/", method="POST", body="{}", headers=headers), HERE)
    assert json.lower().count(b"content-type") == json.lower().count(b"host:") == 1
    assert b"Content-Length: 0\r\n" in compose(Request(path="/", method="POST"), HERE)


def test_an_ipv6_host_is_bracketed() -> None:
    """Otherwise its port can't be told from its address."""
    target = Target(host="::1", port=80, server_pids=())
    assert b"Host: [::1]:80\r\n" in compose(Request(path="/"), target)


@pytest.mark.parametrize(
    "request_",
    [
        Request(path="/", method="HEAD"),
        Request(path="/", method="CONNECT"),
        Request(path="/", method="GET /x"),
        Request(path="no-slash"),
        Request(path="/a b"),
        Request(path="/a\r\nX: y"),
        Request(path="/", headers=(("X", "a\r\nY: b"),)),
    ],
)
def test_what_is_not_http_is_refused_before_it_is_sent(request_: Request) -> None:
    """A line break in a recipe must not become a second request."""
    with pytest.raises(BadInputError):
        compose(request_, HERE)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"view;dur=1.25", 1_250_000),
        (b"db;dur=9, view;dur=3", 3_000_000),
        (b'view;desc="a";dur=0.5', 500_000),
        (b'view; dur="2"', 2_000_000),
        (b"review;dur=3", -1),
        (b"view", -1),
        (b"view, db;dur=9", -1),
        (b"view;dur=soon", -1),
        (b"", -1),
    ],
)
def test_the_view_time_is_read_from_server_timing(value: bytes, expected: int) -> None:
    """Only the metric called view counts, in ms as the header's standard says."""
    assert parse_view_time(value) == expected


def ask(target: Target, *requests: Request | str, timeout: float = 5.0) -> list[Answer | str]:
    """Ask one after another; a lost answer gives its fault's kind."""

    async def work() -> list[Answer | str]:
        asker, answers = Asker(target, timeout), list[Answer | str]()
        for each in requests:
            try:
                request = Request(path=each) if isinstance(each, str) else each
                answers.append(await asker.ask(request))
            except LostAnswerError as lost:
                answers.append(lost.fault.kind)
        asker.close()
        return answers

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work())


@pytest.mark.parametrize(
    "path", ["/", "/chunked", "/dribbles", "/http10", "/hints", "/says-close", "/closes", "/times"]
)
def test_every_good_answer_is_understood_three_times_over(stand: Stand, path: str) -> None:
    """Keep-alive or not, in one piece or many, with a length or without: the body is whole."""
    answers = ask(stand.target, path, path, path)
    assert [each.body for each in answers if isinstance(each, Answer)] == [b"hello"] * 3
    assert stand.hits[path] == 3
    for each in answers:
        assert isinstance(each, Answer)
        assert 0 < each.intended <= each.sent <= each.first_byte <= each.done
        assert each.status == 200


def test_the_first_byte_is_the_bodys(stand: Stand) -> None:
    """A head that comes long before is of no use to anybody; without a body it is the end."""
    late, empty = ask(stand.target, "/head-first", "/empty")
    assert isinstance(late, Answer)
    assert late.first_byte - late.sent >= 19_000_000
    assert isinstance(empty, Answer)
    assert empty.first_byte == empty.done


def test_an_answer_of_which_the_head_came_is_not_asked_for_again(stand: Stand) -> None:
    """The server has seen the request: it was no stale connection."""
    path = "/resets-after-head"
    _, lost = ask(stand.target, path, path)
    assert lost == "connection"
    assert stand.hits[path] == 2


def test_a_kept_connection_is_used_again(stand: Stand) -> None:
    """A second connection is made only for a server that closes."""
    ask(stand.target, "/", "/chunked", "/dribbles")
    assert stand.connections == 1
    ask(stand.target, "/says-close", "/says-close")
    assert stand.connections == 3


def test_the_view_time_comes_with_its_own_answer_only(stand: Stand) -> None:
    """An answer without the header has none, even after one that had."""
    answers = ask(stand.target, "/times", "/")
    assert [each.view for each in answers if isinstance(each, Answer)] == [1_250_000, -1]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/resets", "connection"),
        ("/resets-midway", "connection"),
        ("/ends-midway", "connection"),
        ("/babbles", "malformed"),
        ("/fails", "status"),
    ],
)
def test_a_bad_answer_is_a_fault_and_the_next_question_is_asked(
    stand: Stand, path: str, kind: str
) -> None:
    """A fresh connection that fails is no stale one: it is not tried twice."""
    first, second = ask(stand.target, path, "/")
    assert first == kind
    assert isinstance(second, Answer)
    assert stand.hits[path] == 1


def test_a_silent_server_is_a_timeout(stand: Stand) -> None:
    """And the late answer of its connection can't be taken for the next one's."""
    first, second = ask(stand.target, "/hangs", "/", timeout=0.1)
    assert first == "timeout"
    assert isinstance(second, Answer)


def test_a_refused_connection_is_a_fault(free_port: int) -> None:
    """Nobody listens: said with the port."""
    target = Target(host="127.0.0.1", port=free_port, server_pids=())
    assert ask(target, "/") == ["connection"]


def test_an_expected_error_status_is_no_fault(stand: Stand) -> None:
    """A recipe may want to see a 500."""
    [answer] = ask(stand.target, Request(path="/fails", status=500))
    assert isinstance(answer, Answer)
    assert answer.status == 500


def test_a_body_is_sent_whole(stand: Stand) -> None:
    """Even one that no socket buffer takes at once."""
    body = "x" * 3_000_000
    [answer] = ask(stand.target, Request(path="/", method="POST", body=body))
    assert isinstance(answer, Answer)
    assert stand.bodies == [body.encode()]
