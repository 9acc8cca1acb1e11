"""What one slice makes of a known throughput: fractions of requests, counting, counting the drain.

Uses the load client's own simulation and its own arithmetic. A newcomer would lengthen the slice
until counting is good enough, and measure one cell in the time of nine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from whereasync.load.samples import DONE, INTENDED, SLICE
from whereasync.load.simulate import NS, Kind, Model, Shape, simulate
from whereasync.load.throughput import measure_slice
from whereasync.model import Job, Request, SliceRules, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.load.samples import Rows
    from whereasync.model import Slice, TaskRecord

CLIENTS = 64
A_JOB = 16  # slices, after one warm-up
LATENCY = 0.02  # s of the arms that wait

CONSTANT = Model(kind=Kind.WAITS, mean=LATENCY)
EXPONENTIAL = Model(kind=Kind.WAITS, mean=LATENCY, shape=Shape.EXPONENTIAL)
ARMS = {
    "waits, constant": CONSTANT,
    "waits, exponential": EXPONENTIAL,
    "waits, lognormal": Model(kind=Kind.WAITS, mean=LATENCY, shape=Shape.LOGNORMAL),
    "one shared core, exponential": Model(kind=Kind.SHARES, mean=0.002, shape=Shape.EXPONENTIAL),
    "four workers, exponential": Model(
        kind=Kind.QUEUES, mean=0.002, workers=4, shape=Shape.EXPONENTIAL
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Measured ÷ true throughput over many slices."""

    bias: float  # mean - 1
    sd: float
    slices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The same slices, taken in three ways."""

    fractions: Score
    counted: Score
    drained: Score | None  # known for arms that wait, whose requests don't hinder each other


@cache
def score(model: Model, *, latencies: float, slices: int, seed: int) -> Scores:
    """Simulate at least so many slices whose windows last so many mean latencies.

    Pure, and asked for twice: as what is chosen, and beside what was not.
    """
    truth = model.throughput(CLIENTS)
    fractions, counted, drained = [], [], []
    for record, rows in _run(model, latencies, slices, seed):
        for number, ran in enumerate(record.slices):
            seen = measure_slice(rows, ran, number)
            fractions.append(seen.throughput / truth)
            counted.append(seen.completions / seen.window / truth)
            if model.kind is Kind.WAITS:
                sent = latencies * model.mean
                drained.append(_count_drain(rows, ran, number, sent) / truth)
    return Scores(
        fractions=_summarize(fractions),
        counted=_summarize(counted),
        drained=_summarize(drained) if drained else None,
    )


def _run(
    model: Model, latencies: float, slices: int, seed: int
) -> Iterator[tuple[TaskRecord, Rows]]:
    request = Request(path="/")
    task = Task(cell="slice", clients=CLIENTS, targets=(0, 1), requests=(request, request))
    rules = SliceRules(window=NS, latencies=latencies, slices=A_JOB, long=float("inf"))
    for number in range(-(-slices // A_JOB)):
        job = Job(targets=(), tasks=(task,), rules=rules, seed=1_000_000 * seed + number)
        yield from simulate(job, {"slice": (model, model)})


def _count_drain(rows: Rows, ran: Slice, number: int, sent: float) -> float:
    """Count as if sending had stopped ``sent`` seconds after the start, drain included."""
    end = ran.start_ns + round(sent / NS)
    mine = rows[(rows[:, SLICE] == number) & (rows[:, INTENDED] < end)]
    return len(mine) / ((int(mine[:, DONE].max()) - ran.start_ns) * NS)


def _summarize(values: list[float]) -> Score:
    return Score(bias=fmean(values) - 1, sd=stdev(values), slices=len(values))
