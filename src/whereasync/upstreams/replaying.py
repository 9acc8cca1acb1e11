"""Which recorded answer a request gets, and after how long.

The same method and URL, with the same body where that made a difference; else the same path. Of
several answers each comes in its turn, and its latency is drawn from all that were recorded for
that path. A newcomer would draw from one request's alone: a pass makes most requests just once.
"""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from whereasync.upstreams.masking import hash_body, mask_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from whereasync.model import Exchange

_BODILESS = frozenset({204, 304})
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it goes out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes  # compressed, where the headers say so


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a recorded answer took, in seconds; drawn together, since they belong together."""

    connect: float
    latency: float
    transfer: float


@dataclass(slots=True, kw_only=True)
class Replay:
    """The answers of a recording, found by a request."""

    answers: dict[_Key, Iterator[Answer]]
    timings: dict[_Key, tuple[Timing, ...]]
    with_body: frozenset[_Key]  # URLs that were asked with several bodies
    random: Random

    def find(
        self, method: str, url: str, body: bytes, content_type: str
    ) -> tuple[Answer, Timing] | None:
        """Return the next answer to that request and its times; None if none was recorded."""
        exact, path = _keys(method, url)
        keys: list[_Key] = [exact, path]
        if exact in self.with_body:
            keys.insert(0, (*exact, hash_body(body, content_type)))
        turns = next((self.answers[key] for key in keys if key in self.answers), None)
        if turns is None:
            return None
        return next(turns), self.random.choice(self.timings[path])


@dataclass(slots=True)
class _Heap:
    """What was recorded under one key."""

    answers: list[Answer] = field(default_factory=list)
    hashes: set[str] = field(default_factory=set)


def index(exchanges: Sequence[Exchange], random: Random) -> Replay:
    """Put a recording in order for replay; ``random`` draws the latencies."""
    heaps: defaultdict[_Key, _Heap] = defaultdict(_Heap)
    timings: defaultdict[_Key, list[Timing]] = defaultdict(list)
    for each in exchanges:
        exact, path = _keys(each.method, each.url)
        answer = restore(each)
        for key in (exact, path, (*exact, each.body_hash)):
            heaps[key].answers.append(answer)
            heaps[key].hashes.add(each.body_hash)
        timings[path].append(
            Timing(connect=each.connect, latency=each.latency, transfer=each.transfer)
        )
    return Replay(
        answers={key: itertools.cycle(heap.answers) for key, heap in heaps.items()},
        timings={key: tuple(found) for key, found in timings.items()},
        with_body=frozenset(
            key for key, heap in heaps.items() if len(key) == 3 and len(heap.hashes) > 1
        ),
        random=random,
    )


@lru_cache(maxsize=8192)  # under load the same few come again and again
def _keys(method: str, url: str) -> tuple[_Key, _Key]:
    """Return what finds a request by its whole URL, and by its path."""
    address, _, query = mask_url(url).partition("?")
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return (method, address, repr(pairs)), (method, address)


def restore(exchange: Exchange) -> Answer:
    """Return a recorded answer with its body as it came, compressed if it was."""
    body = exchange.data or exchange.text.encode()
    coding = next((v for n, v in exchange.headers if n.lower() == "content-encoding"), "")
    if exchange.text and coding == "gzip":
        body = gzip.compress(body, mtime=0)
    elif exchange.text and coding == "deflate":
        body = zlib.compress(body)
    if exchange.status in _BODILESS:
        body = b""
    return Answer(status=exchange.status, headers=exchange.headers, body=body)
