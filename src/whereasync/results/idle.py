"""What clients that say nothing cost each arm: medians and ranges over its turns. Pure.

Described, never tested: three turns bear no verdict, and need none where one arm serves all and
another 16. A newcomer would divide the memory by the clients that came; it counts who was served.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from whereasync.errors import WhereAsyncError
from whereasync.load.idle import BEGUN, CLOSED, CONNECTED, FIRST
from whereasync.model import Fault, IdleArm, Void

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from whereasync.model import IdleRecord, IdleTrial, Run
    from whereasync.results.cells import Samples

NS = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A few values: their median, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Range | None:
        """Return the range of the values; None of none."""
        found = list(values)
        return cls(median=median(found), low=min(found), high=max(found)) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleResult:
    """One arm over all its turns; None where no turn came to an end, or nobody was served."""

    arm: IdleArm
    asked: int  # clients
    turns: int  # that came to an end
    connected: Range | None = None  # clients
    served: Range | None = None  # clients that got their first event
    first_p50: Range | None = None  # s from beginning to connect to the first event
    first_p99: Range | None = None
    closed: Range | None = None  # clients whose connection the server closed
    threads: Range | None = None
    rss: Range | None = None  # bytes
    grown: Range | None = None  # bytes more than without the clients
    cpu: Range | None = None  # s of CPU per s
    visit: Range | None = None  # s; of the turns' medians, where every visit was answered
    refused_turns: int = 0  # … in which another visitor got no answer
    refusal: Fault | None = None  # why, the last time
    kept: Range | None = None  # connections still held a second after all had left
    faults: tuple[Fault, ...] = ()


def describe_idle(run: Run, samples: Samples) -> tuple[IdleResult, ...]:
    """Return every arm of the plan that had a turn, in the plan's order."""
    arms = run.idle.arms if run.idle else ()
    return tuple(
        _describe(arm, mine, samples)
        for arm in arms
        if (mine := [each for each in run.idle_trials if each.role == arm.role])
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One trial that came to an end."""

    record: IdleRecord
    connected: int
    served: int
    closed: int
    firsts: tuple[float, float] | None  # s, p50 and p99


def _describe(arm: IdleArm, trials: list[IdleTrial], samples: Samples) -> IdleResult:
    turns, faults = list[_Turn](), list[Fault]()
    for trial in trials:
        try:
            turns.append(_read(trial, samples))
        except _FaultyError as faulty:
            faults.append(faulty.fault)
    refusals = [each.record.visit_fault for each in turns if each.record.visit_fault]

    def over(value: Callable[[_Turn], float | None]) -> Range | None:
        return Range.of(found for each in turns if (found := value(each)) is not None)

    return IdleResult(
        arm=arm,
        asked=turns[0].record.asked if turns else 0,
        turns=len(turns),
        connected=over(lambda turn: turn.connected),
        served=over(lambda turn: turn.served),
        first_p50=over(lambda turn: turn.firsts[0] if turn.firsts else None),
        first_p99=over(lambda turn: turn.firsts[1] if turn.firsts else None),
        closed=over(lambda turn: turn.closed),
        threads=over(lambda turn: turn.record.threads),
        rss=over(lambda turn: turn.record.rss),
        grown=over(lambda turn: turn.record.rss - turn.record.baseline_rss),
        cpu=over(lambda turn: turn.record.cpu / turn.record.hold),
        visit=over(_visit),
        refused_turns=len(refusals),
        refusal=refusals[-1] if refusals else None,
        kept=over(lambda turn: turn.record.kept),
        faults=tuple(faults),
    )


def _visit(turn: _Turn) -> float | None:
    record = turn.record
    return median(record.visits) if record.visits and not record.visit_fault else None


class _FaultyError(Exception):
    """A trial has no figures."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


def _read(trial: IdleTrial, samples: Samples) -> _Turn:
    import numpy as np

    if trial.record is None:
        raise _FaultyError(trial.fault or Fault(kind=Void.SERVER, detail="it left no record"))
    try:
        rows = samples(trial.role, trial.repeat)
        served = rows[rows[:, FIRST] > 0]
        firsts = (served[:, FIRST] - served[:, BEGUN]) * NS
        return _Turn(
            record=trial.record,
            connected=int((rows[:, CONNECTED] > 0).sum()),
            served=len(served),
            closed=int((rows[:, CLOSED] > 0).sum()),
            firsts=tuple(np.quantile(firsts, [0.5, 0.99]).tolist()) if len(firsts) else None,
        )
    except (WhereAsyncError, IndexError) as error:
        fault = Fault(kind=Void.SAMPLES, detail=str(error), hint="measure again")
        raise _FaultyError(fault) from error
