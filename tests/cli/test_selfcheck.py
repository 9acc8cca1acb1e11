"""The exit code of a selfcheck."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync import serial
from whereasync.cli import app
from whereasync.cli.selfcheck import judge, say_void
from whereasync.model import Check, Fault
from whereasync.renderers import render
from whereasync.reports.selfcheck import report
from whereasync.results import derive
from whereasync.selfcheck import simulated

if TYPE_CHECKING:
    from pathlib import Path

FREE = Check(part="real", subject="A against A", figure="same", value=0.5, trials=8)
KEPT = replace(FREE, at_most=0.6)
BROKEN = replace(FREE, at_most=0.4)
FAULT = Fault(kind="status", detail="500 instead of 200")


@pytest.mark.parametrize(
    ("checks", "code"),
    [((), 3), ((FREE,), 0), ((KEPT, FREE), 0), ((KEPT, BROKEN), 1), ((BROKEN,), 1)],
)
def test_a_broken_limit_is_1_and_no_check_at_all_is_3(checks: tuple[Check, ...], code: int) -> None:
    """A figure without a limit is neither."""
    assert judge(checks) == code


def test_what_could_not_be_checked_is_said_and_is_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A void cell gives no check that could fail; a fault of the run ended it."""
    planned = synthetic.two_arms((1, 8))
    directory, run = synthetic.race(tmp_path / "run", planned, {"race-1": 1.0, "race-8": 1.0})
    results = derive(run, directory.samples)
    assert say_void(results) == 0
    assert capsys.readouterr() == ("", "")
    assert say_void(replace(results, run=replace(results.run, faults=(FAULT,)))) == 3
    spoiled = synthetic.spoil(run, "race-8", 2, fault=FAULT)
    assert say_void(derive(spoiled, directory.samples)) == 3
    assert capsys.readouterr() == (
        "",
        "whereasync: not checked, race-8 is void, status: 500 instead of 200\n",
    )


@pytest.mark.parametrize(("check", "code"), [(KEPT, 0), (BROKEN, 1)])
def test_the_simulated_part_alone_keeps_no_run(
    check: Check,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its seed gives it again; it is shown in any format."""
    monkeypatch.chdir(tmp_path)
    seeds = []

    def give(seed: int) -> tuple[Check, ...]:
        seeds.append(seed)
        return (check,)

    monkeypatch.setattr(simulated, "check_statistics", give)
    arguments = ["selfcheck", "--simulated", "--seed", "7"]
    assert app.main(arguments, standalone_mode=False) == code
    assert capsys.readouterr().out == render(report([check]), "terminal")
    assert app.main([*arguments, "--json"], standalone_mode=False) == code
    assert serial.decode(capsys.readouterr().out.encode(), tuple[Check, ...]) == (check,)
    assert app.main(["selfcheck", "--simulated"], standalone_mode=False) == code
    assert seeds == [7, 7, simulated.SEED]
    assert list(tmp_path.iterdir()) == []
