"""The race: tune the arms, see what fits into the budget, then measure in blocks.

A block starts all servers fresh, each on its own copy of the data, and measures every cell that is
still open. A cell that failed in a block is void, so it gets no other; the rest goes on.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from whereasync import plan
from whereasync.bench import blame, dryrun, timekeeping
from whereasync.bench.metering import reading
from whereasync.bench.probing import choose_cells
from whereasync.bench.tuning import tune
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.load import drive, samples
from whereasync.load.samples import SIDE, STATUS
from whereasync.model import Block, Fault, Job, Task, TaskRecord, Void

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from whereasync.bench.stage import Stage
    from whereasync.model import Cell, Experiment, Side, SliceRules
    from whereasync.results import CellResult


def race(stage: Stage, experiment: Experiment, steps: Sequence[plan.Step]) -> None:
    """Walk the steps of the race; every finished one is in the ledger."""
    stage.observer.stage("load the data of the race")
    stage.project.load_race(experiment.objects)
    with contextlib.ExitStack() as up:
        stage = up.enter_context(stage.calling(experiment.upstream))
        if experiment.is_whole:
            _require_room(stage, experiment)  # what was prepared may have taken all of it
            dryrun.check(stage, experiment)
            _require_room(stage, experiment)
        dryrun.check_stacks(stage, experiment)
        tune(stage, experiment, steps)
        if set(stage.ledger.run.arms) != set(experiment.candidates):
            return  # an arm that can't serve at all: its candidates say why
        try:
            experiment = choose_cells(stage, experiment)
        except BadInputError:
            raise
        except WhereAsyncError as error:
            stage.ledger.note(Fault.of("probe", error))
            return
        blocks = [step for step in steps if isinstance(step, plan.RunBlock)]
        _run_blocks(stage, experiment, blocks)


def _run_blocks(
    stage: Stage,
    experiment: Experiment,
    blocks: Sequence[plan.RunBlock],
) -> None:
    undecided = set(experiment.cells)
    compared: set[tuple[Side, Side]] = set()
    took: list[float] = []  # s, each block with its servers' starts
    for step in blocks:
        chosen = [cell for cell in step.cells if cell in undecided]
        if not chosen:
            return
        if not timekeeping.has_time(experiment, stage.ledger.elapsed, took):
            _end_early(stage, experiment, took)
            return  # the budget ends before the next look: what there is by now is read
        began = stage.ledger.elapsed
        stage.observer.stage(f"block {step.number + 1}, {_name(chosen)}")
        tasks = [_task(cell, list(stage.ledger.run.arms), compared) for cell in chosen]
        block = _run_block(stage, step, tasks, experiment.rules)
        stage.ledger.add("blocks", block)
        failed = {task.cell for task in block.tasks if task.fault}
        undecided = {cell for cell in undecided if cell.name not in failed}
        took.append(stage.ledger.elapsed - began)
        if step.number + 1 in experiment.looks and not experiment.is_paired:
            found = stage.ledger.compare()
            undecided -= {each.cell for each in found if each.is_decided(experiment.worst)}
        elif step.number == 0 and any(cell.rate for cell in chosen):
            undecided -= {each.cell for each in stage.ledger.compare() if _is_hopeless(each)}


def _is_hopeless(result: CellResult) -> bool:
    """Tell whether a server can't do the rate, which no further block would change."""
    reason = result.comparison.reason
    return reason is not None and reason.kind == Void.NOT_SUSTAINED


def _require_room(stage: Stage, experiment: Experiment) -> None:
    timekeeping.require_room(experiment, stage.ledger.elapsed, stage.ledger.starts)


def _end_early(stage: Stage, experiment: Experiment, took: Sequence[float]) -> None:
    """Note why there are too few blocks for a verdict, if there are."""
    if said := timekeeping.describe_end(experiment, stage.ledger.elapsed, took):
        what, hint = said
        stage.ledger.note(Fault(kind="budget", detail=what, hint=hint))


def _name(cells: Sequence[Cell]) -> str:
    return f"{len(cells)} cell{'s' * (len(cells) > 1)}"


def _task(cell: Cell, roles: Sequence[str], compared: set[tuple[Side, Side]]) -> Task:
    """Return a cell as the load client gets it; a pair's answers are compared the first time."""
    pair = (cell.a, cell.b)
    task = Task(
        cell=cell.name,
        clients=cell.clients,
        targets=(roles.index(cell.a.role), roles.index(cell.b.role)),
        requests=(cell.a.request, cell.b.request),
        compare=plan.count_answers(cell) if cell.is_same_work and pair not in compared else 0,
        rate=cell.rate,
    )
    compared.add(pair)
    return task


def _run_block(
    stage: Stage,
    step: plan.RunBlock,
    tasks: Sequence[Task],
    rules: SliceRules,
) -> Block:
    scratch = stage.supervisor.directory / f"block-{step.number}"
    name = f"block{step.number}"
    try:
        with stage.launch_all(stage.ledger.run.arms, name) as endpoints:
            job = Job(
                targets=stage.targets(endpoints), tasks=tuple(tasks), rules=rules, seed=step.seed
            )
            with reading(stage, endpoints, name) as meter:
                records = drive.drive(job, spawn=stage.supervisor.spawn, directory=scratch)
            records = tuple(blame.explain(record, endpoints.values()) for record in records)
    except WhereAsyncError as error:
        fault = blame.find_cause(error)
        failed = (TaskRecord(cell=task.cell, clients=task.clients, fault=fault) for task in tasks)
        return Block(number=step.number, tasks=tuple(failed))
    requests = _count_requests(job, records, list(stage.ledger.run.arms), scratch)
    for record in records:
        path = drive.samples_path(scratch, record.cell)
        stage.ledger.directory.adopt(record.cell, step.number, path)
    return Block(
        number=step.number,
        tasks=records,
        costs=meter.costs(requests),
        peaks=meter.peaks(job, records),
    )


def _count_requests(
    job: Job, records: Iterable[TaskRecord], roles: Sequence[str], scratch: Path
) -> Counter[str]:
    """Return how many requests each role answered: warm-up, comparison and all."""
    answered: Counter[str] = Counter()
    for task, record in zip(job.tasks, records, strict=True):
        rows = samples.load(drive.samples_path(scratch, record.cell))
        for side, target in enumerate(task.targets):
            done = ((rows[:, SIDE] == side) & (rows[:, STATUS] != 0)).sum()
            answered[roles[target]] += int(done) + record.compared
    return answered
