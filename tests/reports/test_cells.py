"""What every table of cells has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.document import Count, Interval, Note, Ratio, Span, Style, strong
from whereasync.model import Caveat, Fault
from whereasync.renderers import figures
from whereasync.reports.cells import (
    name_cell,
    remark,
    say_verdict,
    shorten,
    show_comparison,
    show_cpu,
    show_interval,
    show_rate,
)
from whereasync.results import CellResult
from whereasync.stats import LOOKS, Comparison, Verdict, void

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whereasync.document import Part

CELLS = synthetic.two_arms((1, 4, 8, 16, 32, 64)).cells
STATUS = Fault(kind="status", detail="503 instead of 200", hint="look at the log")
DOUBT = Fault(kind="inconclusive", detail="it may be anything", hint="wait for a quiet night")
ENDED = Fault(kind=Caveat.BUDGET_ENDED, detail="6 of 24", hint="give more time: --budget")
RESTLESS = Fault(kind=Caveat.NEVER_SETTLED, detail="windows disagree")
FASTER = Comparison(verdict=Verdict.FASTER, blocks=6, winner="b", ratio=1.5, low=1.4, high=1.6)
MORE = "whereasync race … --budget 5m"


def doubt(blocks: int = 6) -> Comparison:
    """Return an inconclusive comparison of so many blocks."""
    return Comparison(verdict=Verdict.INCONCLUSIVE, blocks=blocks, ratio=1.0, reason=DOUBT)


def result(
    place: int, comparison: Comparison, *caveats: Fault, tail: Comparison | None = None
) -> CellResult:
    """Return a cell's result without sides."""
    return CellResult(cell=CELLS[place], comparison=comparison, tail=tail, caveats=caveats)


def notes(results: Sequence[CellResult]) -> list[tuple[str, str]]:
    """Return what is said of the cells, each note with its hint."""
    found = []
    for block in remark(results, more=MORE):
        assert isinstance(block, Note)
        text, hint = (
            "".join(figures.write(span.content) for span in line)
            for line in (block.text, block.hint)
        )
        found.append((text, hint))
    return found


# ---------------------------------------------------------------- a row


@pytest.mark.parametrize(
    ("comparison", "said"),
    [
        (FASTER, Span("B faster", Style.GOOD)),
        (
            Comparison(verdict=Verdict.FASTER, blocks=6, winner="a", ratio=0.5),
            Span("A faster", Style.BAD),
        ),
        (Comparison(verdict=Verdict.SAME, blocks=6, ratio=1.0), Span("same ±5 %", Style.PLAIN)),
        (doubt(), Span("inconclusive", Style.DIM)),
        (void(STATUS), Span("void", Style.WARNING)),
    ],
)
def test_a_verdict_is_said_in_the_style_of_what_it_means_for_b(
    comparison: Comparison, said: Span
) -> None:
    """By the sides' labels; b is the one that is asked about."""
    assert say_verdict(result(0, comparison), comparison) == said


def test_a_void_cell_shows_no_figure() -> None:
    """Neither a ratio nor an interval."""
    nothing = void(STATUS)
    assert show_comparison(result(0, nothing), nothing)[:2] == (None, None)


def test_a_comparison_shows_ratio_and_interval() -> None:
    """Where there are enough blocks for one."""
    assert show_comparison(result(0, FASTER), FASTER)[:2] == (
        strong(Ratio(1.5)),
        Interval(1.4, 1.6),
    )
    assert show_interval(doubt(1)) is None


@pytest.mark.parametrize(
    ("rate", "shown"), [(99.94, Count(99.94, 1)), (100.0, Count(100.0)), (12345.6, Count(12345.6))]
)
def test_a_rate_has_the_digits_that_it_is_worth(rate: float, shown: Count) -> None:
    """A decimal below 100."""
    assert show_rate(rate) == shown


@pytest.mark.parametrize(
    ("database", "shown"),
    [
        (None, (Count(2.0, 1),)),
        (0.0, (Count(2.0, 1),)),
        (0.049, (Count(2.0, 1),)),
        (0.05, (Count(2.0, 1), "+", Count(0.05, 1))),
    ],
)
def test_a_database_that_did_nothing_is_not_shown(
    database: float | None, shown: tuple[Part, ...]
) -> None:
    """A "+0.0" says nothing; nor does what can't be seen."""
    assert show_cpu(2.0, database) == shown


def test_a_cell_of_several_workloads_is_named_by_its_own() -> None:
    """And its clients."""
    assert name_cell(result(2, FASTER)) == "race at 8"


# ---------------------------------------------------------------- below a table


def test_cells_that_are_well_need_no_word() -> None:
    """Nothing below the table."""
    assert notes([result(0, FASTER), result(1, FASTER)]) == []


def test_a_reason_is_said_once_for_all_its_cells() -> None:
    """With the way on; another reason stands for itself."""
    other = Fault(kind="timeout", detail="no answer in 30 s")
    found = notes([result(0, void(STATUS)), result(1, void(other)), result(2, void(STATUS))])
    assert found == [
        ("race at 1; race at 8: void, status: 503 instead of 200", "look at the log"),
        ("race at 4: void, timeout: no answer in 30 s", ""),
    ]


def test_what_is_open_gets_the_command_that_goes_on() -> None:
    """As long as there are blocks to be had; after the last look its own hint stands."""
    last = doubt(LOOKS[-1])
    assert notes([result(0, doubt()), result(1, last)]) == [
        ("race at 1: inconclusive, it may be anything", MORE),
        ("race at 4: inconclusive, it may be anything", "wait for a quiet night"),
    ]


def test_a_budget_that_ended_says_all_there_is_to_say() -> None:
    """The doubt that comes of it isn't said a second time."""
    assert notes([result(0, doubt(), ENDED)]) == [
        ("race at 1: budget ended before the last look: 6 of 24", MORE)
    ]


def test_a_cell_that_is_open_at_both_quantiles_is_named_once() -> None:
    """They have the same reason."""
    both = result(0, doubt(), tail=doubt())
    assert notes([both]) == [("race at 1: inconclusive, it may be anything", MORE)]


def test_caveats_follow_what_is_void_or_open() -> None:
    """Each kind once, with its cells; a decided cell can have one, too."""
    found = notes(
        [result(0, FASTER, RESTLESS), result(1, void(STATUS)), result(2, FASTER, RESTLESS)]
    )
    assert [text for text, _ in found] == [
        "race at 4: void, status: 503 instead of 200",
        "race at 1; race at 8: warm-up never settled: windows disagree",
    ]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("a", "a"),
        ("abcd", "a; b; c; d"),
        ("abcdef", "a; b; c; d and 2 more"),
    ],
)
def test_many_names_are_counted(names: str, said: str) -> None:
    """The first four in full."""
    assert shorten(list(names)) == said
