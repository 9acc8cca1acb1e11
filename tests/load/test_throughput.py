from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from whereasync.load.samples import COLUMNS, FIRST_BYTE, SENT
from whereasync.load.throughput import latencies, measure_side, measure_slice
from whereasync.model import Slice, TaskRecord

if TYPE_CHECKING:
    from whereasync.load.samples import Rows

SECOND = 1_000_000_000


def rows(*requests: tuple[int, float, float], status: int = 200) -> Rows:
    """Make rows of (slice, intended, done) in seconds."""
    made = np.zeros((len(requests), len(COLUMNS)), dtype=np.int64)
    for row, (number, intended, done) in zip(made, requests, strict=True):
        start, end = round(intended * SECOND), round(done * SECOND)
        row[:] = (0, number, start, start, end, end, status, 100, -1)
    return made


def ran(start: float, end: float, *, side: int = 0, database: float | None = 0.5) -> Slice:
    """Make a slice with a window from start to end (s), one second of margin on either side."""
    return Slice(
        side=side,
        start_ns=round((start - 1) * SECOND),
        window_start_ns=round(start * SECOND),
        window_end_ns=round(end * SECOND),
        end_ns=round((end + 1) * SECOND),
        server_cpu=2.0,
        database_cpu=database,
        client_cpu=1.0,
    )


def test_a_request_counts_by_the_part_of_its_life_in_the_window() -> None:
    """Half in at the start, all in, a quarter in at the end, all round it, and beside it."""
    seen = rows((0, 9, 11), (0, 10.5, 11.5), (0, 11.5, 13.5), (0, 8, 16), (0, 5, 10), (0, 12, 14))
    measured = measure_slice(seen, ran(10, 12), 0)
    assert measured.requests == pytest.approx(0.5 + 1 + 0.25 + 0.25)
    assert measured.throughput == pytest.approx(1.0)
    assert measured.completions == 2
    assert measured.in_flight == pytest.approx((1 + 1 + 0.5 + 2) / 2)


@pytest.mark.parametrize("offset", [0.0, 0.01, 0.33, 0.5, 0.99])
@pytest.mark.parametrize("length", [0.7, 2.0, 2.5])
def test_constant_latency_gives_exactly_clients_by_latency(offset: float, length: float) -> None:
    """Wherever the window lies and however short it is: no granularity of whole requests."""
    seen = rows(*((0, float(at), at + 1.0) for at in range(10) for _ in range(5)))
    measured = measure_slice(seen, ran(3 + offset, 3 + offset + length), 0)
    assert measured.throughput == pytest.approx(5.0)
    assert measured.in_flight == pytest.approx(5.0)


def test_other_slices_and_lost_requests_do_not_count() -> None:
    """A request without an answer never counts as completed."""
    seen = np.concatenate([rows((0, 10, 11)), rows((1, 10, 11)), rows((0, 10, 11), status=0)])
    measured = measure_slice(seen, ran(10, 12), 0)
    assert (measured.requests, measured.completions, measured.answered) == (1.0, 1, 1)


def test_cpu_is_shared_by_all_that_was_answered_in_the_slice() -> None:
    """CPU is read from start to end, so the requests of ramp and drain bear their part."""
    measured = measure_slice(
        rows((0, 9, 9.5), (0, 10, 11), (0, 12, 13), (0, 12, 13)), ran(10, 12), 0
    )
    assert measured.server_cpu_per_request == 0.5
    assert measured.database_cpu_per_request == 0.125
    assert measured.client_share == 0.25


def test_a_side_is_the_sum_of_its_slices() -> None:
    """Requests over windows, so the longer slice weighs more; the other side is left out."""
    record = TaskRecord(
        cell="cell",
        clients=1,
        slices=(ran(10, 12), ran(20, 22, side=1), ran(30, 36)),
    )
    seen = rows((0, 10, 12), (1, 20, 21), (2, 30, 32), (2, 32, 34), (2, 34, 36))
    measured = measure_side(seen, record, 0)
    assert measured.window == pytest.approx(8.0)
    assert measured.throughput == pytest.approx(0.5)
    assert measured.in_flight == pytest.approx(1.0)
    assert (measured.completions, measured.answered) == (4, 4)
    assert (measured.server_cpu, measured.database_cpu) == (4.0, 1.0)
    assert measured.elapsed == pytest.approx(12.0)


def test_a_database_unseen_in_one_slice_is_unseen() -> None:
    """Part of a sum is not a sum."""
    slices = (ran(10, 12), ran(20, 22, database=None))
    record = TaskRecord(cell="cell", clients=1, slices=slices)
    measured = measure_side(rows((0, 10, 12), (1, 20, 22)), record, 0)
    assert measured.database_cpu is None
    assert measured.database_cpu_per_request is None


def test_a_side_without_a_slice_has_no_yield() -> None:
    """A task that a fault ended early gives an error, not a zero."""
    with pytest.raises(ValueError, match="no slice"):
        measure_side(rows(), TaskRecord(cell="cell", clients=1), 0)


def test_latencies_are_those_intended_in_the_windows() -> None:
    """From intended to done, however late; of this side only, and not of the ramp or the tail."""
    record = TaskRecord(cell="cell", clients=1, slices=(ran(10, 12), ran(20, 22, side=1)))
    seen = rows((0, 9, 9.5), (0, 10, 11), (0, 11, 12), (0, 12, 99), (0, 12.1, 12.2), (1, 21, 21))
    assert latencies(seen, record, 0).tolist() == pytest.approx([1.0, 87.0])
    assert latencies(seen, TaskRecord(cell="cell", clients=1), 0).tolist() == []


def test_the_open_loop_counts_completions_and_what_was_sent() -> None:
    """A request that waits to be sent is not under way, so its fraction would mean nothing."""
    seen = rows((0, 9, 11), (0, 10, 12), (0, 10, 13))
    seen[:, SENT] = [10.5 * SECOND, 11.5 * SECOND, 12 * SECOND]
    measured = measure_slice(seen, ran(10, 12), 0, rate=1.0)
    assert (measured.requests, measured.completions) == (2.0, 2)
    assert measured.in_flight == pytest.approx((0.5 + 0.5) / 2)
    record = TaskRecord(cell="cell", clients=1, slices=(ran(10, 12),), rate=1.0)
    assert measure_side(seen, record, 0) == measured


def test_latency_can_end_at_the_first_byte() -> None:
    """Of the same requests."""
    seen = rows((0, 10.5, 11.5), (0, 11.0, 14.0))
    seen[:, FIRST_BYTE] = seen[:, SENT] + SECOND // 4
    record = TaskRecord(cell="cell", clients=1, slices=(ran(10, 12),))
    assert latencies(seen, record, 0).tolist() == pytest.approx([1.0, 3.0])
    assert latencies(seen, record, 0, until=FIRST_BYTE).tolist() == pytest.approx([0.25, 0.25])
