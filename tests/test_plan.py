from __future__ import annotations

from dataclasses import replace

import pytest

from whereasync import plan
from whereasync.demo.cells import cells
from whereasync.demo.experiment import Choices, build
from whereasync.model import Side, SliceRules

EXPERIMENT = build(Choices(seed=7))
RULES = SliceRules()


def demand_all(demand: plan.Demand) -> dict[Side, plan.Demand]:
    """Return the same demand for every side of the race."""
    return {side: demand for cell in EXPERIMENT.cells for side in (cell.a, cell.b)}


def test_the_same_seed_gives_the_same_order() -> None:
    """Order is data, drawn from the seed alone."""
    assert plan.expand(EXPERIMENT) == plan.expand(EXPERIMENT)
    assert plan.expand(EXPERIMENT) != plan.expand(replace(EXPERIMENT, seed=8))


def test_every_row_is_sent_its_runs_after_its_objects() -> None:
    """A row's data is loaded before it and no other size comes between."""
    loaded = None
    sent: list[tuple[str, int]] = []
    for step in plan.expand(EXPERIMENT):
        match step:
            case plan.LoadObjects(objects=objects):
                loaded = objects
            case plan.SendPair(row=row, run=run, variants=variants):
                assert row.objects in (None, loaded)
                assert sorted(variants) == ["async", "sync"]
                sent.append((row.name, run))
    names = ["get-50", "post", "api", "get-500", "get-1500"]
    assert sent == [(name, run) for name in names for run in range(3)]


def test_orders_differ_between_pairs_and_blocks() -> None:
    """Neither variant always goes first, and no cell always follows the same one."""
    steps = plan.expand(EXPERIMENT)
    pairs = {step.variants for step in steps if isinstance(step, plan.SendPair)}
    assert len(pairs) == 2
    blocks = [step for step in steps if isinstance(step, plan.RunBlock)]
    assert len({block.cells for block in blocks}) == len(blocks) == 6
    assert all(set(block.cells) == set(EXPERIMENT.cells) for block in blocks)


def test_candidates_come_before_the_race() -> None:
    """A sweep is over before the first block, so its data can't enter."""
    kinds = [type(step) for step in plan.expand(EXPERIMENT)]
    assert kinds.index(plan.ProbeViews) > max(
        place for place, kind in enumerate(kinds) if kind is plan.TryCandidate
    )
    assert kinds.index(plan.RunBlock) > kinds.index(plan.ProbeViews)


def test_without_cells_there_is_no_race() -> None:
    """Chapter 1 alone starts no second server."""
    steps = plan.expand(build(Choices(chapters=(1,))))
    assert {type(step) for step in steps} == {plan.LoadObjects, plan.SendPair}


@pytest.mark.parametrize(
    ("clients", "threads", "expected"),
    [
        (1, None, 0.1),  # alone: its own latency
        (4, None, 0.1),  # the core is not busy yet
        (64, None, 0.64),  # the core is the bottleneck
        (64, 8, 0.8),  # the threads are
        (64, 16, 0.64),
    ],
)
def test_latency_at_is_the_larger_bound(clients: int, threads: int | None, expected: float) -> None:
    """The asymptotic bounds of a closed system."""
    demand = plan.Demand(latency=0.1, server_cpu=0.01)
    assert plan.latency_at(clients, demand, threads) == pytest.approx(expected)


def test_a_cell_costs_both_sides_slices() -> None:
    """By hand: four slices of 4 x 50 + 200 ms, two warm-ups, 2 x 20 answers in six blocks."""
    cell = EXPERIMENT.cells[0]
    cost = plan.cell_cost(
        replace(cell, clients=1),
        demand_all(plan.Demand(latency=0.05, server_cpu=0.0)),
        {},
        RULES,
        6,
    )
    assert cost == pytest.approx(4 * 0.4 + 2 * 0.2 + 20 * 0.1 / 6)


def test_long_slices_come_in_one_pair() -> None:
    """A slice of more than a second isn't repeated within the block."""
    assert plan.slices_of(0.01, RULES) == 4
    assert plan.slices_of(1.0, RULES) == 2


def test_fit_takes_the_most_telling_and_fills_with_shorter_ones() -> None:
    """A long cell that doesn't fit leaves room to a shorter one behind it."""
    first, second, third = EXPERIMENT.cells[:3]
    costs = {first.name: 1.0, second.name: 9.0, third.name: 2.0}
    budget = 6 * (plan.BLOCK_START + 3.5)
    assert plan.fit((first, second, third), costs, budget, 6) == (first, third)
    assert plan.fit((first, second, third), costs, None, 6) == (first, second, third)
    assert plan.fit((first, second, third), costs, 1.0, 6) == ()


def test_cells_are_unique_and_complete() -> None:
    """Chapter 2 asks every number of clients; each cell stands once."""
    names = [cell.name for cell in cells((1, 4, 8, 64), (2, 3), None)]
    assert len(set(names)) == len(names)
    for family in ("same-get", "same-post", "same-api"):
        assert {f"{family}-{n}" for n in (1, 4, 8, 64)} <= set(names)


def test_one_number_of_clients_is_enough() -> None:
    """Fewest, middle and most may be the same."""
    assert {cell.clients for cell in cells((8,), (2, 3), None)} == {8}


def test_writers_are_limited_where_the_database_says_so() -> None:
    """SQLite takes one writer."""
    posts = [cell for cell in cells((1, 8, 64), (2,), 1) if "post" in cell.name]
    assert [cell.clients for cell in posts] == [1]


def test_chapters_choose_cells() -> None:
    """Asked for chapter 3 alone, nothing of chapter 2 is measured."""
    assert {cell.chapter for cell in cells((1, 8, 64), (3,), None)} == {3}
    assert cells((1,), (1,), None) == ()
