"""What async costs on a stack, and what became of it, from simulated runs with known truths."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.model import Fault, Void
from whereasync.results import Results, derive
from whereasync.stats import ALPHA, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Run
    from whereasync.results.premium import Change

THEN, NOW, LTS = "async-get-stack1-16", "async-get-stack2-16", "async-get-stack3-16"
FAULT = Fault(kind=Void.STATUS, detail="500 instead of 200", hint="look at the log")
CPU = 2.5  # how much more CPU a request `dear` makes of a side


def run(path: Path, gains: synthetic.Gains, number: int = 2) -> Results:
    """Race these cells on so many stacks, and read what came of it."""
    planned = synthetic.several_stacks(number)
    directory, raced = synthetic.race(path / "run", planned, gains, command="stacks")
    return derive(raced, directory.samples)


def read_changes(results: Results) -> tuple[Change, ...]:
    """Return what has changed."""
    assert results.premium
    return results.premium.changes


def test_cpu_is_compared_beside_throughput(tmp_path: Path) -> None:
    """Above 1, B is cheaper, as everywhere B is better; with interval and verdict."""
    results = run(tmp_path, {THEN: 0.8})
    assert results.premium
    cpu = results.premium.cpu[THEN]
    assert (cpu.verdict, cpu.winner, cpu.blocks) == (Verdict.FASTER, "a", 6)
    assert cpu.ratio == pytest.approx(0.8, rel=0.02)
    assert cpu.low is not None
    assert cpu.high is not None
    assert cpu.ratio is not None
    assert cpu.low < cpu.ratio < cpu.high
    assert read_changes(results) == ()


def test_cpu_and_throughput_are_two_things(tmp_path: Path) -> None:
    """A server that waits is slower at the same cost, and one that works costs more."""
    directory, raced = synthetic.race(
        tmp_path / "run", synthetic.several_stacks(), {THEN: 1.0}, command="stacks"
    )
    results = derive(make_dear(raced, side=1), directory.samples)
    [cell] = results.cells
    assert results.premium
    assert cell.comparison.verdict is Verdict.SAME
    assert results.premium.cpu[THEN].ratio == pytest.approx(1 / CPU, rel=0.02)


def make_dear(raced: Run, *, side: int) -> Run:
    """Return the run with more CPU in each slice of a side."""
    blocks = []
    for block in raced.blocks:
        tasks = []
        for task in block.tasks:
            slices = [
                replace(ran, server_cpu=CPU * ran.server_cpu) if ran.side == side else ran
                for ran in task.slices
            ]
            tasks.append(replace(task, slices=tuple(slices)))
        blocks.append(replace(block, tasks=tuple(tasks)))
    return replace(raced, blocks=tuple(blocks))


def test_a_change_is_a_ratio_of_ratios(tmp_path: Path) -> None:
    """Above 1 async is better off: 0.9 of sync, where it was 0.72."""
    [change] = read_changes(run(tmp_path, {THEN: 0.72, NOW: 0.9}))
    assert (change.topic, change.clients, change.role) == ("GET", 16, "stack2")
    assert (change.before, change.after) == (THEN, NOW)
    for comparison in (change.cpu, change.throughput):
        assert comparison.ratio == pytest.approx(1.25, rel=0.02)
        assert (comparison.verdict, comparison.winner) == (Verdict.FASTER, "b")


def test_what_a_block_did_to_both_cells_cancels_out(tmp_path: Path) -> None:
    """Blocks are paired: luck that both cells share is none of the change's doubt."""
    luck = (1.3, 0.8, 1.25, 0.85, 1.2, 0.9)
    then = [0.8 * each for each in luck]
    now = [0.88 * each for each in luck]
    [change] = read_changes(run(tmp_path, {THEN: then, NOW: now}))
    assert change.throughput.verdict is Verdict.FASTER
    assert change.throughput.ratio == pytest.approx(1.1, rel=0.02)
    assert change.throughput.sd == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize(
    ("now", "verdict", "winner"),
    [
        (0.8, Verdict.SAME, None),
        (0.7, Verdict.FASTER, "a"),
        (synthetic.DOUBTFUL, Verdict.INCONCLUSIVE, None),
    ],
)
def test_a_change_has_the_verdicts_of_any_cell(
    tmp_path: Path, now: float | tuple[float, ...], verdict: Verdict, winner: str | None
) -> None:
    """By the same rules."""
    [change] = read_changes(run(tmp_path, {THEN: 0.8, NOW: now}))
    assert (change.cpu.verdict, change.cpu.winner) == (verdict, winner)


@pytest.mark.parametrize("spoilt", [THEN, NOW])
def test_a_void_cell_voids_what_rests_on_it(tmp_path: Path, spoilt: str) -> None:
    """Its CPU, and the change; the other stack's figures stand."""
    directory, raced = synthetic.race(
        tmp_path / "run", synthetic.several_stacks(), {THEN: 0.8, NOW: 0.9}, command="stacks"
    )
    results = derive(synthetic.spoil(raced, spoilt, 3, fault=FAULT), directory.samples)
    assert results.premium
    [change] = results.premium.changes
    [other] = {THEN, NOW} - {spoilt}
    for comparison in (change.cpu, change.throughput, results.premium.cpu[spoilt]):
        assert (comparison.verdict, comparison.reason) == (Verdict.VOID, FAULT)
        assert comparison.ratio is None
    assert results.premium.cpu[other].verdict is Verdict.FASTER


def test_only_blocks_that_both_have_are_paired(tmp_path: Path) -> None:
    """A run that was cut short in the middle of a block has one less."""
    directory, raced = synthetic.race(
        tmp_path / "run", synthetic.several_stacks(), {THEN: 0.8, NOW: 0.9}, command="stacks"
    )
    *whole, last = raced.blocks
    first = tuple(task for task in last.tasks if task.cell == THEN)
    cut = replace(raced, blocks=(*whole, replace(last, tasks=first)))
    [change] = read_changes(derive(cut, directory.samples))
    assert change.cpu.blocks == 5
    assert change.cpu.verdict is Verdict.INCONCLUSIVE


def test_each_stack_is_compared_with_the_first(tmp_path: Path) -> None:
    """Also the third."""
    changes = read_changes(run(tmp_path, {THEN: 0.8, NOW: 0.9, LTS: 1.0}, 3))
    assert [(each.role, each.before) for each in changes] == [("stack2", THEN), ("stack3", THEN)]
    assert [each.cpu.ratio for each in changes] == [
        pytest.approx(0.9 / 0.8, rel=0.02),
        pytest.approx(1.0 / 0.8, rel=0.02),
    ]


def test_without_the_first_stacks_cell_there_is_no_change(tmp_path: Path) -> None:
    """A small budget may have left it out."""
    results = run(tmp_path, {NOW: 0.9})
    assert read_changes(results) == ()
    assert results.premium
    assert set(results.premium.cpu) == {NOW}


def test_all_comparisons_of_a_run_are_one_family(tmp_path: Path) -> None:
    """So with many of them a verdict is harder: levels are those of stats.compare."""
    results = run(tmp_path, {THEN: 0.8, NOW: 1.0})
    assert results.premium
    one, other = (results.premium.cpu[name] for name in (THEN, NOW))
    [change] = results.premium.changes
    assert one.level == change.cpu.level == pytest.approx(1 - ALPHA * 3 / 4)
    assert other.level == pytest.approx(1 - ALPHA)


def test_cells_of_aadd_and_between_stacks_have_their_cpu_and_are_no_premium(
    tmp_path: Path,
) -> None:
    """They answer other questions."""
    gains = {"since-get-async-stack2-16": 1.2, "aadd-wrapped-stack2-16": 0.9}
    results = run(tmp_path, gains)
    assert results.premium
    assert results.premium.changes == ()
    ratios = {name: each.ratio for name, each in results.premium.cpu.items()}
    assert ratios == {name: pytest.approx(gain, rel=0.02) for name, gain in gains.items()}


def test_a_block_whose_clock_saw_no_cpu_is_left_out(tmp_path: Path) -> None:
    """A slice shorter than the clock's tick: no cost is known, and none is made up."""
    directory, raced = synthetic.race(
        tmp_path / "run", synthetic.several_stacks(), {THEN: 0.8}, command="stacks"
    )
    [task] = [task for task in raced.blocks[2].tasks if task.cell == THEN]
    idle = tuple(replace(ran, server_cpu=0.0) for ran in task.slices)
    results = derive(synthetic.spoil(raced, THEN, 2, slices=idle), directory.samples)
    [cell] = results.cells
    assert cell.log_cpu is not None
    assert sorted(cell.log_cpu) == [0, 1, 3, 4, 5]
    assert all(map(math.isfinite, cell.log_cpu.values()))
    assert results.premium
    assert results.premium.cpu[THEN].blocks == 5


def test_a_run_on_one_interpreter_has_no_premium(tmp_path: Path) -> None:
    """A race between two arms is no question of stacks."""
    directory, raced = synthetic.race(tmp_path / "run", synthetic.two_arms(), {"race-8": 1.5})
    assert derive(raced, directory.samples).premium is None
