from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync import stats
from whereasync.load.throughput import measure_slice
from whereasync.selfcheck import SEED, check_statistics, simulated, slices

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from whereasync.load.samples import Rows
    from whereasync.load.throughput import Yield
    from whereasync.model import Check, Slice

RUNS = 1000  # 0.6 % has a standard error of 0.24 %; the command takes 10,000


def name_broken(checks: Iterable[Check]) -> set[str]:
    """Return the figures whose limits aren't kept."""
    return {check.figure for check in checks if check.is_kept is False}


def test_the_shipped_rule_keeps_every_limit() -> None:
    """METHOD's limits in all five scenes, for one cell and for nine, and the bias of a slice."""
    checks = check_statistics(SEED, runs=RUNS)
    assert [check for check in checks if check.is_kept is False] == []
    limited = [check for check in checks if check.is_kept]
    assert {check.figure for check in limited} == {
        "block SD",
        "false faster",
        "coverage",
        "found +5 %",
        "found +10 %",
        "false discoveries",
        "false intervals",
        "bias",
    }
    assert len(limited) == 5 * 3 * 5 + 5 * 4 + 5
    groups = {check.subject.partition(": ")[0] for check in checks}
    assert groups == {"one cell", "nine cells", "slice", "rules", "slice rules"}
    assert all(check.part == "simulated" and check.trials for check in checks)


def test_what_was_not_chosen_errs_more_or_takes_longer() -> None:
    """The figures for which METHOD rejects looking early, and those for which this chose."""
    found: dict[str, dict[str, float]] = {}
    for check in simulated._compare_rules(SEED, 1000):
        found.setdefault(check.subject.removeprefix("rules: "), {})[check.figure] = check.value
        assert check.is_kept is None
    chosen = found["as shipped (chosen)"]
    assert found["from 3 blocks on, until it is ±5 % wide, 95 %"]["found +5 %"] < 0.55
    assert found["a look after every block from 6 on, 95 %"]["false faster"] > 0.02
    assert found["bootstrap percentiles"]["coverage"] < 0.9
    assert found["one look after 12"]["found +5 %"] < 0.85
    for slower in ("O'Brien-Fleming's looks", "one look after 24", "Hodges-Lehmann median"):
        assert found[slower]["blocks"] > chosen["blocks"] + 1


def test_a_seed_gives_the_same_figures() -> None:
    """And another seed gives others."""
    one, same, other = (list(simulated._check_one_cell(seed, 40)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_a_level_ten_times_larger_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but this number is wrong, and both promises break."""
    monkeypatch.setattr(stats, "ALPHA", 10 * stats.ALPHA)
    assert {"false faster", "coverage"} <= name_broken(simulated._check_one_cell(SEED, 500))
    assert {"false faster", "coverage", "false intervals"} <= name_broken(
        simulated._check_many_cells(SEED, 100)
    )


def test_intervals_half_as_wide_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """As somebody would get them who took the standard error for half of it."""
    halved = property(lambda seen: seen.sd / math.sqrt(seen.blocks) / 2)
    monkeypatch.setattr(stats._Moments, "error", halved)
    assert {"false faster", "coverage"} <= name_broken(simulated._check_one_cell(SEED, 500))


def test_intervals_twice_as_wide_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caution isn't free: effects are no longer found."""
    doubled = property(lambda seen: seen.sd / math.sqrt(seen.blocks) * 2)
    monkeypatch.setattr(stats._Moments, "error", doubled)
    assert name_broken(simulated._check_one_cell(SEED, 500)) == {"found +5 %"}


def test_cells_judged_without_each_other_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With noise enough, Benjamini & Hochberg is what keeps nine cells within their rates."""
    monkeypatch.setattr(stats, "_reject", lambda p_values, _: frozenset(p_values))
    broken = name_broken(simulated._check_many_cells(SEED, 50))
    assert {"false faster", "false discoveries"} <= broken


def test_noise_beyond_what_the_limits_are_for_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits hold up to a block SD of 4.5 %; a scene that left that would lose them in silence."""
    loud = replace(simulated.SCENES[0], luck=1.0)
    monkeypatch.setattr(simulated, "SCENES", (loud,))
    checks = list(simulated._check_one_cell(SEED, 100))
    assert name_broken(checks) == {"block SD"}
    last = [check for check in checks if check.subject == "one cell: quiet, 4.4 %"]
    assert [check.figure for check in last if check.is_kept is not None] == ["block SD"]


def test_a_slice_that_counts_whole_requests_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bursts or three: a quarter too few."""

    def count(rows: Rows, ran: Slice, number: int) -> Yield:
        seen = measure_slice(rows, ran, number)
        return replace(seen, requests=float(seen.completions))

    monkeypatch.setattr(slices, "measure_slice", count)
    monkeypatch.setattr(slices, "score", slices.score.__wrapped__)
    monkeypatch.setattr(slices, "ARMS", {"waits, constant": slices.CONSTANT})
    assert name_broken(simulated._check_slices(SEED)) == {"bias"}
