"""One run of a command, and where it ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from whereasync.model.emulation import Burst
from whereasync.model.experiment import Experiment
from whereasync.model.failures import Fault
from whereasync.model.idle import IdlePlan, IdleTrial
from whereasync.model.leaving import Departure
from whereasync.model.records import Block, Check, Single, SweepPoint
from whereasync.model.requests import Arm

SCHEMA_VERSION = 1


class Status(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where it ran."""

    system: str
    cpu: str
    cores: int
    memory: int  # bytes
    python: str
    server_cores: tuple[int, ...] = ()
    other_cores: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """Which database answered, and the settings that decide its speed."""

    vendor: str
    version: str
    where: str  # "embedded", "host:port", a file; never a password
    fsync: str = ""
    synchronous_commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a command: everything that its directory's run.json says."""

    command: str
    tool: str  # our version
    started: str  # UTC, ISO 8601
    seed: int
    status: Status
    options: dict[str, str]
    machine: Machine
    schema: int = SCHEMA_VERSION
    elapsed: float = 0.0  # s
    project: str = "the demo's project"
    said: tuple[str, ...] = ()  # how it was played, a sentence each: what was replaced
    versions: dict[str, str] = field(default_factory=dict)  # distribution → version
    stacks: dict[str, dict[str, str]] = field(default_factory=dict)  # role → its stack's versions
    database: DatabaseFacts | None = None
    experiment: Experiment | None = None
    arms: dict[str, Arm] = field(default_factory=dict)  # role → the arm chosen for it
    left_out: dict[str, str] = field(default_factory=dict)  # cell → why it wasn't measured
    singles: tuple[Single, ...] = ()
    sweep: tuple[SweepPoint, ...] = ()
    blocks: tuple[Block, ...] = ()
    faults: tuple[Fault, ...] = ()
    caveats: tuple[Fault, ...] = ()
    checks: tuple[Check, ...] = ()  # of selfcheck
    idle: IdlePlan | None = None  # of demo idle …
    idle_trials: tuple[IdleTrial, ...] = ()  # … and what came of it
    bursts: tuple[Burst, ...] = ()  # of demo test-client
    departures: tuple[Departure, ...] = ()  # of demo leaving
