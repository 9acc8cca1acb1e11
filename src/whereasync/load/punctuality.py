"""Was the open loop's promise kept? Whether the client was on time, and the rate sustained. Pure.

A request can be late for three reasons: the client overslept (**lag**), all connections were busy
(**blocked**), or the server falls behind for good (not **sustained**). A newcomer would take the
latency of such a run for the server's at that rate: it is one of the client, or of the slice's
length. Look at ``blocked`` first: a handshake that others wait for looks like lag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync.load.pacing import count_slots
from whereasync.load.samples import DONE, INTENDED, SENT, SLICE, STATUS
from whereasync.load.throughput import NS, is_intended_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.load.samples import Rows
    from whereasync.load.throughput import Flags, Floats
    from whereasync.model import Slice, TaskRecord


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Punctuality:
    """How one side of an open loop kept its times, over all its windows."""

    intended: int  # requests intended in the windows, sent or not
    answered: int  # how many of them were answered at all
    completions: int  # requests done in the windows, whenever they were intended
    lags: Floats  # s from intended to sent, of those intended when a connection was free

    @property
    def lag_p50(self) -> float:
        """The median lag (s); 0 where every request was blocked."""
        return self._quantile(0.5)

    @property
    def lag_p99(self) -> float:
        """The lag (s) that 1 % of the requests exceed: above 1 ms the client was not on time.

        A request that needed a new connection bears its handshake here.
        """
        return self._quantile(0.99)

    @property
    def blocked(self) -> float:
        """The share of the intended requests that found all connections busy."""
        return (self.intended - len(self.lags)) / self.intended if self.intended else 0.0

    @property
    def sustained(self) -> float:
        """Requests done in the windows ÷ requests intended in them: about 1, if the rate is kept.

        Not exactly: what is under way at a window's start and end differs by chance, so pool the
        blocks (``merge``). A server that falls behind has the ratio capacity ÷ rate.
        """
        return self.completions / self.intended if self.intended else 1.0

    @property
    def lost(self) -> float:
        """The share of the intended requests that got no answer: the tail gave them up."""
        return (self.intended - self.answered) / self.intended if self.intended else 0.0

    def _quantile(self, quantile: float) -> float:
        import numpy as np

        return float(np.quantile(self.lags, quantile)) if len(self.lags) else 0.0


def measure(rows: Rows, record: TaskRecord, side: int) -> Punctuality:
    """Return how punctual one side of an open-loop task was, in its windows only.

    ``rows`` are all of the task's samples, shape (n, 9); the record's clients are the most
    connections that the side could use. Raises ValueError for a closed loop, and
    where the side has no slice.
    """
    if record.rate is None:
        raise ValueError(f"{record.cell!r} is a closed loop")
    found = [
        _measure_slice(rows[rows[:, SLICE] == number], ran, record.clients, record.rate)
        for number, ran in enumerate(record.slices)
        if ran.side == side
    ]
    if not found:
        raise ValueError(f"side {side} of {record.cell!r} has no slice")
    return merge(found)


def merge(parts: Iterable[Punctuality]) -> Punctuality:
    """Return the punctuality of several slices, sides or blocks as one (one at least)."""
    import numpy as np

    every = list(parts)
    return Punctuality(
        intended=sum(part.intended for part in every),
        answered=sum(part.answered for part in every),
        completions=sum(part.completions for part in every),
        lags=np.concatenate([part.lags for part in every]),
    )


def _measure_slice(mine: Rows, ran: Slice, clients: int, rate: float) -> Punctuality:
    start, end = ran.window_start_ns, ran.window_end_ns
    answered = mine[:, STATUS] != 0
    counted = is_intended_in(mine, ran) & answered
    done = mine[answered, DONE]
    timely = mine[counted & ~_is_blocked(mine, clients)]
    lags: Floats = (timely[:, SENT] - timely[:, INTENDED]).astype(float)
    return Punctuality(
        intended=count_slots(end - ran.start_ns, rate) - count_slots(start - ran.start_ns, rate),
        answered=int(counted.sum()),
        completions=int(((done > start) & (done <= end)).sum()),
        lags=lags * NS,
    )


def _is_blocked(mine: Rows, clients: int) -> Flags:
    """Return for each request of a slice whether all connections were busy when it was due.

    Busy is a request that was sent before and done after. Counting those *intended* before would
    call a client that overslept blocked. Who is due just as a connection passes from one blocked
    request to the next is blocked too: it stands behind them in the queue.
    """
    import numpy as np

    order = np.argsort(mine[:, INTENDED], kind="stable")
    due, sent = mine[order, INTENDED], mine[order, SENT]
    begun = np.searchsorted(np.sort(sent), due, side="left")
    ended = np.searchsorted(np.sort(mine[:, DONE]), due, side="right")
    number = np.arange(len(due))
    is_behind = np.concatenate([[False], sent[:-1] >= due[1:]])[: len(due)]
    last_busy = np.maximum.accumulate(np.where(begun - ended >= clients, number, -1))
    head = np.maximum.accumulate(np.where(is_behind, -1, number))  # of the queue it stands in
    blocked: Flags = np.empty(len(due), dtype=np.bool_)
    blocked[order] = last_busy >= head
    return blocked
