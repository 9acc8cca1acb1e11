"""The exit code of a selfcheck."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from whereasync import serial
from whereasync.cli import app
from whereasync.cli.selfcheck import judge
from whereasync.model import Check
from whereasync.renderers import render
from whereasync.reports.selfcheck import report_checks
from whereasync.selfcheck import simulated

if TYPE_CHECKING:
    from pathlib import Path

FREE = Check(part="real", subject="A against A", figure="same", value=0.5, trials=8)
KEPT = replace(FREE, at_most=0.6)
BROKEN = replace(FREE, at_most=0.4)


@pytest.mark.parametrize(
    ("checks", "unchecked", "code"),
    [
        ((), (), 3),
        ((FREE,), (), 0),
        ((KEPT, FREE), (), 0),
        ((KEPT, FREE), ("open loop",), 3),
        ((KEPT, BROKEN), (), 1),
        ((BROKEN,), ("open loop",), 1),
    ],
)
def test_a_broken_limit_is_1_and_what_was_not_checked_is_3(
    checks: tuple[Check, ...], unchecked: tuple[str, ...], code: int
) -> None:
    """A figure without a limit is neither."""
    assert judge(checks, unchecked) == code


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
    assert capsys.readouterr().out == render(report_checks([check]), "terminal")
    assert app.main([*arguments, "--json"], standalone_mode=False) == code
    assert serial.decode(capsys.readouterr().out.encode(), tuple[Check, ...]) == (check,)
    assert app.main(["selfcheck", "--simulated"], standalone_mode=False) == code
    assert seeds == [7, 7, simulated.SEED]
    assert list(tmp_path.iterdir()) == []
