"""What async costs on each stack, in CPU a request, and how that changed, from known truths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.demo.stacks import Choices, build
from whereasync.results import derive
from whereasync.stacks import NAMED
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.results.premium import Premiums

STACKS = {"stack1": NAMED["article"], "stack2": NAMED["latest"]}
PLANNED = build(STACKS, ["stack2"], Choices(seed=7))
BLOCKS_MOVE = (0.6, 1.5, 0.8, 1.3, 0.7, 1.1)  # what each block does to every cell


def find(path: Path, gains: synthetic.Gains, stacks: int = 2) -> Premiums:
    """Return the premiums of a race with these true ratios, async ÷ sync."""
    roles = [f"stack{number + 1}" for number in range(stacks)]
    directory, run = synthetic.race(
        path, PLANNED, gains, command="stacks", arms={}, stacks={role: {} for role in roles}
    )
    found = derive(run, directory.samples).premiums
    assert found
    return found


def test_a_price_is_cpu_and_above_one_async_is_the_cheaper(tmp_path: Path) -> None:
    """Work for work, the stacks in their order."""
    found = find(tmp_path, {"async-get-stack1-4": 0.5, "async-get-stack2-4": 0.8})
    assert [(each.work, each.role, each.clients) for each in found.within] == [
        ("GET", "stack1", 4),
        ("GET", "stack2", 4),
    ]
    assert [each.cpu.ratio for each in found.within] == [
        pytest.approx(0.5, rel=0.02),
        pytest.approx(0.8, rel=0.02),
    ]
    assert {each.cpu.winner for each in found.within} == {"a"}


def test_a_change_is_a_ratio_of_ratios_within_the_block(tmp_path: Path) -> None:
    """What a block does to both stacks cancels: each alone is inconclusive, the change is not."""
    gains = {
        "async-get-stack1-4": [0.9 * each for each in BLOCKS_MOVE],
        "async-get-stack2-4": [1.2 * each for each in BLOCKS_MOVE],
    }
    first, second = find(tmp_path, gains).within
    assert {first.cpu.verdict, second.cpu.verdict} == {Verdict.INCONCLUSIVE}
    assert first.change is None
    assert second.change
    assert second.change.ratio == pytest.approx(1.2 / 0.9, rel=0.02)
    assert (second.change.verdict, second.change.winner) == (Verdict.FASTER, "b")


def test_without_the_first_stacks_cell_there_is_no_change(tmp_path: Path) -> None:
    """As where the budget left it out; and one stack alone has none."""
    [second] = find(tmp_path / "second", {"async-get-stack2-4": 0.8}).within
    assert second.change is None
    [only] = find(tmp_path / "only", {"async-get-stack1-4": 0.8}, stacks=1).within
    assert only.change is None


def test_a_view_on_both_stacks_has_its_cpu_compared(tmp_path: Path) -> None:
    """First ÷ then: above 1, the later stack is the cheaper one."""
    found = find(tmp_path, {"since-get-sync-stack2-4": 1.25, "aadd-through-stack2-4": 2.0})
    assert not found.within
    [since] = found.since
    assert since.cell == "since-get-sync-stack2-4"
    assert since.cpu.ratio == pytest.approx(1.25, rel=0.02)
