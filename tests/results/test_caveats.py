"""What qualifies a cell's figures, one reason at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.load.throughput import Yield
from whereasync.model import Caveat, TaskRecord
from whereasync.results.caveats import find_caveats, find_limit
from whereasync.stats import LOOKS, Comparison, Verdict

if TYPE_CHECKING:
    from whereasync.model import Experiment

RACE = synthetic.two_arms((8,))
[CELL] = RACE.cells
SETTLED = TaskRecord(cell=CELL.name, clients=8)
DECIDED = Comparison(verdict=Verdict.FASTER, blocks=6, winner="b", ratio=2.0)
OPEN = Comparison(verdict=Verdict.INCONCLUSIVE, blocks=12, ratio=1.1, low=0.9, high=1.3)


def test_a_decided_cell_of_the_same_work_needs_none() -> None:
    """However few blocks it took."""
    assert find_caveats(CELL, RACE, [DECIDED], [SETTLED, SETTLED]) == ()


def test_sides_that_need_not_answer_alike_are_marked() -> None:
    """Their ratio says nothing about async."""
    [found] = find_caveats(replace(CELL, is_same_work=False), RACE, [DECIDED], [SETTLED])
    assert found.kind == Caveat.DIFFERENT_WORK
    assert "--different-work" in found.hint


def test_one_restless_block_is_enough() -> None:
    """It is said once, however many there were."""
    restless = replace(SETTLED, settled=False)
    [found] = find_caveats(CELL, RACE, [DECIDED], [restless, SETTLED, restless])
    assert found.kind == Caveat.NEVER_SETTLED
    assert found.hint


def test_a_budget_that_ended_before_the_last_look_is_said() -> None:
    """With how far it came and what would help."""
    [found] = find_caveats(CELL, RACE, [OPEN], [SETTLED])
    assert found.kind == Caveat.BUDGET_ENDED
    assert f"12 of {LOOKS[-1]} blocks" in found.detail
    assert "--budget" in found.hint
    on_stacks = replace(RACE, stacks=synthetic.STACKS)
    [found] = find_caveats(CELL, on_stacks, [OPEN], [SETTLED])
    assert found.hint == "measure more blocks: --full"


def test_of_two_open_comparisons_one_is_enough() -> None:
    """p50 and p99 of a cell have the same blocks; either alone is enough, too."""
    for comparisons in ([OPEN, OPEN], [DECIDED, OPEN], [OPEN, DECIDED]):
        assert len(find_caveats(CELL, RACE, comparisons, [SETTLED])) == 1


@pytest.mark.parametrize("planned", [None, replace(RACE, budget=None)])
def test_without_a_budget_none_has_ended(planned: Experiment | None) -> None:
    """What is open then was cut short, or is open after all there is."""
    assert find_caveats(CELL, planned, [OPEN], [SETTLED]) == ()


def test_after_the_last_look_more_time_is_no_help() -> None:
    """All blocks were measured: the comparison's own reason says what helps."""
    last = replace(OPEN, blocks=LOOKS[-1])
    assert find_caveats(CELL, RACE, [last], [SETTLED]) == ()


def test_each_reason_stands_beside_the_others() -> None:
    """None hides another."""
    found = find_caveats(
        replace(CELL, is_same_work=False), RACE, [OPEN], [replace(SETTLED, settled=False)]
    )
    assert [each.kind for each in found] == [
        Caveat.DIFFERENT_WORK,
        Caveat.NEVER_SETTLED,
        Caveat.BUDGET_ENDED,
    ]


def side(*, server: float, database: float | None, client: float = 0.1) -> Yield:
    """Return a side that worked for a second, with the CPU that each took of it."""
    return Yield(
        window=0.8,
        requests=100.0,
        completions=100,
        in_flight=8.0,
        answered=120,
        server_cpu=server,
        database_cpu=database,
        client_cpu=client,
        elapsed=1.0,
    )


def test_a_database_that_was_the_limit_is_said() -> None:
    """One side is enough: the other may have been faster still."""
    [found] = find_limit([side(server=0.99, database=0.1), side(server=0.47, database=0.82)], 1)
    assert found.kind == Caveat.DATABASE_LIMIT
    assert "kept their cores over 85% busy" in found.detail
    assert "CPU per 1,000 requests" in found.hint


@pytest.mark.parametrize(
    ("database", "cores"), [(0.70, 1), (0.82, 2), (None, 1), (0.82, 0)], ids=str
)
def test_a_database_with_time_to_spare_is_no_limit(database: float | None, cores: int) -> None:
    """Nor one out of sight, nor where no core is known."""
    assert find_limit([side(server=0.99, database=database)], cores) == ()
