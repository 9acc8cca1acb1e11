"""Chapters 2 and 3: tune both arms, see what fits into the budget, then race in blocks.

A block starts both servers fresh, each on its own copy of the data, and measures every cell. A
block that failed is recorded as such and the next one goes on; two in a row end the race.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from whereasync import plan, results, stats
from whereasync.bench.probing import choose_cells
from whereasync.bench.stage import RACE
from whereasync.bench.tuning import tune
from whereasync.errors import WhereAsyncError
from whereasync.load import drive
from whereasync.model import Block, Fault, Job, Task, TaskRecord
from whereasync.processes.accounting import peak_rss

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whereasync.bench.stage import Service, Stage
    from whereasync.model import Cell, Experiment, Side, SliceRules

FAILED_BLOCKS = 2  # in a row, after which an arm is taken to be broken


def race(stage: Stage, experiment: Experiment, steps: Sequence[plan.Step]) -> None:
    """Walk the steps of the race; every finished one is in the ledger."""
    stage.observer.stage("2 Made fair: load the data of the race")
    stage.project.make_database(RACE, experiment.objects)
    cells: tuple[Cell, ...] = experiment.cells
    with contextlib.ExitStack() as up:
        service = up.enter_context(stage.stand_in(experiment.upstream))
        tune(stage, experiment, steps, service)
        if set(stage.ledger.run.arms) != set(experiment.candidates):
            return  # an arm that can't serve at all: its candidates say why
        try:
            cells = choose_cells(stage, experiment, service)
        except WhereAsyncError as error:
            stage.ledger.note(Fault.of("probe", error))
            return
        blocks = [step for step in steps if isinstance(step, plan.RunBlock)]
        _run_blocks(stage, experiment, blocks, cells, service)


def _run_blocks(
    stage: Stage,
    experiment: Experiment,
    blocks: Sequence[plan.RunBlock],
    cells: Iterable[Cell],
    service: Service,
) -> None:
    undecided = set(cells)
    compared: set[tuple[Side, Side]] = set()
    for step in blocks:
        chosen = [cell for cell in step.cells if cell in undecided]
        if not chosen or _is_broken(stage.ledger.run.blocks):
            return
        stage.observer.stage(f"2 Made fair, 3 What to change: block {step.number + 1}")
        tasks = [_task(cell, list(stage.ledger.run.arms), compared) for cell in chosen]
        stage.ledger.add("blocks", _run_block(stage, step, tasks, experiment.rules, service))
        if step.number + 1 in experiment.looks:
            found = results.compare_cells(stage.ledger.run, stage.ledger.directory.samples)
            undecided -= {each.cell for each in found if stats.is_decided(each.comparison)}


def _task(cell: Cell, roles: Sequence[str], compared: set[tuple[Side, Side]]) -> Task:
    """Return a cell as the load client gets it; a pair's answers are compared the first time."""
    pair = (cell.a, cell.b)
    task = Task(
        cell=cell.name,
        clients=cell.clients,
        targets=(roles.index(cell.a.role), roles.index(cell.b.role)),
        requests=(cell.a.request, cell.b.request),
        compare=0 if pair in compared else plan.COMPARED,
    )
    compared.add(pair)
    return task


def _is_broken(blocks: Sequence[Block]) -> bool:
    last = blocks[-FAILED_BLOCKS:]
    return len(last) == FAILED_BLOCKS and all(task.fault for block in last for task in block.tasks)


def _run_block(
    stage: Stage, step: plan.RunBlock, tasks: Sequence[Task], rules: SliceRules, service: Service
) -> Block:
    scratch = stage.supervisor.directory / f"block-{step.number}"
    try:
        with stage.launch_all(stage.ledger.run.arms, f"block{step.number}", service) as endpoints:
            job = Job(
                targets=stage.targets(endpoints), tasks=tuple(tasks), rules=rules, seed=step.seed
            )
            records = drive.drive(job, spawn=stage.supervisor.spawn, directory=scratch)
            peaks = {role: peak_rss([endpoint.pid]) for role, endpoint in endpoints.items()}
    except WhereAsyncError as error:
        fault = Fault.of("server", error)
        failed = (TaskRecord(cell=task.cell, clients=task.clients, fault=fault) for task in tasks)
        return Block(number=step.number, tasks=tuple(failed))
    for record in records:
        path = drive.samples_path(scratch, record.cell)
        stage.ledger.directory.adopt(record.cell, step.number, path)
    return Block(number=step.number, tasks=tuple(records), peak_rss=peaks)
