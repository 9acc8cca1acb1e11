"""Runs of ``demo streaming`` and ``demo idle`` that never happened, in real run directories."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from tests import synthetic

from whereasync.demo import idle, streaming
from whereasync.load import samples
from whereasync.load.idle import BEGUN, COLUMNS, CONNECTED, EVENTS, FIRST, STATUS
from whereasync.load.samples import DONE, FIRST_BYTE, INTENDED, SIDE
from whereasync.model import Block, Cost, Fault, IdlePlan, IdleRecord, IdleTrial

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Cell, Run
    from whereasync.store import RunDirectory

EARLY = 0.25  # of a streamed answer's time, when its first byte comes
MEGABYTES = {"whole": 400, "streamed": 100}  # of a server whose view fetches that way
FULL = streaming.Length.FULL
SECOND = 1_000_000_000  # ns
TIMEOUT = Fault(kind="timeout", detail="No answer within 2 s", hint="look at the server's log")


def stream(
    path: Path, gains: synthetic.Gains, *, blocks: int = 6, **changes: Any
) -> tuple[RunDirectory, Run]:
    """Race the cells named in ``gains``, throughput async ÷ sync; what is streamed comes early.

    The sync sides all do the reference's work.
    """
    planned = streaming.build(clients=(1, 64), rates="full", length=FULL, seed=7)
    planned = replace(planned, rules=synthetic.RULES)
    arms = {role: arms[0] for role, arms in planned.candidates.items()}
    directory, run = synthetic.race(
        path, planned, gains, blocks=blocks, command="streaming", arms=arms, **changes
    )
    cells = {cell.name: cell for cell in planned.cells if cell.name in gains}
    for block in run.blocks:
        for cell in cells.values():
            _set_first_bytes(directory, cell, block.number)
    run = replace(run, blocks=tuple(_add_costs(each, cells) for each in run.blocks))
    directory.save(run)
    return directory, run


def _set_first_bytes(directory: RunDirectory, cell: Cell, block: int) -> None:
    rows = directory.samples(cell.name, block).copy()
    for number, side in enumerate((cell.a, cell.b)):
        variant = streaming.read_variant(side)
        is_early = variant.is_native and variant.fetch == variant.answer == streaming.STREAMED
        mine = rows[:, SIDE] == number
        lives = rows[mine, DONE] - rows[mine, INTENDED]
        rows[mine, FIRST_BYTE] = rows[mine, INTENDED] + lives * (EARLY if is_early else 1.0)
    aside = directory.path / "changed.npy"
    samples.save(aside, rows)
    directory.adopt(cell.name, block, aside)


def _add_costs(block: Block, cells: dict[str, Cell]) -> Block:
    sides = [side for cell in cells.values() for side in (cell.a, cell.b)]
    return replace(
        block,
        costs={
            side.role: Cost(
                peak_rss=MEGABYTES[streaming.read_variant(side).fetch] * 1_000_000 + block.number
            )
            for side in sides
        },
    )


# ---------------------------------------------------------------- idle


def hold(
    path: Path, served: dict[str, int | Fault], *, clients: int = 100, **changes: Any
) -> tuple[RunDirectory, Run]:
    """Hold clients at each role that is named: so many are served, or the trial has that fault.

    Three turns, of which the second takes a tenth more memory and three times the CPU. Who serves
    fewer than all answers no visitor.
    """
    plan = idle.build(clients=clients, is_quick=False, seed=7)
    planned = streaming.build(clients=(1,), rates="full", length=FULL, seed=7)
    arms = {each.role: each.arm for each in plan.arms}
    directory, run = synthetic.begin(path, planned, command="idle", idle=plan, arms=arms, **changes)
    trials = []
    for repeat in range(plan.repeats):
        for role, much in served.items():
            trials.append(_try(directory, plan, role, repeat, much))
    run = replace(run, experiment=None, idle_trials=tuple(trials))
    directory.save(run)
    return directory, run


def _try(
    directory: RunDirectory, plan: IdlePlan, role: str, repeat: int, served: int | Fault
) -> IdleTrial:
    if not isinstance(served, int):
        return IdleTrial(role=role, repeat=repeat, fault=served)
    rows = np.zeros((plan.clients, len(COLUMNS)), dtype=np.int64)
    rows[:, BEGUN] = SECOND
    rows[:, CONNECTED] = SECOND + 1_000_000
    rows[:served, STATUS] = 200
    rows[:served, EVENTS] = 1
    rows[:served, FIRST] = SECOND + np.arange(1, served + 1) * 1_000_000
    aside = directory.path / "idle.npy"
    samples.save(aside, rows)
    directory.adopt(role, repeat, aside)
    much = 1.1 if repeat == 1 else 1.0
    is_full = served < plan.clients
    return IdleTrial(
        role=role,
        repeat=repeat,
        record=IdleRecord(
            asked=plan.clients,
            baseline_threads=2,
            baseline_rss=80_000_000,
            threads=served + 2,
            rss=80_000_000 + round(30_000_000 * much),
            hold=5.0,
            cpu=0.75 if repeat == 1 else 0.25,
            visits=() if is_full else (0.002, 0.003, 0.010),
            visit_fault=TIMEOUT if is_full else None,
            kept=served if is_full else 0,
        ),
    )
