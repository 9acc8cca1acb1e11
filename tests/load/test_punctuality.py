from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from whereasync.load import punctuality
from whereasync.load.samples import COLUMNS
from whereasync.model import Slice, TaskRecord

if TYPE_CHECKING:
    from whereasync.load.samples import Rows

SECOND = 1_000_000_000


def rows(*requests: tuple[float, float, float], number: int = 0) -> Rows:
    """Make rows of (intended, sent, done) in seconds."""
    made = np.zeros((len(requests), len(COLUMNS)), dtype=np.int64)
    for row, times in zip(made, requests, strict=True):
        intended, sent, done = (round(time * SECOND) for time in times)
        row[:] = (0, number, intended, sent, done, done, 200, 100, -1)
    return made


def record(rate: float | None = 1.0, clients: int = 1) -> TaskRecord:
    """Make a task of one slice: it starts at 10 s and counts from 11 to 15 s."""
    ran = Slice(
        side=0,
        start_ns=10 * SECOND,
        window_start_ns=11 * SECOND,
        window_end_ns=15 * SECOND,
        end_ns=17 * SECOND,
        server_cpu=1.0,
        database_cpu=None,
        client_cpu=1.0,
    )
    return TaskRecord(cell="cell", clients=clients, slices=(ran,), rate=rate)


def test_a_punctual_client_has_small_lags_and_nothing_else() -> None:
    """Only what is intended in the window counts, the end of the window included."""
    seen = rows(*((at, at + 0.001 * (at - 10), at + 0.5) for at in range(10, 17)))
    found = punctuality.measure(seen, record(), 0)
    assert found.lags.tolist() == pytest.approx([0.002, 0.003, 0.004, 0.005])
    assert (found.intended, found.answered, found.completions) == (4, 4, 4)
    assert (found.blocked, found.sustained, found.lost) == (0.0, 1.0, 0.0)
    assert found.lag_p50 == pytest.approx(0.0035)
    assert found.lag_p99 == pytest.approx(0.005, rel=0.01)


def test_a_request_that_finds_all_connections_busy_is_blocked_and_has_no_lag() -> None:
    """Sent before and not done when it was due; with one more connection it wouldn't be."""
    late = rows((10, 10, 10.5), (11, 11, 11.5), (12, 12, 13.4), (13, 13.4, 13.6), (14, 14, 14.5))
    found = punctuality.measure(late, record(), 0)
    assert found.blocked == pytest.approx(0.5)  # 13 waited, and 15 was never sent
    assert found.lags.tolist() == [0.0, 0.0]
    assert found.lost == pytest.approx(0.25)
    found = punctuality.measure(late, record(clients=2), 0)
    assert found.blocked == pytest.approx(0.25)
    assert found.lag_p99 > 0.39


def test_a_client_that_overslept_was_not_blocked() -> None:
    """Requests that were intended meanwhile are late, with their connections free."""
    slept = rows((12, 14.2, 14.3), (13, 14.2, 14.3), (14, 14.2, 14.3), (15, 15, 15.1))
    found = punctuality.measure(slept, record(clients=2), 0)
    assert found.blocked == 0.0
    assert found.lag_p50 == pytest.approx(0.7)


def test_a_connection_is_free_the_moment_its_answer_is_done() -> None:
    """A request due just then is not blocked."""
    found = punctuality.measure(rows((12, 12, 13), (13, 13, 14)), record(), 0)
    assert found.lags.tolist() == [0.0, 0.0]


def test_who_stands_behind_a_blocked_request_is_blocked() -> None:
    """Though the connection passes from one to the next at the very moment when it is due."""
    seen = rows((11, 11, 13), (12, 13, 15), (13, 15, 17))
    found = punctuality.measure(seen, record(), 0)
    assert found.lags.tolist() == []
    shuffled = punctuality.measure(seen[[2, 0, 1]], record(), 0)
    assert shuffled.blocked == 1.0
    behind_a_late_one = rows((12, 13, 13.5), (13, 13.5, 14))
    assert len(punctuality.measure(behind_a_late_one, record(), 0).lags) == 2


def test_a_server_that_falls_behind_does_not_sustain_the_rate() -> None:
    """Requests done in the window ÷ requests intended in it, be they others."""
    seen = rows(*((10 + k, 10 + 2 * k, 12 + 2 * k) for k in range(6)))
    found = punctuality.measure(seen, record(), 0)
    assert found.sustained == pytest.approx(0.5)
    assert found.lost == 0.0


def test_an_answer_that_never_came_is_lost() -> None:
    """A fault leaves a row with status 0."""
    seen = rows((12, 12, 12.1), (13, 13, 13.1), (14, 14, 14.1), (15, 15, 15.0))
    seen[1, COLUMNS.index("status")] = 0
    found = punctuality.measure(seen, record(), 0)
    assert (found.answered, found.completions, found.lost) == (3, 3, 0.25)


def test_parts_are_pooled_by_their_requests() -> None:
    """Sums over sums, and the quantiles of all lags together."""
    on_time = rows(*((at, at, at + 0.1) for at in (12, 13, 14, 15)))
    late = rows((12, 12.5, 12.6), (13, 13.5, 13.6))
    parts = [punctuality.measure(seen, record(), 0) for seen in (on_time, late)]
    both = punctuality.merge(parts)
    assert (both.intended, both.answered, both.blocked) == (8, 6, 0.25)
    assert both.lag_p50 == 0.0
    assert both.lag_p99 == pytest.approx(0.5)


def test_without_a_timely_request_there_is_no_lag() -> None:
    """All blocked: a figure of 0, since that void is another one."""
    found = punctuality.measure(rows((10, 10, 16)), record(), 0)
    assert (found.lag_p50, found.lag_p99, found.blocked, found.sustained) == (0.0, 0.0, 1.0, 0.0)


def test_an_empty_window_says_nothing_bad() -> None:
    """At a rate so low that nothing was intended in it."""
    found = punctuality.measure(rows((10, 10, 10.1)), record(rate=0.1), 0)
    assert (found.intended, found.blocked, found.sustained, found.lost) == (0, 0.0, 1.0, 0.0)


def test_what_is_no_open_loop_is_refused() -> None:
    """And a side without a slice has no figure."""
    with pytest.raises(ValueError, match="closed loop"):
        punctuality.measure(rows(), record(rate=None), 0)
    with pytest.raises(ValueError, match="no slice"):
        punctuality.measure(rows(), record(), 1)
