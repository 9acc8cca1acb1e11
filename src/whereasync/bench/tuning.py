"""Chooses each role's best-tuned arm before the race. What it measures never enters it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync import plan, stats
from whereasync.errors import WhereAsyncError
from whereasync.load import drive, samples
from whereasync.load.throughput import measure_side
from whereasync.model import Fault, Job, SliceRules, SweepPoint, Task, Void

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from whereasync.bench.stage import Stage
    from whereasync.model import Experiment, TaskRecord
    from whereasync.servers import Endpoint

RULES = SliceRules(window=0.2, latencies=1.0, slices=2, warm_up=0.1)


def tune(stage: Stage, experiment: Experiment, steps: Iterable[plan.Step]) -> None:
    """Choose the fastest candidate of each role, in the geometric mean over the sweep's cells.

    A role with one candidate isn't measured. A candidate that fails is recorded as a failure; a
    role of which all fail gets no arm.
    """
    points = []
    for step in steps:
        if not isinstance(step, plan.TryCandidate):
            continue
        if len(experiment.candidates[step.role]) == 1:
            points.append(SweepPoint(role=step.role, arm=step.arm))
            continue
        stage.observer.stage(f"tune {step.arm}")
        points.append(_try(stage, experiment, step))
    best = {
        role: max(
            (point for point in points if point.role == role and not point.fault),
            key=lambda point: stats.geometric_mean(list(point.throughput.values()) or [1.0]),
            default=None,
        )
        for role in experiment.candidates
    }
    stage.ledger.set(
        arms={role: point.arm for role, point in best.items() if point},
        sweep=tuple(replace(point, chosen=point is best[point.role]) for point in points),
    )


def _try(stage: Stage, experiment: Experiment, step: plan.TryCandidate) -> SweepPoint:
    try:
        with stage.launch_all({step.role: step.arm}, "sweep") as endpoints:
            reached = _measure(stage, experiment, step.role, endpoints)
    except WhereAsyncError as error:
        fault = Fault.of(Void.SERVER, error)
        return SweepPoint(role=step.role, arm=step.arm, fault=fault)
    faults = [each for each in reached.values() if isinstance(each, Fault)]
    return SweepPoint(
        role=step.role,
        arm=step.arm,
        throughput={name: each for name, each in reached.items() if not isinstance(each, Fault)},
        fault=faults[0] if faults else None,
    )


def _measure(
    stage: Stage, experiment: Experiment, role: str, endpoints: dict[str, Endpoint]
) -> dict[str, float | Fault]:
    """Return each sweep cell's throughput on the only endpoint, which takes both sides' turns."""
    tasks = [
        Task(
            cell=cell.name,
            clients=cell.clients,
            targets=(0, 0),
            requests=(side.request, side.request),
        )
        for cell in experiment.sweep
        for side in (cell.a, cell.b)
        if side.role == role
    ]
    job = Job(
        targets=stage.targets(endpoints),
        tasks=tuple(tasks),
        rules=RULES,
        seed=stage.ledger.run.seed,
    )
    scratch = stage.supervisor.directory / "sweep"
    records = drive.drive(job, spawn=stage.supervisor.spawn, directory=scratch)
    return {record.cell: _throughput(record, scratch) for record in records}


def _throughput(record: TaskRecord, scratch: Path) -> float | Fault:
    if record.fault:
        return record.fault
    rows = samples.load(drive.samples_path(scratch, record.cell))
    return sum(measure_side(rows, record, side).throughput for side in (0, 1)) / 2
