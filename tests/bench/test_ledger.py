from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.bench.ledger import Ledger
from whereasync.errors import WhereAsyncError
from whereasync.model import Block, Fault, Single, Status

if TYPE_CHECKING:
    from pathlib import Path

FAULT = Fault(kind="probe", detail="the view failed")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Give the ledger of a run that has just begun."""
    directory, run = synthetic.begin(
        tmp_path / "run", synthetic.experiment(), status=Status.RUNNING
    )
    return Ledger(run=run, directory=directory)


def test_whatever_is_set_is_on_the_disk(ledger: Ledger) -> None:
    """At once, so that whatever ends the run finds it saved."""
    ledger.set(status=Status.DONE, left_out={"same-get-8": "needs 43 s"})
    saved = ledger.directory.load()
    assert saved == ledger.run
    assert (saved.status, saved.left_out) == (Status.DONE, {"same-get-8": "needs 43 s"})


def test_what_is_added_keeps_what_was_there(ledger: Ledger) -> None:
    """One or several, in their order; other fields stay."""
    singles = [Single(row="post", variant="sync", run=run) for run in range(3)]
    ledger.add("singles", singles[0])
    ledger.add("singles", *singles[1:])
    ledger.add("blocks", Block(number=0, tasks=()))
    saved = ledger.directory.load()
    assert saved.singles == tuple(singles)
    assert len(saved.blocks) == 1
    assert saved.status is Status.RUNNING


def test_adding_nothing_changes_nothing(ledger: Ledger) -> None:
    """As when no answer is missing."""
    ledger.add("singles")
    assert ledger.directory.load().singles == ()


def test_a_fault_is_noted_once(ledger: Ledger) -> None:
    """Ten views that fail alike are one thing to mend."""
    ledger.note(FAULT)
    ledger.note(FAULT)
    ledger.note(Fault(kind="probe", detail="another"))
    assert [each.detail for each in ledger.directory.load().faults] == [
        "the view failed",
        "another",
    ]


def test_a_run_carries_how_long_it_took(ledger: Ledger) -> None:
    """Up to what was saved last, on the ledger's own clock."""
    ledger.started -= 90.0
    ledger.set()
    saved = ledger.directory.load().elapsed
    assert 90.0 <= saved <= ledger.elapsed


def test_a_mistyped_field_is_a_defect_and_saves_nothing(ledger: Ledger) -> None:
    """A run has no such field, and what was saved before stays."""
    ledger.set()
    before = (ledger.directory.path / "run.json").read_bytes()
    with pytest.raises(TypeError, match="stauts"):
        ledger.set(stauts=Status.DONE)
    assert (ledger.directory.path / "run.json").read_bytes() == before


def test_what_cannot_be_written_leaves_what_was_saved(ledger: Ledger) -> None:
    """NaN is no measurement: it is refused, and the run on the disk is whole."""
    ledger.set()
    with pytest.raises(WhereAsyncError, match="no measurement"):
        ledger.add("singles", Single(row="post", variant="sync", run=0, in_view=float("nan")))
    assert ledger.directory.load().singles == ()


def test_a_users_session_is_never_saved(ledger: Ledger) -> None:
    """Other headers are, and cookies that the user typed for nobody."""
    planned = synthetic.two_arms((1,))
    [cell] = planned.cells
    headers = (("X-Mine", "1"), ("cookie", "sessionid=k"))
    request = replace(cell.a.request, headers=headers)
    cell = replace(
        cell,
        a=replace(cell.a, request=replace(request, user="anna")),
        b=replace(cell.b, request=request),
    )
    ledger.set(experiment=replace(planned, cells=(cell,), sweep=(cell,)))
    saved = ledger.directory.load().experiment
    assert saved is not None
    for each in (*saved.cells, *saved.sweep):
        assert each.a.request.headers == headers[:1]
        assert each.b.request.headers == headers
    assert ledger.run.experiment is not None
    assert ledger.run.experiment.cells == (cell,)
