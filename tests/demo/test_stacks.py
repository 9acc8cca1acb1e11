"""Which cells a run on stacks has: what async costs on each, and what changed between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from whereasync.demo.stacks import LENGTHS, WORKS, Choices, build
from whereasync.stacks import NAMED

if TYPE_CHECKING:
    from whereasync.model import Experiment

STACKS = {"stack1": NAMED["article"], "stack2": NAMED["latest"]}


def plan(*with_aadd: str, **choices: object) -> Experiment:
    """Return the experiment on the article's stack and the latest."""
    return build(STACKS, with_aadd, Choices(**choices))  # type: ignore[arg-type]


@pytest.mark.parametrize("length", LENGTHS)
def test_every_work_is_raced_on_every_stack(length: str) -> None:
    """Sync against async on one server; both stacks at the same number of clients."""
    experiment = plan(length=length)
    within = [cell for cell in experiment.cells if cell.name.startswith("async-")]
    assert len(within) == 2 * len(LENGTHS[length].works)
    for cell in within:
        assert cell.a.role == cell.b.role
        assert (cell.a.label, cell.b.label) == ("sync", "async")
    clients = {(cell.topic, cell.clients) for cell in within}
    assert len(clients) == len(LENGTHS[length].works)
    assert len({cell.name for cell in experiment.cells}) == len(experiment.cells)


def test_a_view_is_raced_between_the_stacks() -> None:
    """Each later one against the first, sync and async apart."""
    between = [cell for cell in plan().cells if cell.name.startswith("since-")]
    assert {(cell.a.role, cell.b.role) for cell in between} == {("stack1", "stack2")}
    assert all(cell.a.request == cell.b.request for cell in between)
    assert len(between) == 2 * len(LENGTHS["default"].between)
    alone = build({"stack1": NAMED["lts"]}, ["stack1"], Choices())
    assert not [cell for cell in alone.cells if cell.name.startswith("since-")]


def test_aadd_is_asked_where_there_is_one() -> None:
    """Against both that were written without it."""
    cells = [cell for cell in plan("stack2").cells if cell.name.startswith("aadd-")]
    assert {cell.a.request.path for cell in cells} == {
        "/relation/async-through/",
        "/relation/async-wrapped/",
    }
    assert {cell.b.request.path for cell in cells} == {"/relation/async-aadd/"}
    assert {cell.a.role for cell in cells} == {"stack2"}


def test_clients_that_are_named_are_everybodys() -> None:
    """Otherwise each work has as many as keep the core busy."""
    assert {cell.clients for cell in plan("stack2", clients=(1, 4)).cells} == {1, 4}
    assert {cell.clients for cell in plan(length="full").cells} == {work.clients for work in WORKS}


def test_sqlite_is_written_by_one() -> None:
    """A work that writes is left out where more would."""
    cells = plan("stack2", writers=1).cells
    assert {cell.a.request.method for cell in cells} == {"GET"}
    alone = plan("stack2", writers=1, clients=(1,)).cells
    assert {cell.a.request.method for cell in alone} == {"GET", "POST"}
