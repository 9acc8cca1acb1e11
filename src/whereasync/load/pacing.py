"""When to send: the order of the slices, their jitter, and each request's intended time. Pure.

A newcomer would fix the order and the length: then whatever recurs on the machine (a cron job, a
checkpoint, a refresh) falls on the same arm each time, and looks like a difference between arms.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from random import Random

    from whereasync.model import SliceRules

A, B = 0, 1
JITTER = 0.1
RAMP_REST = 1.0  # mean latencies
MIN_WARM_UP_REQUESTS = 5  # more would cost a view that takes half a second most of its block

# of the open loop
RAMP_LATENCIES = 3.0
RAMP_SECONDS = 0.1
RAMP_REQUESTS = 5
PATIENCE = 1.0  # s; how long the tail waits, at the least, for requests that found no connection


def order_slices(random: Random, slices: int) -> tuple[int, ...]:
    """Return which side works in each of ``slices`` slices (even, at least 2).

    Fours are ABBA or BAAB, which cancels a linear drift exactly; a remaining pair is AB or BA.
    """
    if slices < 2 or slices % 2:
        raise ValueError(f"{slices} slices can't be shared by two sides")
    order: list[int] = []
    while len(order) < slices:
        first = random.choice((A, B))
        quarter = (first, 1 - first, 1 - first, first)
        order += quarter[: slices - len(order)]
    return tuple(order)


def jitter(random: Random, seconds: float) -> float:
    """Return ``seconds`` changed by up to ±10 %, uniformly."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)


def window_length(latency: float, rules: SliceRules, rate: float | None) -> float:
    """Return the seconds of a counted window at a mean ``latency``, before the jitter.

    The open loop's also holds so many requests at its ``rate``.
    """
    requests = 0.0 if rate is None else rules.requests / rate
    return max(rules.window, rules.latencies * latency, requests)


def ramp_rest(latency: float, rate: float | None = None) -> float:
    """Return the seconds of ramp that remain once every user, or the first request, is done.

    A window that opened at that moment would open, for one user at least, on a fresh request: such
    a request is typical, where one met at random is long. Fractional completions then come out too
    high by CV² ÷ 2 requests a window: simulated, +19 % for one client, exponential times and a
    window of two latencies. One mean latency later no bias is left (tests/load/test_simulate.py).

    In the open loop the requests under way must first become as many as rate × latency. Close to
    saturation a queue needs longer than any ramp to fill; latencies are then those of the slice.
    """
    if rate is None:
        return RAMP_REST * latency
    return max(RAMP_LATENCIES * latency, RAMP_SECONDS, RAMP_REQUESTS / rate)


def warm_up_length(seconds: float, rate: float | None) -> float:
    """Return the seconds of one warm-up window: the open loop needs time for two requests."""
    return seconds if rate is None else max(seconds, MIN_WARM_UP_REQUESTS / 2 / rate)


def tail_patience(window: float, rate: float | None) -> float | None:
    """Return the seconds after which the tail, or a warm-up window, gives its backlog up.

    None in the closed loop, which has no backlog. What was sent is waited for all the same. A
    backlog that outlasts a whole window is that of a rate which the server can't sustain.
    """
    return None if rate is None else max(PATIENCE, window)


class Pacer(Protocol):
    """Says when the next request is intended, to whichever connection is free."""

    is_lazy: bool  # connections are made when a request needs one, and not all before a slice

    def start(self, start: int) -> None:
        """Begin a slice at ``start`` ns."""

    def intend(self, free: int) -> int:
        """Return the intended time (ns) of the next request, for a connection free at ``free``.

        Up to ``free`` it is taken: to be sent at once, and its latency counts from the intended
        time, so lateness is in it (no coordinated omission). After ``free`` it is not taken yet:
        ask again then.
        """

    def count_due(self, until: int) -> int:
        """Return how many requests intended up to ``until`` ns nobody has taken: the backlog."""


class ClosedLoop:
    """Each user's next request is intended when the last one is done: no thinking."""

    is_lazy = False

    def start(self, start: int) -> None:
        """Take no note: users need no clock."""

    def intend(self, free: int) -> int:
        """Return ``free``."""
        return free

    def count_due(self, until: int) -> int:
        """Return 0: who is free, sends."""
        del until
        return 0


class OpenLoop:
    """Request k of a slice is intended at start + k ÷ rate, whoever is free, and late or not.

    Connections are lazy: an idle one that says nothing blocks a gunicorn sync worker.
    """

    is_lazy = True

    def __init__(self, rate: float) -> None:
        """Take the requests/s. Raises ValueError unless that is above 0 and finite."""
        self._requests, self._seconds = _as_fraction(rate)
        self._start = self._next = self._taken = 0

    def start(self, start: int) -> None:
        """Intend the first request of a slice at ``start``; what was not taken is forgotten."""
        self._start = self._next = start
        self._taken = 0

    def intend(self, free: int) -> int:
        """Return the time of the first slot that is not taken, and take it if it is due."""
        intended = self._next
        if intended <= free:
            self._taken += 1
            self._next = self._start + self._taken * self._seconds // self._requests
        return intended

    def count_due(self, until: int) -> int:
        """Return how many slots up to ``until`` are not taken."""
        return max(0, self._count(until - self._start) - self._taken)

    def _count(self, elapsed: int) -> int:
        return _count(elapsed, self._requests, self._seconds)


def count_slots(elapsed: int, rate: float) -> int:
    """Return how many requests of a slice an open loop intends in its first ``elapsed`` ns.

    Exact: the slots are k · 10⁹ ÷ rate, rounded down, and k = 0 counts at ``elapsed`` = 0.
    """
    return _count(elapsed, *_as_fraction(rate))


def _as_fraction(rate: float) -> tuple[int, int]:
    """Return so many requests, in so many ns."""
    if not 0 < rate < math.inf:
        raise ValueError(f"{rate} requests/s can't be offered")
    requests, seconds = rate.as_integer_ratio()
    return requests, seconds * 1_000_000_000


def _count(elapsed: int, requests: int, seconds: int) -> int:
    # k · seconds // requests <= elapsed  <=>  k · seconds < (elapsed + 1) · requests
    return max(0, -(-(elapsed + 1) * requests // seconds))
