from __future__ import annotations

import pytest
from tests.synthetic import experiment

from whereasync.model import Fault
from whereasync.results import CellResult
from whereasync.results.conclusions import CLAIMS, Conclusion, Finding, conclude
from whereasync.stats import Comparison, Verdict, void

CELLS = {cell.name: cell for cell in experiment().cells}
A = Comparison(verdict=Verdict.FASTER, blocks=6, winner="a", ratio=0.7)
B = Comparison(verdict=Verdict.FASTER, blocks=6, winner="b", ratio=1.4)
SAME = Comparison(verdict=Verdict.SAME, blocks=6, ratio=1.0)
OPEN = Comparison(verdict=Verdict.INCONCLUSIVE, blocks=6, ratio=3.0)
VOID = void(Fault(kind="status", detail="500"))


def judge(claim: str, **verdicts: Comparison) -> Conclusion:
    """Return what becomes of the claim that holds these words; ``same_get_8`` is a cell."""
    cells = [
        CellResult(cell=CELLS[name.replace("_", "-")], comparison=comparison)
        for name, comparison in verdicts.items()
    ]
    [found] = [each for each in conclude(cells) if claim in each.claim]
    return found


@pytest.mark.parametrize("comparison", [A, SAME])
def test_wasted_means_slower_or_the_same(comparison: Comparison) -> None:
    """The article's word on its GET holds for both."""
    found = judge("Test A's GET", same_get_8=comparison)
    assert (found.finding, found.evidence) == (Finding.HELD, ("same-get-8",))
    assert found.is_the_articles


def test_a_claim_fails_where_every_decided_cell_denies_it() -> None:
    """Async did win the GET."""
    found = judge("Test A's GET", same_get_1=B, same_get_8=B)
    assert found.finding is Finding.FAILED


@pytest.mark.parametrize("comparison", [A, SAME])
def test_to_win_means_to_be_faster(comparison: Comparison) -> None:
    """A draw is no victory."""
    assert judge("Test B", same_api_8=comparison).finding is Finding.FAILED
    assert judge("Test A's POST", same_post_8=comparison).finding is Finding.FAILED


def test_a_claim_holds_in_part_where_cells_disagree() -> None:
    """At 1 client so, at 64 otherwise; both are evidence."""
    found = judge("Test B", same_api_1=A, same_api_64=B)
    assert found.finding is Finding.MIXED
    assert found.evidence == ("same-api-1", "same-api-64")


@pytest.mark.parametrize("comparison", [OPEN, VOID])
def test_a_claim_is_open_where_no_cell_is_decided(comparison: Comparison) -> None:
    """Whatever its point estimate: threefold and inconclusive is inconclusive."""
    found = judge("Test B", same_api_1=comparison)
    assert (found.finding, found.evidence) == (Finding.OPEN, ())
    assert found.undecided == ("same-api-1",)


def test_undecided_cells_are_named_and_judge_nothing() -> None:
    """One decided cell carries the claim; the others are counted beside it."""
    found = judge("gathered", fan_5_1=B, fan_5_8=OPEN, fan_20_1=VOID)
    assert (found.finding, found.evidence) == (Finding.HELD, ("fan-5-1",))
    assert found.undecided == ("fan-5-8", "fan-20-1")
    assert not found.is_the_articles


def test_what_was_not_measured_has_no_finding() -> None:
    """A cell of another family is no evidence: fan-1 gathers nothing, fix-get isn't same-get."""
    cells = {"fan_1_8": B, "fix_get_sync_8": B}
    for claim in CLAIMS:
        found = judge(claim.text, **cells)
        assert (found.finding, found.evidence, found.undecided) == (Finding.UNMEASURED, (), ())


def test_every_claim_speaks_of_cells_that_exist() -> None:
    """A family renamed would leave its claim unmeasured for ever."""
    families = {name.rpartition("-")[0] for name in CELLS}
    assert {family for claim in CLAIMS for family in claim.families} <= families
