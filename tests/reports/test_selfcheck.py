from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.document import Document, Items, Paragraph, Table
from whereasync.model import Check, Fault
from whereasync.renderers import markdown
from whereasync.reports.selfcheck import find_unchecked, report_checks
from whereasync.results import derive
from whereasync.selfcheck import simulated
from whereasync.selfcheck.scenes import SCENES

if TYPE_CHECKING:
    from pathlib import Path

FALSE = Check(
    part="real",
    subject="A against A: hello",
    figure="false faster",
    value=0.0,
    trials=20,
    at_most=0.05,
)
LAG = replace(FALSE, figure="send lag p99", value=0.0004, trials=9000, at_most=0.001)
LOSER = Check(
    part="simulated", subject="rules: every block", figure="false faster", value=0.06, trials=20
)


def write(*checks: Check) -> str:
    """Render a report as somebody reads it."""
    return markdown.render(report_checks(checks))


def tables(document: Document) -> list[Table]:
    """Return the report's tables."""
    return [block for block in document.blocks if isinstance(block, Table)]


def test_the_verdict_comes_first() -> None:
    """In one line, before any table."""
    first = report_checks([FALSE, LAG]).blocks[0]
    assert isinstance(first, Paragraph)
    assert first.text[0].content == "selfcheck passed: 2 of 2 limits kept"
    assert not [block for block in report_checks([FALSE, LAG]).blocks if isinstance(block, Items)]


def test_what_failed_is_named_at_the_top_with_its_limit_and_in_its_row() -> None:
    """Among a hundred figures nobody should have to look for it."""
    broken = replace(LAG, value=0.0123)
    text = write(FALSE, broken)
    assert "selfcheck failed: 1 of 2 limits kept" in text
    assert "A against A: hello: send lag p99 12 ms, limit ≤ 1.0 ms" in text
    assert "broken: send lag p99" in text
    assert text.index("limit ≤ 1.0 ms") < text.index("## Real")


def test_what_could_not_be_checked_is_said_first_and_is_no_success(tmp_path: Path) -> None:
    """A void cell gives no check that could fail; a fault of the run ended it."""
    planned = synthetic.two_arms((1, 8))
    directory, run = synthetic.race(tmp_path / "run", planned, {"race-1": 1.0, "race-8": 1.0})
    assert not find_unchecked(derive(run, directory.samples))
    died = Fault(kind="server died", detail="killed", hint="look at its log")
    spoiled = synthetic.spoil(run, "race-8", 2, fault=replace(died, kind="status", detail="500"))
    unchecked = find_unchecked(derive(replace(spoiled, faults=(died,)), directory.samples))
    text = markdown.render(report_checks([FALSE, LAG], unchecked))
    assert "selfcheck is incomplete: 2 of 2 limits kept, 2 not checked" in text
    assert "passed" not in text
    assert text.index("status: 500") < text.index("the run, server died: killed") < text.index("##")
    assert text.count("look at its log") == 2
    broken = markdown.render(report_checks([replace(LAG, value=1.0)], unchecked))
    assert broken.index("selfcheck failed") < broken.index("not checked: the run")
    assert "checked nothing" in markdown.render(report_checks([], unchecked))


def test_no_limit_at_all_is_no_success() -> None:
    """Nothing was checked, and that is said, with the way on."""
    for checks in ([], [LOSER]):
        text = write(*checks)
        assert "checked nothing" in text
        assert "passed" not in text
        assert "whereasync selfcheck" in text


def test_a_row_is_a_subject_and_its_figures_are_columns_under_their_limits() -> None:
    """A figure that a row lacks is a dash; the fewest trials are shown."""
    second = replace(FALSE, subject="A against A: query", value=0.1)
    [shown] = tables(report_checks([FALSE, LAG, second]))
    assert [column.title for column in shown.columns] == [
        "A against A",
        "false faster",
        "send lag p99",
        "trials",
        "",
    ]
    lines = markdown.render(report_checks([FALSE, LAG, second])).splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ")]
    assert rows[2:] == [
        ["| limit", "≤ 5.0 %", "≤ 1.0 ms", "–", "– |"],
        ["| hello", "0.0 %", "400 µs", "20", "**kept** |"],
        ["| query", "10.0 %", "–", "20", "**broken: false faster** |"],
    ]


@pytest.mark.parametrize(
    ("least", "most", "shown"),
    [
        (0.9, None, "≥ 90.0 %"),
        (None, 0.01, "≤ 1.0 %"),
        (-0.01, 0.01, "±1.0 %"),
        (0.9, 0.99, "90.0 % to 99.0 %"),
        (None, 0.001, "≤ 0.10 %"),
    ],
)
def test_a_limit_is_written_as_it_binds(
    least: float | None, most: float | None, shown: str
) -> None:
    """At most, at least, both, or both alike."""
    assert f" {shown} |" in write(replace(FALSE, at_least=least, at_most=most))


def test_parts_have_their_headings_and_losers_come_last() -> None:
    """Simulated, real, and what was not chosen, with the limits that it would miss."""
    inside = replace(LOSER, subject="one cell: quiet", at_most=0.01, value=0.002)
    kept = replace(LOSER, subject="rules: one look", value=0.001)
    chosen = replace(LOSER, subject="rules: as shipped (chosen)", value=0.002)
    text = write(LOSER, kept, chosen, inside, FALSE)
    order = [text.index(part) for part in ("## Simulated", "## Real", "## What was not chosen")]
    assert order == sorted(order)
    assert "| every block | 6.0 % | 20 | **false faster** |" in text
    assert "| one look | 0.10 % | 20 | none |" in text
    assert "| **as shipped (chosen)** | 0.20 % | 20 | **none** |" in text


def test_a_loser_is_held_against_the_limits_of_its_own_part() -> None:
    """The real part's limit is of other runs."""
    assert "| every block | 6.0 % | 20 | none |" in write(FALSE, LOSER)


def test_real_rows_without_a_limit_are_no_losers() -> None:
    """+2 % is planted to see what becomes of it, and stands where the others do."""
    found = {"+2 % CPU": None, "+20 % CPU": 1.0}
    checks = [FALSE]
    for subject, least in found.items():
        plant = Check(part="real", subject=subject, figure="found", value=least or 0.0, trials=24)
        checks += [replace(plant, at_least=least), replace(plant, figure="ratio", value=0.98)]
    document = report_checks(checks)
    assert len(tables(document)) == 2  # what has the same figures shares a table
    text = markdown.render(document)
    assert "What was not chosen" not in text
    assert "| +2 % CPU | 0.0 % | 0.98× | 24 | no limit |" in text
    assert "| +20 % CPU | 100.0 % | 0.98× | 24 | **kept** |" in text


def test_what_has_no_limit_at_all_still_has_its_table() -> None:
    """Figures of a noisy machine, to which no limit applies."""
    text = write(replace(FALSE, at_most=None), replace(LAG, subject="open loop"))
    assert "| hello | 0.0 % | 20 | no limit |" in text


def test_the_simulated_part_reads_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real checks: a caption a table, shares with their digits, blocks as a number."""
    monkeypatch.setattr(simulated, "SCENES", SCENES[:1])
    checks = [*simulated._check_one_cell(1, 200), *simulated._compare_rules(1, 200)]
    shown = tables(report_checks(checks))
    assert [bool(each.caption) for each in shown] == [True, True]
    text = markdown.render(report_checks(checks))
    assert "selfcheck passed: 15 of 15 limits kept" in text
    assert text.count("| quiet | ") == 4  # the size stands in the next column
    assert "no limit |" in text
    assert "| one look after 24 |" in text
    assert "24.0 | 200 |" in text
