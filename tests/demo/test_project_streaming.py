"""The views that pass an answer on, whole or as it comes, and those that send events."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from tests.demo.conftest import YEAR

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS = [
    f"/streaming/{fetch}-{answer}/{kind}/"
    for fetch in ("whole", "streamed")
    for answer in ("whole", "streamed")
    for kind in ("sync", "async")
]
STREAMED = [path for path in WAYS if "-streamed/" in path]
HELLO, STILL_HERE = b"event: hello\ndata: 1\n\n", b": still here\n\n"


@pytest.fixture
def read(site: Callable[[str], Any]) -> Callable[[Any], list[bytes]]:
    """Give a function that returns an answer's pieces, as its own kind of server reads them."""
    to_sync = site("asgiref.sync").async_to_sync

    async def gather(answer: Any) -> list[bytes]:
        return [piece async for piece in answer.streaming_content]

    def read_pieces(answer: Any) -> list[bytes]:
        if not answer.streaming:
            return [answer.content]
        return to_sync(gather)(answer) if answer.is_async else list(answer)

    return read_pieces


def test_all_eight_answer_the_apis_own_bytes(
    ask: Callable[..., Any], read: Callable[[Any], list[bytes]]
) -> None:
    """Fetched and answered whole or streamed, sync and async."""
    for path in WAYS:
        answer = ask(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        assert answer.streaming is (path in STREAMED)
        assert b"".join(read(answer)) == json.dumps(YEAR).encode(), path


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_whole_body_is_cut_into_pieces(
    ask: Callable[..., Any],
    read: Callable[[Any], list[bytes]],
    site: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """None is longer than a piece may be."""
    monkeypatch.setattr(site("cars.views.streaming"), "PIECE", 100)
    pieces = read(ask(f"/streaming/whole-streamed/{kind}/"))
    assert {len(piece) for piece in pieces[:-1]} == {100}
    assert 0 < len(pieces[-1]) <= 100


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_what_nobody_reads_is_never_asked_for(
    ask: Callable[..., Any], rates_api: Any, kind: str
) -> None:
    """So that a client that leaves early leaves no connection to the API behind."""
    assert ask(f"/streaming/streamed-streamed/{kind}/").status_code == 200
    assert rates_api.paths == []


@pytest.mark.parametrize("path", WAYS)
def test_a_refusal_is_a_500_or_comes_while_the_answer_is_read(
    ask: Callable[..., Any], read: Callable[[Any], list[bytes]], rates_api: Any, path: str
) -> None:
    """Streamed all the way, the status is sent before the API was asked."""
    rates_api.status = 503
    answer = ask(path)
    if "streamed-streamed" not in path:
        assert answer.status_code == 500
        return
    assert answer.status_code == 200
    with pytest.raises(Exception, match="503"):
        read(answer)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_events_are_one_event_and_then_comments(
    ask: Callable[..., Any], read: Callable[[Any], list[bytes]], kind: str
) -> None:
    """As many as there is time for."""
    answer = ask(f"/events/{kind}/?every=0.01&seconds=0.035")
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/event-stream", "no-store")
    assert read(answer) == [HELLO, *[STILL_HERE] * 3]


def test_without_an_end_events_go_on(ask: Callable[..., Any]) -> None:
    """Nothing, or 0, asks for no end."""
    answer = ask("/events/sync/?every=0.001")
    assert list(islice(answer, 50)) == [HELLO, *[STILL_HERE] * 49]
    answer.close()


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("query", ["every=-1", "every=61", "every=x", "seconds=nan", "seconds=-1"])
def test_a_bad_number_of_seconds_gets_a_400(ask: Callable[..., Any], kind: str, query: str) -> None:
    """Before anything is sent."""
    answer = ask(f"/events/{kind}/?{query}")
    assert answer.status_code == 400
    assert answer.content.startswith(query.partition("=")[0].encode() + b" must be a number of s")
