"""Chapters 2 and 3: tune both arms, see what fits into the budget, then race in blocks.

A block starts both servers fresh, each on its own copy of the data, and measures every cell. A
block that failed is recorded as such and the next one goes on; two in a row end the race.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync import plan, results, stats
from whereasync.errors import WhereAsyncError
from whereasync.load import drive, samples
from whereasync.load.drive import samples_path
from whereasync.load.throughput import measure_side
from whereasync.model import Block, Fault, Job, SliceRules, SweepPoint, Task
from whereasync.processes.accounting import peak_rss

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from whereasync.bench.stage import Service, Stage
    from whereasync.model import Arm, Cell, Experiment, Side, Target, TaskRecord
    from whereasync.servers import Endpoint

DATABASE = "race"
COMPARED = 20  # answers of each side, METHOD: "at least 20 answers of each arm"
TUNING = SliceRules(window=0.3, slices=2, warm_up=0.2)
PROBING = SliceRules(window=0.1, slices=2, warm_up=0.1)
FAILED_BLOCKS = 2  # in a row, after which an arm is taken to be broken


def race(stage: Stage, experiment: Experiment, steps: Sequence[plan.Step]) -> None:
    """Walk the steps of the race; every finished one is in the ledger."""
    stage.observer.stage("2 Made fair: load the data of the race")
    stage.project.make_database(DATABASE, experiment.objects)
    cells: tuple[Cell, ...] = experiment.cells
    with contextlib.ExitStack() as up:
        service = up.enter_context(stage.stand_in(experiment.upstream))
        _tune(stage, experiment, steps, service)
        if set(stage.ledger.run.arms) != set(experiment.candidates):
            return  # an arm that can't serve at all: its candidates say why
        try:
            cells = _choose_cells(stage, experiment, service)
        except WhereAsyncError as error:
            stage.ledger.note(_fault("probe", error))
            return
        blocks = [step for step in steps if isinstance(step, plan.RunBlock)]
        _run_blocks(stage, experiment, blocks, cells, service)


def _fault(kind: str, error: WhereAsyncError) -> Fault:
    return Fault(kind=kind, detail=error.what, hint=error.hint)


# ---------------------------------------------------------------- tuning


def _tune(
    stage: Stage, experiment: Experiment, steps: Iterable[plan.Step], service: Service
) -> None:
    """Choose each role's arm: the fastest candidate in the geometric mean of the sweep's cells."""
    tries = [step for step in steps if isinstance(step, plan.TryCandidate)]
    points = []
    for step in tries:
        if len(experiment.candidates[step.role]) == 1:
            points.append(SweepPoint(role=step.role, arm=step.arm))
            continue
        stage.observer.stage(f"2 Made fair: tune {step.arm}")
        points.append(_try(stage, experiment, step, service))
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


def _try(
    stage: Stage, experiment: Experiment, step: plan.TryCandidate, service: Service
) -> SweepPoint:
    sides = {
        cell.name: (side, cell.clients)
        for cell in experiment.sweep
        for side in (cell.a, cell.b)
        if side.role == step.role
    }
    try:
        with _serve(stage, {step.role: step.arm}, "sweep", service) as endpoints:
            reached = _measure_alone(stage, endpoints, sides, TUNING)
    except WhereAsyncError as error:
        return SweepPoint(role=step.role, arm=step.arm, fault=_fault("server", error))
    faults = [each for each in reached.values() if isinstance(each, Fault)]
    return SweepPoint(
        role=step.role,
        arm=step.arm,
        throughput={
            name: 1 / demand.latency * sides[name][1]
            for name, demand in reached.items()
            if isinstance(demand, plan.Demand)
        },
        fault=faults[0] if faults else None,
    )


# ---------------------------------------------------------------- what fits


def _choose_cells(stage: Stage, experiment: Experiment, service: Service) -> tuple[Cell, ...]:
    """Measure what one request of each kind needs, and take the cells that fit the budget."""
    stage.observer.stage("2 Made fair: see what fits into the budget")
    arms = stage.ledger.run.arms
    sides = {side: side for cell in experiment.cells for side in (cell.a, cell.b)}
    with _serve(stage, arms, "probe", service) as endpoints:
        reached = _measure_alone(
            stage,
            endpoints,
            {f"side-{number}": (side, 1) for number, side in enumerate(sides)},
            PROBING,
        )
    found = dict(zip(sides, reached.values(), strict=True))
    demands = {side: each for side, each in found.items() if isinstance(each, plan.Demand)}
    faults = {side: each for side, each in found.items() if isinstance(each, Fault)}
    left_out = {}
    threads = {role: _threads(arm) for role, arm in arms.items()}
    possible = [cell for cell in experiment.cells if {cell.a, cell.b} <= set(demands)]
    costs = {
        cell.name: plan.cell_cost(cell, demands, threads, experiment.rules) for cell in possible
    }
    budget = None if experiment.budget is None else experiment.budget - stage.ledger.elapsed
    blocks = experiment.looks[0]
    kept = plan.fit(possible, costs, budget, blocks)
    for cell in experiment.cells:
        if cell not in possible:
            fault = next(faults[side] for side in (cell.a, cell.b) if side in faults)
            left_out[cell.name] = f"{fault.kind}: {fault.detail}"
        elif cell not in kept:
            left_out[cell.name] = f"needs about {blocks * costs[cell.name]:.0f} s more"
    stage.ledger.set(left_out=left_out)
    _announce(stage, kept, costs, blocks, len(left_out))
    return kept


def _announce(
    stage: Stage, kept: Sequence[Cell], costs: Mapping[str, float], blocks: int, out: int
) -> None:
    each = plan.BLOCK_START + sum(costs[cell.name] for cell in kept)
    if kept:
        stage.observer.expect(stage.ledger.elapsed + blocks * each)
        said = f"The race: {blocks} blocks of {len(kept)} cells, about {each:.0f} s each."
    else:
        said = f"The budget is too small for {blocks} blocks of any cell: no race."
    if out:
        said += f" Left out for time: {out} cells; `whereasync demo --full` measures all."
    stage.observer.notice(said)


def _threads(arm: Arm) -> int | None:
    threads = arm.options.get("threads")
    return int(threads) if threads else None


def _measure_alone(
    stage: Stage,
    endpoints: Mapping[str, Endpoint],
    sides: Mapping[str, tuple[Side, int]],
    rules: SliceRules,
) -> dict[str, plan.Demand | Fault]:
    """Return what each side's request needs at its number of clients, or why it failed.

    ``latency`` is the mean of a closed loop, clients ÷ throughput.
    """
    roles = list(endpoints)
    job = Job(
        targets=_targets(stage, endpoints),
        tasks=tuple(
            Task(
                cell=name,
                clients=clients,
                targets=(roles.index(side.role),) * 2,
                requests=(side.request,) * 2,
            )
            for name, (side, clients) in sides.items()
        ),
        rules=rules,
        seed=stage.ledger.run.seed,
    )
    scratch = stage.supervisor.directory / "alone"
    records = drive.drive(job, spawn=stage.supervisor.spawn, directory=scratch)
    return {record.cell: _demand(record, scratch) for record in records}


def _demand(record: TaskRecord, scratch: Path) -> plan.Demand | Fault:
    if record.fault:
        return record.fault
    rows = samples.load(samples_path(scratch, record.cell))
    both = [measure_side(rows, record, side) for side in (0, 1)]
    throughput = sum(side.throughput for side in both) / 2
    cpu = sum(side.server_cpu_per_request for side in both) / 2
    return plan.Demand(latency=record.clients / throughput, server_cpu=cpu)


# ---------------------------------------------------------------- blocks


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
        stage.ledger.add("blocks", _run_block(stage, experiment, step, chosen, compared, service))
        if step.number + 1 in experiment.looks:
            found = results.compare_cells(stage.ledger.run, stage.ledger.directory.samples)
            undecided -= {each.cell for each in found if stats.is_decided(each.comparison)}


def _is_broken(blocks: Sequence[Block]) -> bool:
    last = blocks[-FAILED_BLOCKS:]
    return len(last) == FAILED_BLOCKS and all(block.fault for block in last)


def _run_block(  # noqa: PLR0913, PLR0917 # a block has that many sides
    stage: Stage,
    experiment: Experiment,
    step: plan.RunBlock,
    cells: Sequence[Cell],
    compared: set[tuple[Side, Side]],
    service: Service,
) -> Block:
    arms = stage.ledger.run.arms
    try:
        with _serve(stage, arms, f"block{step.number}", service) as endpoints:
            roles = list(endpoints)
            tasks = []
            for cell in cells:
                pair = (cell.a, cell.b)
                tasks.append(
                    Task(
                        cell=cell.name,
                        clients=cell.clients,
                        targets=(roles.index(cell.a.role), roles.index(cell.b.role)),
                        requests=(cell.a.request, cell.b.request),
                        compare=0 if pair in compared else COMPARED,
                    )
                )
                compared.add(pair)
            job = Job(
                targets=_targets(stage, endpoints),
                tasks=tuple(tasks),
                rules=experiment.rules,
                seed=step.seed,
            )
            scratch = stage.supervisor.directory / f"block-{step.number}"
            records = drive.drive(job, spawn=stage.supervisor.spawn, directory=scratch)
            peaks = {role: peak_rss([endpoint.pid]) for role, endpoint in endpoints.items()}
    except WhereAsyncError as error:
        return Block(number=step.number, tasks=(), fault=_fault("server", error))
    for record in records:
        path = samples_path(scratch, record.cell)
        stage.ledger.directory.adopt(record.cell, step.number, path)
    return Block(number=step.number, tasks=tuple(records), peak_rss=peaks)


def _targets(stage: Stage, endpoints: Mapping[str, Endpoint]) -> tuple[Target, ...]:
    return tuple(endpoint.target(stage.database.pids) for endpoint in endpoints.values())


@contextlib.contextmanager
def _serve(
    stage: Stage, arms: Mapping[str, Arm], name: str, service: Service
) -> Iterator[dict[str, Endpoint]]:
    """Start each arm fresh, on a copy of the race's data of its own."""
    with contextlib.ExitStack() as up:
        endpoints = {}
        for role, arm in arms.items():
            database = f"{name}_{role}"
            dsn = stage.database.create(database, template=DATABASE)
            up.callback(stage.database.drop, database)
            endpoints[role] = up.enter_context(stage.launch(arm, dsn, service))
        yield endpoints
