"""Runs one task: compares answers, warms both sides up, and lets them work in turns.

One turn of one side: all users start; the **ramp** lasts until each has completed a request, and a
mean latency more; then comes the counted **window**; then the **tail**, until all that was under
way at its end is done, under full load still; then the **drain**, which is thrown away. A newcomer
would count the drain: it favours the more regular latency, by half at short slices (``simulate``).

In the open loop the ramp goes by time, once the first request is done, and the tail lasts until all
that was *intended* in the window is done, or gives up: a backlog may grow without bound.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import numpy as np  # not late: importing it between two windows stalls the loop for 35 ms

from whereasync.errors import BadInputError
from whereasync.load.answers import describe_difference, mask
from whereasync.load.http import Asker, LostAnswerError
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
from whereasync.load.samples import DONE, INTENDED, WARM_UP, Samples
from whereasync.load.users import NS, Users
from whereasync.model import Fault, Slice, TaskRecord, Void
from whereasync.processes.accounting import tree_cpu

if TYPE_CHECKING:
    from collections.abc import Callable

    from whereasync.model import Job, Request, SliceRules, Target, Task

SETTLED = 0.15  # two warm-up windows agree when their mean latencies differ by less
WARM_UP_WINDOWS = 3  # in rules.warm_up seconds
MOST_WARM_UP_WINDOWS = 10


@dataclass(slots=True)
class _Progress:
    """What a task has come to so far, kept when a fault ends it."""

    samples: Samples = field(default_factory=Samples)
    slices: list[Slice] = field(default_factory=list)
    settled: bool = True
    compared: int = 0


async def run_task(
    job: Job, task: Task, warm: set[tuple[int, Request]]
) -> tuple[TaskRecord, Samples]:
    """Run one task of a job; a fault voids the record and ends the task, and never raises.

    ``warm`` has what earlier tasks have warmed up, a target's number and a request, and gets what
    this one does: a server needs that once, the ramp of each slice does the rest. BadInputError is
    raised for a target or a request that can't be had at all.
    """
    progress = _Progress()
    fault = None
    users: list[Users] = []
    try:
        await _compare(job, task, progress)
        users += (_gather_users(job, task, side, progress.samples) for side in (0, 1))
        await _work(job, task, users, progress, warm)
    except LostAnswerError as lost:
        fault = lost.fault
    finally:
        for each in users:
            each.close()
    record = TaskRecord(
        cell=task.cell,
        clients=task.clients,
        slices=tuple(progress.slices),
        settled=progress.settled,
        compared=progress.compared,
        rate=task.rate,
        fault=fault,
    )
    return record, progress.samples


def _gather_users(job: Job, task: Task, side: int, samples: Samples) -> Users:
    return Users(
        job.targets[task.targets[side]],
        task.requests[side],
        side=side,
        clients=task.clients,
        timeout=job.rules.timeout,
        pacer=ClosedLoop() if task.rate is None else OpenLoop(task.rate),
        samples=samples,
    )


async def _work(
    job: Job,
    task: Task,
    users: list[Users],
    progress: _Progress,
    warm: set[tuple[int, Request]],
) -> None:
    rules = job.rules
    random = Random(f"{job.seed} {task.cell}")  # noqa: S311 # an order, not a secret
    for side in order_slices(random, 2):
        warmed = task.targets[side], task.requests[side]
        if warmed not in warm:
            await _warm_up(users[side], rules.warm_up, task.rate, progress)
            warm.add(warmed)
    order = order_slices(random, rules.slices)
    for side in order:
        if len(progress.slices) == 2 and _is_long(progress, rules):
            break  # one pair is enough
        turn = partial(_window, rules, task.rate, jitter(random, 1.0))
        ran = await _run_slice(users[side], side, progress, rate=task.rate, window=turn)
        progress.slices.append(ran)


def _is_long(progress: _Progress, rules: SliceRules) -> bool:
    return any((ran.end_ns - ran.start_ns) * NS > rules.long for ran in progress.slices)


def _window(rules: SliceRules, rate: float | None, jitter: float, latency: float) -> float:
    return window_length(latency, rules, rate) * jitter


async def _run_slice(
    users: Users,
    side: int,
    progress: _Progress,
    *,
    rate: float | None,
    window: Callable[[float], float],
) -> Slice:
    """Run one slice; ``window`` says how long to count, given the ramp's mean latency (s)."""
    await users.connect()
    before = _read_cpu(users.target)
    first = len(progress.samples)
    start = users.start(len(progress.slices))
    await users.complete(start)  # ramp
    latency = _latency(progress.samples, first)
    window_start = await users.work(ramp_rest(latency, rate))
    length = window(latency)
    window_end = await users.work(length)
    await users.complete(window_end, tail_patience(length, rate))  # tail
    end = await users.drain()
    after = _read_cpu(users.target)
    server, database, client = (late - early for early, late in zip(before, after, strict=True))
    return Slice(
        side=side,
        start_ns=start,
        window_start_ns=window_start,
        window_end_ns=window_end,
        end_ns=end,
        server_cpu=server,
        database_cpu=database if users.target.database_pids else None,
        client_cpu=client,
    )


def _read_cpu(target: Target) -> tuple[float, float, float]:
    return tree_cpu(target.server_pids), tree_cpu(target.database_pids), time.process_time()


async def _warm_up(users: Users, seconds: float, rate: float | None, progress: _Progress) -> None:
    """Let one side work until it is steady.

    A window lasts until each user has completed a request, or all that was intended in it is done.
    At least two windows, ``seconds`` and MIN_WARM_UP_REQUESTS are needed; a side that hasn't
    settled after MOST_WARM_UP_WINDOWS, or whose backlog outgrows it, is noted as such, which is a
    caveat and no fault.
    """
    window = warm_up_length(seconds / WARM_UP_WINDOWS, rate)
    await users.connect()
    start = users.start(WARM_UP)
    first, latencies = len(progress.samples), list[float]()
    for _ in range(MOST_WARM_UP_WINDOWS):
        since = len(progress.samples)
        until = await users.work(window)
        end = await users.complete(until, tail_patience(window, rate))
        if users.is_behind:
            progress.settled = False
            break
        latencies.append(_latency(progress.samples, since))
        enough = len(progress.samples) - first >= MIN_WARM_UP_REQUESTS
        if enough and (end - start) * NS >= seconds and _is_settled(latencies):
            break
    else:
        progress.settled = False
    await users.drain()


def _is_settled(latencies: list[float]) -> bool:
    if len(latencies) < 2:
        return False
    last, latest = latencies[-2:]
    return abs(latest - last) <= SETTLED * max(last, latest)


def _latency(samples: Samples, first: int) -> float:
    """Return the mean latency (s) of all requests since row ``first``."""
    rows = samples.rows(first)
    return float(np.mean(rows[:, DONE] - rows[:, INTENDED])) * NS


# ---------------------------------------------------------------- the same answers?


async def _compare(job: Job, task: Task, progress: _Progress) -> None:
    """Compare ``task.compare`` answers of each side, asked for in turns, with the very first."""
    if not task.compare:
        return
    askers = [Asker(job.targets[number], job.rules.timeout) for number in task.targets]
    expected: bytes | None = None
    try:
        for _ in range(task.compare):
            for side in (0, 1):
                answer = await askers[side].ask(task.requests[side])
                body = _mask(answer.body, task.requests[side])
                expected = body if expected is None else expected
                if body != expected:
                    raise LostAnswerError(_differ(expected, body, side))
            progress.compared += 1
    finally:
        for asker in askers:
            asker.close()


def _mask(body: bytes, request: Request) -> bytes:
    try:
        return mask(body, request)
    except BadInputError as error:
        raise LostAnswerError(Fault.of(Void.RECIPE, error)) from None


def _differ(expected: bytes, body: bytes, side: int) -> Fault:
    place = describe_difference(expected, body)
    return Fault(
        kind=Void.ANSWERS_DIFFER,
        detail=f"an answer of {'ab'[side]} isn't the first one: {place}",
        hint="make both do the same work, or declare what may differ as volatile",
    )
