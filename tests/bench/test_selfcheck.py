"""The real part of ``selfcheck``, as small as it can be: what must hold on any machine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync import bench
from whereasync.bench import selfcheck
from whereasync.cli.measuring import demo_setting
from whereasync.model import SliceRules, Status, Void
from whereasync.results import compare_cells
from whereasync.selfcheck import planted

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.bench.stage import Stage
    from whereasync.model import Check

HUGE = planted.Plant(name="cpu-200", says="+200 % CPU", cpu=2.0, must_be_found=True)
LOOKS = (2,)  # too few for a verdict, and enough to see the effect in the ratio
RULES = SliceRules(slices=2, warm_up=0.1)


class Nobody:
    """Hears nothing."""

    def stage(self, what: str) -> None:
        """Not what is being done."""

    def expect(self, seconds: float) -> None:
        """Not how long it will take."""

    def notice(self, what: str) -> None:
        """Not what is said before."""


@pytest.mark.server
@pytest.mark.alone  # it compares speeds, in two blocks: a busy core may hide what is planted
def test_what_is_planted_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An effect far above any noise; equal arms and the open loop have their checks beside it."""
    monkeypatch.setattr(planted, "EQUAL", 1)
    monkeypatch.setattr(planted, "PLANTS", (HUGE,))
    monkeypatch.setattr(selfcheck, "RULES", RULES)
    monkeypatch.setattr(selfcheck, "Experiment", partial(selfcheck.Experiment, rules=RULES))
    directory, begun = synthetic.begin(tmp_path / "run", synthetic.two_arms())

    def play(stage: Stage) -> None:
        selfcheck.check_servers(stage, None, LOOKS)

    run = bench.perform(play, demo_setting("sqlite:"), begun, directory, Nobody(), budget=None)
    assert run.status is Status.DONE
    assert len(run.blocks) == LOOKS[0]
    voids = {
        each.cell.family: each.comparison.reason
        for each in compare_cells(run, directory.samples)
        if each.comparison.blocks == 0
    }
    assert set(voids) <= {"offered"}  # a machine may be too noisy to be on time, and then says so
    checks = {(check.subject, check.figure): check for check in run.checks}
    assert_checked(checks)
    if "offered" in voids:
        assert voids["offered"] is not None
        assert voids["offered"].kind in {Void.SEND_LAG, Void.NOT_SUSTAINED}
    else:
        lags = [check for check in run.checks if check.figure == "send lag p99, s"]
        assert [check.trials for check in lags] == [LOOKS[0]] * 2
        assert all(0 < check.value < 1 for check in lags)


def assert_checked(checks: dict[tuple[str, str], Check]) -> None:
    """Assert that the plant shows at about its true size, and that equal arms were judged."""
    assert checks[HUGE.says, "found"].trials == LOOKS[0]
    assert checks[HUGE.says, "ratio expected"].value == pytest.approx(1 / 3)
    assert 0.15 < checks[HUGE.says, "ratio"].value < 0.6
    for figure in ("false faster", "same", "covers 1×", "block SD"):
        assert checks["A against A", figure].trials == 1
