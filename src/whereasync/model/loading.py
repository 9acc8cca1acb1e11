"""What a load client is told, and what it saw."""

from __future__ import annotations

from dataclasses import dataclass

from whereasync.model.failures import Fault
from whereasync.model.requests import Request


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
