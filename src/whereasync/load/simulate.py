"""The same slices without a socket: a discrete-event model of two arms, seeded and deterministic.

Has the shape of ``drive``: a job in, records and samples out. It shows what the rules of a slice
do to a known truth, which no real server has. Times are simulated, so a second costs milliseconds.
"""

from __future__ import annotations

import heapq
import math
from array import array
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Protocol

from whereasync.load.pacing import (
    MIN_WARM_UP_REQUESTS,
    ClosedLoop,
    OpenLoop,
    jitter,
    order_slices,
    ramp_rest,
    tail_patience,
    warm_up_length,
    window_length,
)
from whereasync.load.samples import COLUMNS, DONE, INTENDED, WARM_UP
from whereasync.model import Slice, TaskRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whereasync.load.pacing import Pacer
    from whereasync.load.samples import Rows
    from whereasync.model import Job, Task

NS = 1e-9
_SIZE = 200  # bytes of an imaginary answer
_CLIENT_CPU = 10e-6  # s a request
_NOBODY = (1 << 63, 0)  # intended after all that is


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
    stall: float = 0.0  # s in which QUEUES begin nothing …
    every: float = 1.0  # … at the end of every so many s

    def drawing(self, random: Random) -> Callable[[], float]:
        """Return what draws the work (s) of one request; its mean is ``mean * noise``."""
        mean = self.mean * self.noise
        if self.shape is Shape.EXPONENTIAL:
            return partial(random.expovariate, 1 / mean)
        if self.shape is Shape.LOGNORMAL:
            center = math.log(mean) - self.spread**2 / 2
            return partial(random.lognormvariate, center, self.spread)
        return lambda: mean

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

    def pop(self, now: float) -> int: ...


@dataclass(slots=True)
class _Waiting:
    under_way: list[tuple[float, int]] = field(default_factory=list)

    def begin(self, user: int, now: float, work: float) -> None:
        heapq.heappush(self.under_way, (now + work, user))

    def peek(self) -> float:
        return self.under_way[0][0] if self.under_way else math.inf

    def pop(self, now: float) -> int:  # noqa: ARG002 # a shared processor needs it
        return heapq.heappop(self.under_way)[1]


@dataclass(slots=True)
class _Queueing(_Waiting):
    """A request takes the worker that is free first: known as soon as it comes."""

    workers: int = 1
    stall: float = 0.0
    every: float = 1.0
    free: list[float] = field(default_factory=list)

    def begin(self, user: int, now: float, work: float) -> None:
        if len(self.free) < self.workers:
            self.free += [0.0] * (self.workers - len(self.free))
        done = self._await_stall(max(now, heapq.heappop(self.free))) + work
        heapq.heappush(self.free, done)
        heapq.heappush(self.under_way, (done, user))

    def _await_stall(self, now: float) -> float:
        left = self.every - now % self.every
        return now + left if left <= self.stall else now


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

    def pop(self, now: float) -> int:
        self._advance(now)
        return heapq.heappop(self.under_way)[1]


def _make_arm(model: Model) -> _Arm:
    if model.kind is Kind.QUEUES:
        return _Queueing(workers=model.workers, stall=model.stall, every=model.every)
    return _Sharing() if model.kind is Kind.SHARES else _Waiting()


@dataclass(slots=True)
class _Turns:
    """The users of both sides, as ``users`` runs them for real, with either pacer.

    Every request of every figure goes through ``_go``, so it calls little.
    """

    clients: int
    models: tuple[Model, Model]
    random: Random
    pacer: Pacer = field(default_factory=ClosedLoop)
    now: float = 0.0
    ns: int = 0  # the same, as samples have it
    samples: array[int] = field(default_factory=lambda: array("q"))
    under_way: dict[int, tuple[int, int]] = field(default_factory=dict)  # user → intended, sent ns
    resting: list[int] = field(default_factory=list)
    arm: _Arm = field(default_factory=_Waiting)
    draw: Callable[[], float] = float
    side: int = 0
    number: int = WARM_UP
    work: float = 0.0  # s of CPU in this slice
    sending: bool = False

    def __len__(self) -> int:
        return len(self.samples) // len(COLUMNS)

    def rows(self, start: int = 0) -> Rows:
        """Return the samples from ``start`` on, as ``Samples.rows`` does."""
        import numpy as np

        flat = np.frombuffer(self.samples[start * len(COLUMNS) :], dtype=np.int64)
        return flat.reshape(-1, len(COLUMNS))

    def start(self, side: int, number: int) -> int:
        self.side, self.number = side, number
        self.arm = _make_arm(self.models[side])
        self.draw = self.models[side].drawing(self.random)
        self.work, self.sending = 0.0, True
        self.pacer.start(self.ns)
        self.resting = list(range(self.clients))[::-1]
        self._send_due()
        return self.ns

    def _send_due(self) -> float:
        """Let users who rest send what is due, and return when the next is (s), if any rests."""
        while self.sending and self.resting:
            intended = self.pacer.intend(self.ns)
            if intended > self.ns:
                return intended * NS
            user = self.resting.pop()
            self.under_way[user] = intended, self.ns
            self.work += (work := self.draw())
            self.arm.begin(user, self.now, work)
        return math.inf

    def _go(self, end: float, until: int | None = None) -> int:
        """Let things happen up to ``end`` (s), or while what was intended ``until`` ns is owed."""
        while until is None or self._is_owed(until):
            slot = self._send_due() if self.resting else math.inf
            done = self.arm.peek()
            self.now = min(slot, done, end)
            self.ns = round(self.now / NS)
            if done < slot and done <= end:
                user = self.arm.pop(done)
                times = (*self.under_way.pop(user), self.ns, self.ns)
                self.samples.extend((self.side, self.number, *times, 200, _SIZE, -1))
                self.resting.append(user)
                self._send_due()
            elif slot > end:
                break
        return self.ns

    def _is_owed(self, until: int) -> bool:
        first, _ = next(iter(self.under_way.values()), _NOBODY)  # who was intended first
        return first <= until or (self.sending and self.pacer.count_due(until) > 0)

    def complete(self, until: int, within: float | None = None) -> int:
        return self._go(math.inf if within is None else self.now + within, until)

    def spend(self, seconds: float) -> int:
        return self._go(self.now + seconds)

    def drain(self) -> int:
        self.sending = False
        return self.complete(self.ns)


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
    pacer = ClosedLoop() if task.rate is None else OpenLoop(task.rate)
    turns = _Turns(task.clients, models, random, pacer)
    latencies = [_warm_up(turns, side, task.rate) for side in (0, 1)]
    windows = [window_length(latency, job.rules, task.rate) for latency in latencies]
    count = 2 if max(windows) > job.rules.long else job.rules.slices
    slices = tuple(
        _run_slice(turns, (side, number), task.rate, latencies[side], jitter(random, windows[side]))
        for number, side in enumerate(order_slices(random, count))
    )
    record = TaskRecord(
        cell=task.cell,
        clients=task.clients,
        slices=slices,
        compared=task.compare,
        rate=task.rate,
    )
    return record, turns.rows()


def _warm_up(turns: _Turns, side: int, rate: float | None) -> float:
    first = len(turns)
    until = turns.start(side, WARM_UP)
    window = warm_up_length(0.0, rate)
    while len(turns) - first < MIN_WARM_UP_REQUESTS:
        turns.complete(until, tail_patience(window, rate))
        until = turns.spend(window)
    turns.complete(until, tail_patience(window, rate))
    turns.drain()
    rows = turns.rows(first)
    return float((rows[:, DONE] - rows[:, INTENDED]).mean()) * NS


def _run_slice(
    turns: _Turns, which: tuple[int, int], rate: float | None, latency: float, seconds: float
) -> Slice:
    side, number = which
    first = len(turns)
    start = turns.start(side, number)
    turns.complete(start)
    window_start = turns.spend(ramp_rest(latency, rate))
    window_end = turns.spend(seconds)
    turns.complete(window_end, tail_patience(seconds, rate))
    return Slice(
        side=side,
        start_ns=start,
        window_start_ns=window_start,
        window_end_ns=window_end,
        end_ns=turns.drain(),
        server_cpu=0.0 if turns.models[side].kind is Kind.WAITS else turns.work,
        database_cpu=None,
        client_cpu=_CLIENT_CPU * (len(turns) - first),
    )
