"""Signs that the client made a figure, each just inside its limit and just beyond it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests import synthetic

from whereasync.load.punctuality import Punctuality
from whereasync.load.throughput import Yield
from whereasync.model import Fault, Void
from whereasync.results.voids import (
    BLOCKED_LIMIT,
    CLIENT_LIMIT,
    LAG_LIMIT,
    LITTLE_LIMIT,
    SUSTAINED_LIMIT,
    find_delay,
    find_void,
)

if TYPE_CHECKING:
    from whereasync.model import Cell

[CLOSED] = synthetic.two_arms((8,)).cells
[OPEN] = synthetic.two_arms((8,), rate=100.0).cells
WELL = Yield(
    window=1.0,
    requests=100.0,
    completions=100,
    in_flight=8.0,
    answered=120,
    server_cpu=0.5,
    database_cpu=None,
    client_cpu=0.1,
    elapsed=1.0,
)


def keep_time(
    *, intended: int = 1000, answered: int = 1000, done: int = 1000, blocked: int = 0, lag: float
) -> Punctuality:
    """Return how punctual a side was whose requests were all sent ``lag`` seconds late."""
    lags = np.full(intended - blocked, lag)
    return Punctuality(intended=intended, answered=answered, completions=done, lags=lags)


def assert_void(found: Fault | None, kind: Void, detail: str) -> None:
    """Assert that it is void for this reason, said so, with a way on."""
    assert found is not None
    assert found.kind == kind
    assert found.detail == detail
    assert found.hint


@pytest.mark.parametrize("cell", [CLOSED, OPEN])
def test_a_side_that_did_its_work_is_not_void(cell: Cell) -> None:
    """Neither in the closed loop nor in the open one."""
    assert find_void(cell, WELL) is None


@pytest.mark.parametrize("cell", [CLOSED, OPEN])
def test_a_side_that_did_nothing_is_void_in_either_loop(cell: Cell) -> None:
    """Also where parts of requests would add up to a throughput."""
    silent = replace(WELL, completions=0, requests=0.4)
    assert_void(find_void(cell, silent), Void.NOTHING_COMPLETED, "no request was done in 1.0 s")


def test_a_client_at_its_limit_voids_the_closed_loop_alone() -> None:
    """In the open loop it spares no CPU to be on time; its lag judges it there."""
    at_limit = replace(WELL, client_cpu=CLIENT_LIMIT)
    assert find_void(CLOSED, at_limit) is None
    beyond = replace(WELL, client_cpu=CLIENT_LIMIT + 0.01)
    assert_void(
        find_void(CLOSED, beyond),
        Void.CLIENT_SATURATED,
        "the load client used 81% of its core",
    )
    assert find_void(OPEN, beyond) is None


@pytest.mark.parametrize("sign", [-1, 1])
def test_requests_in_flight_are_the_clients_in_the_closed_loop_alone(sign: int) -> None:
    """Too many are as wrong as too few; in the open loop the rate decides how many there are."""
    near = replace(WELL, in_flight=8 * (1 + sign * (LITTLE_LIMIT - 0.001)))
    assert find_void(CLOSED, near) is None
    far = replace(WELL, in_flight=8 * (1 + sign * (LITTLE_LIMIT + 0.01)))
    assert_void(
        find_void(CLOSED, far),
        Void.LITTLES_LAW,
        f"{8 * (1 + sign * 0.06):.2f} requests were in flight, not 8",
    )
    assert find_void(OPEN, far) is None


def test_an_open_loop_that_kept_its_times_is_not_void() -> None:
    """Each limit is just kept."""
    blocked = int(1000 * BLOCKED_LIMIT) - 1
    done = int(1000 * SUSTAINED_LIMIT)
    assert find_delay(OPEN, keep_time(blocked=blocked, done=done, lag=LAG_LIMIT)) is None


def test_connections_that_were_all_busy_void() -> None:
    """A rate that needs more of them is not offered; whoever waits in line is no lag."""
    assert_void(
        find_delay(OPEN, keep_time(blocked=30, lag=0.0)),
        Void.NOT_SUSTAINED,
        "3% of the requests found all 8 connections busy",
    )


def test_a_server_that_falls_behind_voids() -> None:
    """It does fewer than are offered, so its latency is that of the slice's length."""
    assert_void(
        find_delay(OPEN, keep_time(done=940, lag=0.0)),
        Void.NOT_SUSTAINED,
        "of 100 requests/s the server did 94%",
    )


def test_a_single_lost_request_voids() -> None:
    """It is the slowest of all, and no quantile would hold it."""
    assert_void(
        find_delay(OPEN, keep_time(answered=999, lag=0.0)),
        Void.NOT_SUSTAINED,
        "1 of 1000 requests got no answer in time",
    )


def test_a_client_that_was_late_voids() -> None:
    """1 in 100 requests is enough: those are the ones that p99 is about."""
    assert_void(
        find_delay(OPEN, keep_time(lag=0.0015)),
        Void.SEND_LAG,
        "1 in 100 requests was sent 1.5 ms late or more",
    )


def test_what_blocks_is_named_before_what_it_delays() -> None:
    """Busy connections look like lag; raising --clients mends them, a quieter machine doesn't."""
    found = find_delay(OPEN, keep_time(blocked=20, done=900, answered=990, lag=0.01))
    assert found is not None
    assert "connections busy" in found.detail
    assert "--clients" in found.hint
