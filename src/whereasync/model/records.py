"""What a run recorded beside its samples."""

from __future__ import annotations

from dataclasses import dataclass, field

from whereasync.model.failures import Fault
from whereasync.model.loading import TaskRecord
from whereasync.model.requests import Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one arm's servers took in a block, beside CPU; None where it can't be seen."""

    peak_rss: int  # bytes, the whole process tree
    peak_threads: int | None = None
    peak_connections: int | None = None  # to the database
    switches: int | None = None  # voluntary context switches, from the first request on
    requests: int = 0  # answered in the block, warm-up and comparison included


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The most that one side's servers had while a cell was measured; None: never looked at."""

    threads: int | None = None
    connections: int | None = None  # to the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Both arms' servers started fresh, once, and every cell that is still open measured."""

    number: int
    tasks: tuple[TaskRecord, ...]  # all with the same fault, where the block failed as a whole
    costs: dict[str, Cost] = field(default_factory=dict)  # role → what its servers took
    peaks: dict[str, tuple[Peak, Peak]] = field(default_factory=dict)  # cell → those of a and b


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """One request sent alone, timed by the view and by the client."""

    row: str
    variant: str  # "async" or "sync"
    run: int
    in_view: float | None = None  # s, from the Server-Timing header
    client: float | None = None  # s, from sending to the last byte
    server_cpu: float | None = None  # s of CPU of the server's process tree
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPoint:
    """What one candidate reached while the arms were tuned. Never enters a race."""

    role: str
    arm: Arm
    throughput: dict[str, float] = field(default_factory=dict)  # requests/s a sweep cell
    chosen: bool = False
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One figure of ``selfcheck``, and the limit that it must keep; None where there is none."""

    part: str  # "simulated" or "real"
    subject: str  # what was checked: a scene of noise, a planted effect, a rejected rule
    figure: str  # which figure: "false faster", "coverage", "found", "send lag p99"
    value: float
    trials: int  # runs, cells or requests that it rests on
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_kept(self) -> bool | None:
        """Whether the limit is kept; None where there is none."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )
