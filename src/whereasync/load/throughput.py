"""Throughput from raw samples, without the granularity of counting whole requests. Pure.

Counting completions in a window of two latencies sees bursts: 2 or 3 for the same server. Here a
request counts by the **fraction** of its life that lies in the window, unfinished ones included,
so constant latency L gives exactly N ÷ L, wherever the window lies.

Why it is unbiased: user u is always inside one request of length L(t), so the sum is the integral
of 1 ÷ L(t) over the window for each user. A request met at a random moment is met in proportion to
its length: E[1 ÷ L met] = ∫ (1 ÷ l) · l · f(l) dl ÷ E[L] = 1 ÷ E[L], the rate a user (renewal
theory; the inspection paradox working for us). Needed: every request that touches the window is
there, finished (ramp and tail see to that), and none intended to wait in between (closed loop).

In the open loop a request may wait to be sent, and such a one is not under way: completions in the
window are counted there. A rate that is kept leaves nothing else to find, see ``punctuality``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync.load.samples import DONE, INTENDED, SENT, SLICE, STATUS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from whereasync.load.samples import Rows
    from whereasync.model import Slice, TaskRecord

    Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
    Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]

NS = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """What one slice, or all slices of one side together, yielded."""

    window: float  # s that were counted
    requests: float  # closed loop: fractional completions in the window; open loop: completions
    completions: int  # requests done in the window
    in_flight: float  # mean number under way; closed loop: the clients, by Little's law
    answered: int  # all requests of the slices, ramp, tail and drain included …
    server_cpu: float  # … and the CPU (s) of all of them
    database_cpu: float | None
    client_cpu: float
    elapsed: float  # s from start to end, which the client's CPU may be compared with

    @property
    def throughput(self) -> float:
        """Requests per second; by fractional completions in the closed loop."""
        return self.requests / self.window

    @property
    def server_cpu_per_request(self) -> float:
        """CPU seconds of the server's process tree per answered request."""
        return self.server_cpu / self.answered

    @property
    def database_cpu_per_request(self) -> float | None:
        """CPU seconds of the database per answered request; None where it can't be seen."""
        return None if self.database_cpu is None else self.database_cpu / self.answered

    @property
    def client_share(self) -> float:
        """The part of one core that the load client used; above 0.8 it was the limit."""
        return self.client_cpu / self.elapsed


def measure_slice(rows: Rows, ran: Slice, number: int, *, rate: float | None = None) -> Yield:
    """Return what slice ``number`` of a task yielded; ``rate`` is the record's.

    ``rows`` are all of the task's samples, shape (n, 9). Requests without an answer (status 0)
    are never counted. ``in_flight`` is recomputed from the samples: in the closed loop it falls
    short of the clients if a record was lost or a user stalled between two requests; in the open
    loop it is the mean number of requests sent and not done, which the rate decides.
    """
    mine = _answered(rows, number)
    start, end = ran.window_start_ns, ran.window_end_ns
    done = mine[:, DONE]
    completions = int(((done > start) & (done <= end)).sum())
    overlap = overlaps(mine, start, end, since=INTENDED if rate is None else SENT)
    fractions = overlap / (done - mine[:, INTENDED]).clip(min=1)
    return Yield(
        window=(end - start) * NS,
        requests=float(fractions.sum()) if rate is None else float(completions),
        completions=completions,
        in_flight=float(overlap.sum()) / (end - start),
        answered=len(mine),
        server_cpu=ran.server_cpu,
        database_cpu=ran.database_cpu,
        client_cpu=ran.client_cpu,
        elapsed=(ran.end_ns - ran.start_ns) * NS,
    )


def _answered(rows: Rows, number: int) -> Rows:
    answered: Rows = rows[(rows[:, SLICE] == number) & (rows[:, STATUS] != 0)]
    return answered


def overlaps(rows: Rows, start: int, end: int, *, since: int = INTENDED) -> Floats:
    """Return the ns of each request's life, ``since`` (a column) to done, in [start, end]."""
    shared = rows[:, DONE].clip(max=end) - rows[:, since].clip(min=start)
    overlap: Floats = shared.clip(min=0).astype(float)
    return overlap


def measure_side(rows: Rows, record: TaskRecord, side: int) -> Yield:
    """Return what all slices of one side yielded together: a block's figure for that arm.

    Sums of requests over sums of windows, so a longer slice weighs more. Raises ValueError where
    the side has no slice (a task that a fault ended early).
    """
    yields = [
        measure_slice(rows, ran, number, rate=record.rate)
        for number, ran in enumerate(record.slices)
        if ran.side == side
    ]
    if not yields:
        raise ValueError(f"side {side} of {record.cell!r} has no slice")
    return merge(yields)


def merge(yields: Iterable[Yield]) -> Yield:
    """Return several slices' yield as one; in-flight requests are averaged over the windows."""
    parts = list(yields)
    window = sum(part.window for part in parts)
    database = [part.database_cpu for part in parts if part.database_cpu is not None]
    return Yield(
        window=window,
        requests=sum(part.requests for part in parts),
        completions=sum(part.completions for part in parts),
        in_flight=sum(part.in_flight * part.window for part in parts) / window,
        answered=sum(part.answered for part in parts),
        server_cpu=sum(part.server_cpu for part in parts),
        database_cpu=sum(database) if len(database) == len(parts) else None,
        client_cpu=sum(part.client_cpu for part in parts),
        elapsed=sum(part.elapsed for part in parts),
    )


def latencies(rows: Rows, record: TaskRecord, side: int, *, until: int = DONE) -> Floats:
    """Return the latencies (s) of the side's requests that were intended in a counted window.

    From the intended time to done, or ``until`` another column: FIRST_BYTE. The tail waits for all
    of them, so none is missing, be it ever so slow; those *done* in a window would lack the slow
    ones that began in it.
    """
    import numpy as np

    found = [np.empty(0)]
    for number, ran in enumerate(record.slices):
        if ran.side == side:
            mine = _answered(rows, number)
            counted = mine[is_intended_in(mine, ran)]
            lives: Floats = (counted[:, until] - counted[:, INTENDED]).astype(float)
            found.append(lives * NS)
    return np.concatenate(found)


def is_intended_in(rows: Rows, ran: Slice) -> Flags:
    """Return for each row whether it was intended in the slice's window, its end included."""
    intended = rows[:, INTENDED]
    counted: Flags = (intended > ran.window_start_ns) & (intended <= ran.window_end_ns)
    return counted
