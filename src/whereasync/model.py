"""The nouns that cross rooms, frozen.

Times are integer nanoseconds of the monotonic clock where they were recorded, and float seconds
everywhere else; only a renderer formats them. ``serial`` writes every noun here as JSON and reads
it back, so a field's type is its schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whereasync.errors import WhereAsyncError

SCHEMA_VERSION = 1


class Interface(StrEnum):
    """How a server calls a Django project."""

    WSGI = "wsgi"
    ASGI = "asgi"


class Status(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Void(StrEnum):
    """Why a cell's figures must not be shown. docs/method.md has a row for each."""

    STATUS = "status"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    ANSWERS_DIFFER = "answers differ"
    RECIPE = "recipe"
    SERVER = "server"
    SERVER_DIED = "server died"
    DATABASE_REFUSED = "database refused connections"
    NOTHING_COMPLETED = "nothing completed"
    CLIENT_SATURATED = "client saturated"
    SEND_LAG = "send lag"
    NOT_SUSTAINED = "rate not sustained"
    LITTLES_LAW = "Little's law"
    SAMPLES = "samples"


class Caveat(StrEnum):
    """What qualifies figures wherever they are shown. docs/method.md has a row for each."""

    DIFFERENT_WORK = "different work"
    NOISY_MACHINE = "noisy machine"
    NO_PINNING = "no CPU pinning"
    SHARED_CORE = "server and client share a core"
    DATABASE_LIMIT = "the database was the limit"
    NEVER_SETTLED = "warm-up never settled"
    BUDGET_ENDED = "budget ended before the last look"
    SWAP = "swap in use"
    DEVELOPMENT_SERVER = "development server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that went wrong in a trial, recorded as a failure and never as a zero."""

    kind: str  # a Void or a Caveat; "run", "probe" and "inconclusive" beside them
    detail: str
    hint: str = ""

    @classmethod
    def of(cls, kind: str, error: WhereAsyncError) -> Fault:
        """Return the fault of a trial that this error ended."""
        return cls(kind=kind, detail=error.what, hint=error.hint)


# ---------------------------------------------------------------- what is asked of a server


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, and what its answer must look like."""

    path: str  # with its query string
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    status: int = 200  # anything else is a fault
    volatile: tuple[str, ...] = ()  # regular expressions, masked before answers are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to serve the project: a server of the table, with its options."""

    server: str
    interface: Interface
    options: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return ",".join([self.server, *(f"{key}={value}" for key, value in self.options.items())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a cell: a request to one of the block's arms."""

    role: str  # "wsgi" and "asgi", or "a" and "b"; which arm that is, the sweep decides
    request: Request
    label: str  # what a reader calls it: "sync", "gathered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One workload at one concurrency, asked of two sides that must answer alike."""

    name: str  # "<family>-<clients>", unique in the run, and a file name
    chapter: int
    topic: str  # what the row is called: "GET, 10 objects"
    clients: int  # closed loop: users; open loop: connections at most
    a: Side
    b: Side
    rate: float | None = None  # requests/s offered to each side (open loop); None: closed loop
    is_same_work: bool = True  # the sides must answer alike; else that is a caveat

    @property
    def family(self) -> str:
        """The cell's name without its number of clients."""
        return self.name.rpartition("-")[0]

    @property
    def is_change(self) -> bool:
        """Whether both sides ask the same server: before a change, and after it."""
        return self.a.role == self.b.role


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """An interpreter and distributions that the project runs on."""

    name: str  # what a reader calls it: "article", or the words it was given as
    python: str  # "3.9" or "3.9.18"
    requirements: tuple[str, ...]  # as pip takes them


# ---------------------------------------------------------------- what a load client is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running server as the load client sees it."""

    host: str
    port: int
    server_pids: tuple[int, ...]  # roots of the process trees that serve
    database_pids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRules:
    """How long one arm works before the other's turn. See docs/method.md for the figures."""

    window: float = 0.2  # s, the shortest counted window
    latencies: float = 2.0  # … and at least so many mean latencies
    requests: int = 100  # … and, in the open loop, at least so many requests
    slices: int = 4  # a cell of a block: ABBA or BAAB; one pair where a slice lasts over `long`
    long: float = 1.0  # s
    warm_up: float = 0.2  # s, the least warm-up of a request on a fresh server
    timeout: float = 30.0  # s until one request counts as lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One cell as the load client gets it: two targets by index, or the same one twice."""

    cell: str
    clients: int
    targets: tuple[int, int]
    requests: tuple[Request, Request]
    compare: int = 0  # answers of each side to compare byte for byte before any load
    rate: float | None = None  # requests/s, in the open loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that one load client does: the tasks of one block, in this order."""

    targets: tuple[Target, ...]
    tasks: tuple[Task, ...]
    rules: SliceRules
    seed: int


# ---------------------------------------------------------------- what it recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One arm's turn. Times are ns of the client's monotonic clock, as in the samples."""

    side: int  # 0 is a, 1 is b
    start_ns: int
    window_start_ns: int
    window_end_ns: int
    end_ns: int  # after the drain
    server_cpu: float  # s of CPU from start to end, the whole process tree
    database_cpu: float | None  # None where the database's processes can't be seen
    client_cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """What the load client saw of one task. Its samples lie in ``samples/<cell>-<block>.npy``."""

    cell: str
    clients: int
    slices: tuple[Slice, ...] = ()
    settled: bool = True  # the last two windows of the warm-up agreed
    compared: int = 0  # answers of each side found equal
    rate: float | None = None  # requests/s offered, in the open loop
    fault: Fault | None = None  # voids the task


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one arm's servers took in a block, beside CPU; None where it can't be seen."""

    peak_rss: int  # bytes, the whole process tree
    peak_threads: int | None = None
    peak_connections: int | None = None  # to the database
    switches: int | None = None  # voluntary context switches, from the first request on
    requests: int = 0  # answered in the block, warm-up and comparison included


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Both arms' servers started fresh, once, and every cell that is still open measured."""

    number: int
    tasks: tuple[TaskRecord, ...]  # all with the same fault, where the block failed as a whole
    costs: dict[str, Cost] = field(default_factory=dict)  # role → what its servers took


# ---------------------------------------------------------------- the article's own table


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


# ---------------------------------------------------------------- what to measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the article published for one row, in seconds, to all its digits."""

    async_seconds: float
    sync_seconds: float
    ratio: float  # a time ratio, async ÷ sync


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the article's table: a request to a sync and to an async view."""

    name: str
    label: str
    requests: dict[str, Request]  # variant, "async" or "sync" → request
    runs: int
    objects: int | None = None  # loaded before it; None where no data is read
    figures: Figures | None = None  # None for a size that the article did not measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The stand-in for another service's API."""

    latency: str  # "20ms", "exponential:20ms", "lognormal:20ms,0.5"
    rates: str  # "full" is 1.1 MB, "small" is 30 kB
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """All that a run shall measure. ``plan.expand`` says in which order."""

    seed: int
    budget: float | None  # s for the whole run; None: as long as it takes
    article_arm: Arm | None = None  # of the rows
    article_upstream: Upstream | None = None
    rows: tuple[Row, ...] = ()
    objects: int  # loaded for the race
    upstream: Upstream  # of the race
    candidates: dict[str, tuple[Arm, ...]]  # role → arms to choose the best-tuned from
    sweep: tuple[Cell, ...] = ()  # what the candidates are tuned on
    cells: tuple[Cell, ...] = ()  # the race, the most telling first
    looks: tuple[int, ...] = (6,)  # blocks after which verdicts are read
    rules: SliceRules = field(default_factory=SliceRules)
    is_whole: bool = False  # every cell is measured, or none; else what fits into the budget
    stacks: dict[str, Stack] = field(default_factory=dict)  # role → what it runs on instead
    worst: float | None = None  # how much slower b may be than a (0.05 is 5 %): --fail-if


# ---------------------------------------------------------------- the tool measured


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


# ---------------------------------------------------------------- a run


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
