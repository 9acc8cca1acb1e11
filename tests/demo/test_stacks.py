from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from whereasync.demo.stacks import LENGTHS, WORKS, Choices, build
from whereasync.results.premium import is_premium
from whereasync.stacks import NAMED

if TYPE_CHECKING:
    from whereasync.model import Cell, Experiment

TWO = {"stack1": NAMED["article"], "stack2": NAMED["latest"]}
THREE = {"stack1": NAMED["article"], "stack2": NAMED["lts"], "stack3": NAMED["latest"]}
ONE = {"stack1": NAMED["latest"]}


def plan(**choices: Any) -> Experiment:
    """Return the experiment for these choices, else for two stacks."""
    return build(replace(Choices(stacks=TWO, with_aadd=("stack2",), seed=7), **choices))


def roles(cell: Cell) -> tuple[str, str]:
    """Return which stacks a cell asks."""
    return cell.a.role, cell.b.role


def test_async_is_compared_with_sync_within_a_stack_and_each_with_itself_between_stacks() -> None:
    """So the premium and what became of either are measured side by side."""
    mine = [cell for cell in plan().cells if cell.topic == "GET"]
    assert [(roles(cell), cell.a.label, cell.b.label) for cell in mine] == [
        (("stack1", "stack1"), "sync", "async"),
        (("stack2", "stack2"), "sync", "async"),
        (("stack1", "stack2"), "sync", "sync"),
        (("stack1", "stack2"), "async", "async"),
    ]
    assert [is_premium(cell) for cell in mine] == [True, True, False, False]
    assert [cell.a.request.path for cell in mine] == ["/same-work/cars/sync/"] * 3 + [
        "/same-work/cars/async/"
    ]


def test_all_stacks_are_compared_with_the_first() -> None:
    """And not with each other: two stacks more are two rows more."""
    between = {roles(cell) for cell in plan(stacks=THREE).cells if not cell.is_change}
    assert between == {("stack1", "stack2"), ("stack1", "stack3")}


def test_one_stack_has_nothing_to_be_compared_with() -> None:
    """What async costs there is a question all the same."""
    cells = plan(stacks=ONE, with_aadd=()).cells
    assert {cell.topic for cell in cells} == {"GET", "one query", "POST"}
    assert all(is_premium(cell) for cell in cells)


def test_aadd_is_compared_with_both_ways_round_it_where_django_has_it() -> None:
    """Nowhere else: it would be a 500."""
    mine = [cell for cell in plan().cells if cell.topic == "aadd"]
    assert [(roles(cell), cell.a.label, cell.b.label) for cell in mine] == [
        (("stack2", "stack2"), "acreate", "aadd"),
        (("stack2", "stack2"), "add in a thread", "aadd"),
    ]
    assert {cell.a.request.method for cell in mine} == {"POST"}


@pytest.mark.parametrize("length", LENGTHS)
def test_a_cell_is_named_like_a_file_and_its_own(length: str) -> None:
    """Each role has a server, and each cell says which work it is."""
    planned = plan(stacks=THREE, with_aadd=("stack2", "stack3"), length=length)
    names = [cell.name for cell in planned.cells]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalnum() for name in names)
    assert set(planned.candidates) == set(planned.stacks) == set(THREE)
    assert {cell.topic for cell in planned.cells} - {"aadd"} <= {work.topic for work in WORKS}
    assert planned.is_paired


def test_the_most_telling_come_first() -> None:
    """What async costs on each stack; a budget that is small takes these."""
    planned = plan(length="quick")
    assert [cell.name for cell in planned.cells] == [
        *("async-get-stack1-4", "async-get-stack2-4"),
        *("since-get-sync-stack2-4", "since-get-async-stack2-4"),
    ]


def test_a_full_run_compares_every_work_with_itself() -> None:
    """The others the article's GET alone: half of the time is better spent on blocks."""
    for length, topics in (
        ("default", {"GET"}),
        ("full", {"GET", "one query", "POST", "hello"}),
    ):
        cells = plan(length=length).cells
        assert {cell.topic for cell in cells if not cell.is_change} == topics


@pytest.mark.parametrize(
    ("length", "stacks", "budget"),
    [
        ("quick", TWO, 52.0),
        ("quick", THREE, 52.0),
        ("default", ONE, 290.0),
        ("default", TWO, 290.0),
        ("default", THREE, 435.0),
        ("full", THREE, None),
    ],
)
def test_a_length_has_its_budget(length: str, stacks: Any, budget: float | None) -> None:
    """More stacks take more time, but not --quick, which promises 60 s."""
    assert plan(length=length, stacks=stacks).budget == budget


def test_other_clients_can_be_asked_for() -> None:
    """In place of the length's."""
    assert {cell.clients for cell in plan(length="full").cells} == {1, 8, 32}
    assert {cell.clients for cell in plan(length="full", clients=(2, 4)).cells} == {2, 4}


def test_a_database_with_one_writer_is_written_by_one_client() -> None:
    """SQLite: 64 threads that read then write were locked out by each other in 96 of 100."""
    cells = plan(clients=(1, 8), writers=1).cells
    assert {cell.clients for cell in cells if cell.a.request.method == "POST"} == {1}
    assert {cell.clients for cell in cells if cell.a.request.method == "GET"} == {1, 8}
