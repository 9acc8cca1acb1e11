"""When to send: the order of the slices, their jitter, and each request's intended time. Pure.

A newcomer would fix the order and the length: then whatever recurs on the machine (a cron job, a
checkpoint, a refresh) falls on the same arm each time, and looks like a difference between arms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from random import Random

A, B = 0, 1
JITTER = 0.1
RAMP_REST = 1.0  # mean latencies
MIN_WARM_UP_REQUESTS = 5  # more would cost a view that takes half a second most of its block


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


def window_length(latency: float, *, window: float, latencies: float) -> float:
    """Return the seconds of a counted window at a mean ``latency``, before the jitter."""
    return max(window, latencies * latency)


def ramp_rest(latency: float) -> float:
    """Return the seconds of ramp that remain once each user has completed a request.

    A window that opened at that moment would open, for one user at least, on a fresh request: such
    a request is typical, where one met at random is long. Fractional completions then come out too
    high by CV² ÷ 2 requests a window: simulated, +19 % for one client, exponential times and a
    window of two latencies. One mean latency later no bias is left (tests/load/test_simulate.py).
    """
    return RAMP_REST * latency


class Pacer(Protocol):
    """Says when a user's next request is intended."""

    def intend(self, free: int) -> int:
        """Return the intended time (ns) of the next request of a user who is free since ``free``.

        In the past means "late": it is sent at once, and its latency counts from the intended time.
        """


class ClosedLoop:
    """Each user's next request is intended when the last one is done: no thinking."""

    def intend(self, free: int) -> int:
        """Return ``free``."""
        return free
