from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from whereasync import plan
from whereasync.demo.cells import cells
from whereasync.demo.experiment import Choices, build
from whereasync.model import Arm, Interface, Request, Side, SliceRules, Upstream

if TYPE_CHECKING:
    from whereasync.model import Experiment

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


@pytest.mark.parametrize(
    ("latency", "rate", "expected"),
    [
        (0.01, None, 0.04 + 0.2),  # the shortest window
        (0.5, None, 2.0 + 1.0),  # two latencies
        (0.01, 1000.0, 0.04 + 0.2),  # a hundred requests come sooner
        (0.01, 100.0, 0.04 + 1.0),  # a hundred requests take a second
        (0.5, 50.0, 2.0 + 2.0),
        (0.5, 200.0, 2.0 + 1.0),  # two latencies take longer than they
    ],
)
def test_a_slice_is_as_long_as_its_longest_demand(
    latency: float, rate: float | None, expected: float
) -> None:
    """Ramp, tail and drain are four latencies; the window holds requests enough at the rate."""
    assert plan.slice_cost(latency, RULES, rate) == pytest.approx(expected)


def test_slices_of_a_low_rate_come_in_one_pair() -> None:
    """They last long, however quick the view."""
    assert plan.slices_of(0.001, RULES, 1000.0) == 4
    assert plan.slices_of(0.001, RULES, 50.0) == 2


def test_an_open_loop_finds_each_request_nearly_alone() -> None:
    """64 connections at most aren't 64 requests at once: the cost is that of one client."""
    busy = demand_all(plan.Demand(latency=0.05, server_cpu=0.02))
    cell = replace(EXPERIMENT.cells[0], clients=64)
    threads = {"wsgi": 8, "asgi": None}
    closed = plan.cell_cost(cell, busy, threads, RULES, 6)
    offered = plan.cell_cost(replace(cell, rate=500.0), busy, threads, RULES, 6)
    alone = plan.cell_cost(replace(cell, clients=1), busy, threads, RULES, 6)
    assert offered == pytest.approx(alone)
    assert closed > 5 * offered


# ---------------------------------------------------------------- two arms

A = Arm(server="gunicorn", interface=Interface.WSGI)
B = Arm(server="uvicorn", interface=Interface.ASGI)
ASKED = {"a": Request(path="/a/"), "b": Request(path="/b/", method="POST")}


def race(**changes: Any) -> Experiment:
    """Build a race of two arms, with these properties changed."""
    properties: dict[str, Any] = {
        "requests": ASKED,
        "candidates": {"a": (A,), "b": (B,)},
        "clients": (1, 8),
        "rate": None,
        "budget": 120.0,
        "objects": 10,
        "upstream": Upstream(latency="20ms", rates="small"),
        "seed": 7,
        "looks": (6, 12, 24),
        "is_same_work": True,
        "worst": None,
    }
    return plan.build_race(**{**properties, **changes})


def test_a_race_has_a_cell_for_each_number_of_clients() -> None:
    """In the order given; each asks A and B for its own request, and none may be left out."""
    built = race(clients=(8, 1, 64), worst=0.05)
    assert [cell.name for cell in built.cells] == ["race-8", "race-1", "race-64"]
    assert {cell.family for cell in built.cells} == {"race"}
    for cell in built.cells:
        assert (cell.a.role, cell.a.label, cell.a.request) == ("a", "A", ASKED["a"])
        assert (cell.b.role, cell.b.label, cell.b.request) == ("b", "B", ASKED["b"])
        assert (cell.rate, cell.is_same_work, cell.is_change) == (None, True, False)
    assert built.sweep == built.cells
    assert built.is_whole
    assert (built.worst, built.budget, built.objects, built.seed) == (0.05, 120.0, 10, 7)
    assert built.upstream == Upstream(latency="20ms", rates="small")


def test_a_race_at_a_rate_is_an_open_loop() -> None:
    """Of work that need not be the same, if so said."""
    [cell] = race(clients=(64,), rate=200.0, is_same_work=False).cells
    assert (cell.clients, cell.rate, cell.is_same_work) == (64, 200.0, False)


def test_a_race_walks_every_look() -> None:
    """A verdict may end it at each; it has no rows to repeat."""
    steps = plan.expand(race())
    assert sum(isinstance(step, plan.RunBlock) for step in steps) == 24
    assert not [step for step in steps if isinstance(step, plan.LoadObjects | plan.SendPair)]


def test_the_least_budget_is_that_of_answers_at_once() -> None:
    """By hand: four slices of 200 ms and two warm-ups of 200 ms a cell, six blocks, the start."""
    cell = 4 * 0.2 + 2 * 0.2
    assert plan.least_budget(race(clients=(8,))) == pytest.approx(
        plan.RACE_START + 6 * (plan.BLOCK_START + cell)
    )
    assert plan.least_budget(race(clients=(1, 8))) == pytest.approx(
        plan.RACE_START + 6 * (plan.BLOCK_START + 2 * cell)
    )


def test_a_race_may_take_fewer_slices_rather_than_not_be() -> None:
    """The most first; what needn't be measured whole leaves out cells instead."""
    assert [rules.slices for rules in plan.shorten(race())] == [plan.SLICES, plan.FEWEST]
    few = replace(race(), rules=SliceRules(slices=2))
    assert plan.shorten(few) == (few.rules,)
    demo = replace(race(), is_whole=False)
    assert plan.shorten(demo) == (demo.rules,)


def test_the_least_budget_counts_what_must_be_tuned() -> None:
    """An arm with a single candidate is not."""
    tuned = race(candidates={"a": (A, A, A), "b": (B,)})
    assert plan.least_budget(tuned) == pytest.approx(plan.least_budget(race()) + 3 * plan.CANDIDATE)


def test_the_least_budget_of_a_low_rate_is_larger() -> None:
    """A hundred requests a slice take their time: one pair of slices of ten seconds."""
    slow = plan.least_budget(race(clients=(8,), rate=10.0))
    assert slow == pytest.approx(plan.RACE_START + 6 * (plan.BLOCK_START + 2 * 10.0 + 2 * 0.2))


# ---------------------------------------------------------------- what fits


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


def test_cells_of_few_clients_may_have_to_come_first() -> None:
    """In every block; among those of as many clients the order is still drawn."""
    curve = replace(race(clients=(1, 8, 64)), is_ascending=True)
    doubled = (*curve.cells, *(replace(cell, name=f"b-{cell.clients}") for cell in curve.cells))
    blocks = [
        step for step in plan.expand(replace(curve, cells=doubled[::-1]))
        if isinstance(step, plan.RunBlock)
    ]  # fmt: skip
    assert {tuple(cell.clients for cell in block.cells) for block in blocks} == {
        (1, 1, 8, 8, 64, 64)
    }
    assert len({block.cells for block in blocks}) > 1


def test_a_block_of_many_servers_takes_longer_to_start() -> None:
    """Then fewer cells fit beside it."""
    assert plan.block_start(2) == plan.BLOCK_START
    assert plan.block_start(9) == 9 * plan.SERVER_START
    [cell] = race(clients=(8,)).cells
    budget = 6 * (plan.BLOCK_START + 3.0)
    assert plan.fit((cell,), {cell.name: 2.0}, budget, 6) == (cell,)
    assert plan.fit((cell,), {cell.name: 2.0}, budget, 6, plan.block_start(9)) == ()
