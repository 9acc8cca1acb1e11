"""The same slices without a socket: a discrete-event model of two arms, seeded and deterministic.

Has the shape of ``drive``: a job in, records and samples out. It shows what the rules of a slice
do to a known truth, which no real server has. Times are simulated, so a second costs milliseconds.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Protocol

from whereasync.load.pacing import (
    MIN_WARM_UP_REQUESTS,
    jitter,
    order_slices,
    ramp_rest,
    window_length,
)
from whereasync.load.samples import DONE, INTENDED, WARM_UP, Samples
from whereasync.model import Slice, TaskRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whereasync.load.samples import Rows
    from whereasync.model import Job, Task

NS = 1e-9
_SIZE = 200  # bytes of an imaginary answer
_CLIENT_CPU = 10e-6  # s a request


class Kind(StrEnum):
    """What a request's time is made of."""

    WAITS = "waits"  # for something without limit: an upstream
    SHARES = "shares"  # one processor, shared by all requests under way (threads)
    QUEUES = "queues"  # ``workers`` servers, first come first served (processes)


class Shape(StrEnum):
    """How the work of one request varies about its mean."""

    CONSTANT = "constant"
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One arm that doesn't exist."""

    kind: Kind
    mean: float  # s of waiting or CPU a request
    shape: Shape = Shape.CONSTANT
    spread: float = 0.5  # of LOGNORMAL: the standard deviation of the logarithm
    workers: int = 1  # of QUEUES
    noise: float = 1.0  # this block's factor on the mean: a slow or a lucky start

    def draw(self, random: Random) -> float:
        """Return the work (s) of one request; its mean is ``mean * noise``."""
        mean = self.mean * self.noise
        if self.shape is Shape.EXPONENTIAL:
            return random.expovariate(1 / mean)
        if self.shape is Shape.LOGNORMAL:
            return random.lognormvariate(math.log(mean) - self.spread**2 / 2, self.spread)
        return mean

    def throughput(self, clients: int) -> float:
        """Return the true requests/s of a closed loop of so many clients."""
        mean = self.mean * self.noise
        if self.kind is Kind.WAITS:
            return clients / mean
        return min(clients, self.workers if self.kind is Kind.QUEUES else 1) / mean


class _Arm(Protocol):
    """Takes requests, and says which one is done next, and when."""

    def begin(self, user: int, now: float, work: float) -> None: ...

    def peek(self) -> float: ...

    def pop(self) -> tuple[float, int]: ...


@dataclass(slots=True)
class _Waiting:
    under_way: list[tuple[float, int]] = field(default_factory=list)

    def begin(self, user: int, now: float, work: float) -> None:
        heapq.heappush(self.under_way, (now + work, user))

    def peek(self) -> float:
        return self.under_way[0][0] if self.under_way else math.inf

    def pop(self) -> tuple[float, int]:
        return heapq.heappop(self.under_way)


@dataclass(slots=True)
class _Queueing(_Waiting):
    """A request takes the worker that is free first: known as soon as it comes."""

    workers: int = 1
    free: list[float] = field(default_factory=list)

    def begin(self, user: int, now: float, work: float) -> None:
        if len(self.free) < self.workers:
            self.free += [0.0] * (self.workers - len(self.free))
        done = max(now, heapq.heappop(self.free)) + work
        heapq.heappush(self.free, done)
        heapq.heappush(self.under_way, (done, user))


@dataclass(slots=True)
class _Sharing(_Waiting):
    """Processor sharing in virtual time, which runs at 1 ÷ (requests under way)."""

    virtual: float = 0.0
    at: float = 0.0

    def _advance(self, now: float) -> None:
        if self.under_way:
            self.virtual += (now - self.at) / len(self.under_way)
        self.at = now

    def begin(self, user: int, now: float, work: float) -> None:
        self._advance(now)
        heapq.heappush(self.under_way, (self.virtual + work, user))

    def peek(self) -> float:
        if not self.under_way:
            return math.inf
        return self.at + (self.under_way[0][0] - self.virtual) * len(self.under_way)

    def pop(self) -> tuple[float, int]:
        done = self.peek()
        self._advance(done)
        return done, heapq.heappop(self.under_way)[1]


def _make_arm(model: Model) -> _Arm:
    if model.kind is Kind.QUEUES:
        return _Queueing(workers=model.workers)
    return _Sharing() if model.kind is Kind.SHARES else _Waiting()


@dataclass(slots=True)
class _Turns:
    """The closed loop of both sides, as ``users`` runs it for real."""

    clients: int
    models: tuple[Model, Model]
    random: Random
    now: float = 0.0
    samples: Samples = field(default_factory=Samples)
    intended: list[float] = field(default_factory=list)
    arm: _Arm = field(default_factory=_Waiting)
    side: int = 0
    number: int = WARM_UP
    work: float = 0.0  # s of CPU in this slice
    sending: bool = False

    def start(self, side: int, number: int) -> None:
        self.side, self.number = side, number
        self.arm = _make_arm(self.models[side])
        self.work, self.sending = 0.0, True
        self.intended = [self.now] * self.clients
        for user in range(self.clients):
            self._begin(user)

    def _begin(self, user: int) -> None:
        model = self.models[self.side]
        work = model.draw(self.random)
        self.work += 0.0 if model.kind is Kind.WAITS else work
        self.intended[user] = self.now
        self.arm.begin(user, self.now, work)

    def _step(self) -> int:
        self.now, user = self.arm.pop()
        began, done = round(self.intended[user] / NS), round(self.now / NS)
        row = (began, began, done, done, 200, _SIZE, -1)
        self.samples.append(self.side, self.number, *row)
        if self.sending:
            self._begin(user)
        return user

    def complete(self) -> int:
        owed = set(range(self.clients))
        while owed:
            owed.discard(self._step())
        return round(self.now / NS)

    def spend(self, seconds: float) -> int:
        end = self.now + seconds
        while self.arm.peek() <= end:
            self._step()
        self.now = end
        return round(self.now / NS)

    def drain(self) -> int:
        self.sending = False
        return self.complete()


def simulate(
    job: Job, models: Mapping[str, tuple[Model, Model]]
) -> tuple[tuple[TaskRecord, Rows], ...]:
    """Return each task's record and samples, as ``drive`` leaves them, for modelled arms.

    ``models`` has both sides' models by cell. Equal jobs and models give equal results. Targets
    and requests are not looked at; the warm-up has requests enough and always settles.
    """
    return tuple(_simulate_task(job, task, models[task.cell]) for task in job.tasks)


def _simulate_task(job: Job, task: Task, models: tuple[Model, Model]) -> tuple[TaskRecord, Rows]:
    random = Random(f"{job.seed} {task.cell}")  # noqa: S311 # an experiment, not a secret
    turns = _Turns(task.clients, models, random)
    latencies = [_warm_up(turns, side) for side in (0, 1)]
    windows = [_window(job, latency) for latency in latencies]
    count = 2 if max(windows) > job.rules.long else job.rules.slices
    slices = tuple(
        _run_slice(turns, (side, number), latencies[side], jitter(random, windows[side]))
        for number, side in enumerate(order_slices(random, count))
    )
    record = TaskRecord(cell=task.cell, clients=task.clients, slices=slices, compared=task.compare)
    return record, turns.samples.rows()


def _window(job: Job, latency: float) -> float:
    return window_length(latency, window=job.rules.window, latencies=job.rules.latencies)


def _warm_up(turns: _Turns, side: int) -> float:
    first = len(turns.samples)
    turns.start(side, WARM_UP)
    while len(turns.samples) - first < MIN_WARM_UP_REQUESTS:
        turns.complete()
    turns.complete()
    turns.drain()
    rows = turns.samples.rows(first)
    return float((rows[:, DONE] - rows[:, INTENDED]).mean()) * NS


def _run_slice(turns: _Turns, which: tuple[int, int], latency: float, seconds: float) -> Slice:
    side, number = which
    start = round(turns.now / NS)
    first = len(turns.samples)
    turns.start(side, number)
    turns.complete()
    window_start = turns.spend(ramp_rest(latency))
    window_end = turns.spend(seconds)
    turns.complete()
    return Slice(
        side=side,
        start_ns=start,
        window_start_ns=window_start,
        window_end_ns=window_end,
        end_ns=turns.drain(),
        server_cpu=turns.work,
        database_cpu=None,
        client_cpu=_CLIENT_CPU * (len(turns.samples) - first),
    )
