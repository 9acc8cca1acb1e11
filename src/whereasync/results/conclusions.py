"""Which of the article's conclusions held here, from the cells' verdicts alone. Pure.

Each claim is a rule over comparisons: which families of cells it speaks of, and which winner it
foretells. What was not decided is open, and is said to be; nothing is concluded from a point
estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whereasync.results.cells import CellResult
    from whereasync.stats import Comparison


class Finding(StrEnum):
    """What became of a claim on this machine."""

    HELD = "held"
    FAILED = "did not hold"
    MIXED = "held in part"
    OPEN = "inconclusive"
    UNMEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """A claim, what became of it, and the cells that say so."""

    claim: str
    is_the_articles: bool  # else it is what one would expect
    finding: Finding
    evidence: tuple[str, ...] = ()  # names of the decided cells
    undecided: tuple[str, ...] = ()  # names of the inconclusive and void ones


@dataclass(frozen=True, slots=True)
class _Claim:
    text: str
    families: tuple[str, ...]
    agrees: Callable[[Comparison], bool]
    is_the_articles: bool = True


def _async_wins(comparison: Comparison) -> bool:
    return comparison.winner == "b"


def _async_gains_nothing(comparison: Comparison) -> bool:
    return comparison.winner != "b"


CLAIMS = (
    _Claim("async is wasted on Test A's GET", ("same-get",), _async_gains_nothing),
    _Claim("async is slightly ahead in Test A's POST", ("same-post",), _async_wins),
    _Claim("async wins Test B's API call", ("same-api",), _async_wins),
    _Claim("async wins once calls are gathered", ("fan-5", "fan-20"), _async_wins, False),
)


def conclude(cells: Sequence[CellResult]) -> tuple[Conclusion, ...]:
    """Return each claim with what the cells say of it."""
    return tuple(_judge(claim, cells) for claim in CLAIMS)


def _judge(claim: _Claim, cells: Sequence[CellResult]) -> Conclusion:
    mine = [each for each in cells if each.cell.family in claim.families]
    decided = [each for each in mine if each.comparison.verdict in (Verdict.FASTER, Verdict.SAME)]
    agreeing = [each for each in decided if claim.agrees(each.comparison)]
    if not mine:
        finding = Finding.UNMEASURED
    elif not decided:
        finding = Finding.OPEN
    elif len(agreeing) == len(decided):
        finding = Finding.HELD
    else:
        finding = Finding.MIXED if agreeing else Finding.FAILED
    return Conclusion(
        claim=claim.text,
        is_the_articles=claim.is_the_articles,
        finding=finding,
        evidence=tuple(each.cell.name for each in decided),
        undecided=tuple(each.cell.name for each in mine if each not in decided),
    )
