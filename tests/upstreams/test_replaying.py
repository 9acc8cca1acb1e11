"""Which recorded answer a request gets."""

from __future__ import annotations

import gzip
import zlib
from random import Random

import pytest

from whereasync.model import Exchange
from whereasync.upstreams.masking import hash_body
from whereasync.upstreams.replaying import Replay, Timing, index, restore

A = "https://a.example"


def exchange(
    url: str, text: str, *, method: str = "GET", body: bytes = b"", latency: float = 0.0
) -> Exchange:
    """Return an exchange whose answer is ``text``."""
    return Exchange(
        method=method,
        url=A + url,
        body_hash=hash_body(body, ""),
        status=200,
        text=text,
        latency=latency,
    )


def ask(replay: Replay, url: str, *, method: str = "GET", body: bytes = b"") -> str | None:
    """Return the answer to a request."""
    found = replay.find(method, A + url, body, "")
    return None if found is None else found[0].body.decode()


def test_by_url_then_by_path() -> None:
    """The order of a query doesn't matter; one that nobody asked gets its path's answer."""
    replay = index([exchange("/s?a=1&b=2", "ab"), exchange("/s?a=2", "a2")], Random(1))
    assert ask(replay, "/s?b=2&a=1") == "ab"
    assert ask(replay, "/s?a=2") == "a2"
    assert ask(replay, "/s?a=3") in {"ab", "a2"}
    assert ask(replay, "/t") is None
    assert ask(replay, "/s?a=2", method="POST") is None


def test_by_body_where_it_made_a_difference() -> None:
    """And any body else gets an answer of the URL."""
    replay = index(
        [
            exchange("/graphql", "one", method="POST", body=b"1"),
            exchange("/graphql", "two", method="POST", body=b"2"),
        ],
        Random(1),
    )
    assert [ask(replay, "/graphql", method="POST", body=b) for b in (b"2", b"1", b"2")] == [
        "two",
        "one",
        "two",
    ]
    assert {ask(replay, "/graphql", method="POST", body=b"3") for _ in range(2)} == {"one", "two"}


def test_several_answers_in_turn() -> None:
    """A request that was answered differently each time is again."""
    replay = index([exchange("/job", each) for each in ("queued", "running", "done")], Random(1))
    assert [ask(replay, "/job") for _ in range(5)] == [
        "queued",
        "running",
        "done",
        "queued",
        "running",
    ]


def test_secrets_do_not_matter() -> None:
    """What is masked in the recording is masked in the request."""
    replay = index([exchange("/s?key=masked&a=1", "it")], Random(1))
    assert ask(replay, "/s?key=AIzaSecret&a=1") == "it"


def test_latencies_are_drawn_from_those_recorded() -> None:
    """All of that path, whatever the query."""
    replay = index([exchange(f"/s?a={n}", "", latency=n / 100) for n in range(1, 4)], Random(1))
    drawn = [replay.find("GET", A + "/s?a=1", b"", "") for _ in range(100)]
    assert {found[1].latency for found in drawn if found} == {0.01, 0.02, 0.03}
    assert all(found and isinstance(found[1], Timing) for found in drawn)


@pytest.mark.parametrize("coding", ["gzip", "deflate", ""])
def test_compressed_as_it_was(coding: str) -> None:
    """The client decompresses in replay as it did."""
    headers = (("Content-Encoding", coding),) if coding else ()
    answer = restore(
        Exchange(method="GET", url=A, status=200, headers=headers, text="ü" * 99, latency=0)
    )
    undone = {"gzip": gzip.decompress, "deflate": zlib.decompress, "": bytes}[coding](answer.body)
    assert undone.decode() == "ü" * 99


def test_bytes_and_nothing() -> None:
    """Data stays as it came; a status without a body has none."""
    kept = Exchange(
        method="GET",
        url=A,
        status=200,
        headers=(("content-encoding", "br"),),
        data=b"\0",
        latency=0,
    )
    assert restore(kept).body == b"\0"
    gone = Exchange(
        method="GET", url=A, status=304, headers=(("content-encoding", "gzip"),), latency=0
    )
    assert restore(gone).body == b""
