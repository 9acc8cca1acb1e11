"""What clients that say nothing cost each arm, from samples of turns that never happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests import streamed

from whereasync.model import Fault
from whereasync.results import derive
from whereasync.results.idle import Range

if TYPE_CHECKING:
    from pathlib import Path

DIED = Fault(kind="server", detail="gunicorn ended with code 1", hint="look at its log")


def test_a_range_is_median_lowest_and_highest() -> None:
    """Of nothing there is none."""
    assert Range.of([3, 1, 2]) == Range(median=2, low=1, high=3)
    assert Range.of([]) is None


def test_arms_come_in_the_plans_order_with_medians_of_their_turns(tmp_path: Path) -> None:
    """Memory is what has grown, CPU is a share of a core, a visit the median of its turn."""
    directory, run = streamed.hold(tmp_path / "run", {"uvicorn": 100, "threads_few": 16})
    few, many = derive(run, directory.samples).idle
    assert (few.arm.role, many.arm.role) == ("threads_few", "uvicorn")
    assert (many.asked, many.turns) == (100, 3)
    assert many.connected == many.served == Range(median=100, low=100, high=100)
    assert few.served == Range(median=16, low=16, high=16)
    assert many.grown == Range(median=30e6, low=30e6, high=33e6)
    assert many.cpu == Range(median=0.05, low=0.05, high=pytest.approx(0.15))
    assert many.visit == Range(median=0.003, low=0.003, high=0.003)
    assert many.first_p50 is not None
    assert many.first_p50.median == pytest.approx(0.0505)
    assert many.first_p99 is not None
    assert many.first_p99.median == pytest.approx(0.09901)


def test_a_visitor_without_an_answer_is_no_time(tmp_path: Path) -> None:
    """It is counted, with its reason."""
    directory, run = streamed.hold(tmp_path / "run", {"threads_few": 16})
    [few] = derive(run, directory.samples).idle
    assert (few.visit, few.refused_turns, few.refusal) == (None, 3, streamed.TIMEOUT)
    assert few.kept == Range(median=16, low=16, high=16)


def test_nobody_served_has_no_first_event(tmp_path: Path) -> None:
    """And that is no fault."""
    directory, run = streamed.hold(tmp_path / "run", {"crossed": 0})
    [none] = derive(run, directory.samples).idle
    assert none.served == Range(median=0, low=0, high=0)
    assert (none.first_p50, none.first_p99, none.faults) == (None, None, ())


def test_a_failed_turn_is_a_fault_and_no_zero(tmp_path: Path) -> None:
    """The other arms stand; missing samples are a fault too."""
    directory, run = streamed.hold(tmp_path / "run", {"threads_many": DIED, "uvicorn": 100})
    (directory.path / "samples" / "uvicorn-1.npy").unlink()
    dead, alive = derive(run, directory.samples).idle
    assert (dead.turns, dead.threads, dead.faults) == (0, None, (DIED, DIED, DIED))
    assert alive.turns == 2
    assert [each.kind for each in alive.faults] == ["samples"]


def test_raw_trials_stay_in_the_directory(tmp_path: Path) -> None:
    """As all raw records do."""
    directory, run = streamed.hold(tmp_path / "run", {"uvicorn": 100})
    results = derive(directory.load(), directory.samples)
    assert results.run.idle_trials == ()
    assert run.idle_trials
