from __future__ import annotations

import json
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync import serial
from whereasync.demo.experiment import Choices
from whereasync.model import Fault, Figures, Single
from whereasync.results import ArticleRow, derive
from whereasync.results.article import article_rows

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Run

PLANNED = synthetic.experiment(Choices(objects=(50, 70, 1500), seed=7, length="quick"))
FAULT = Fault(kind="timeout", detail="no answer in 30 s", hint="look at the server's log")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Give a run of chapter 1 that answered everything in half of the article's time."""
    singles = synthetic.answer_all(PLANNED)
    return synthetic.begin(tmp_path / "run", PLANNED, singles=singles)[1]


def row(run: Run, name: str) -> ArticleRow:
    """Return one row of the table."""
    [found] = [each for each in article_rows(run) if each.name == name]
    return found


def spoil(run: Run, name: str, variant: str) -> Run:
    """Let the last run of a row's variant fail."""
    last = max(each.run for each in run.singles if each.row == name)
    failed = Single(row=name, variant=variant, run=last, fault=FAULT)
    asked = (name, variant, last)
    singles = [
        failed if (each.row, each.variant, each.run) == asked else each for each in run.singles
    ]
    return replace(run, singles=tuple(singles))


def test_rows_have_the_articles_figures_to_the_last_digit(run: Run) -> None:
    """Theirs stand beside ours, untouched."""
    figures = {each.name: each.theirs for each in article_rows(run)}
    assert figures == {
        "get-50": Figures(async_seconds=0.39832, sync_seconds=0.29502, ratio=1.35),
        "post": Figures(async_seconds=0.07699, sync_seconds=0.08299, ratio=0.93),
        "api": Figures(async_seconds=2.23437, sync_seconds=3.30023, ratio=0.68),
        "get-70": None,
        "get-1500": Figures(async_seconds=8.79098, sync_seconds=6.26344, ratio=1.40),
    }


def test_ours_is_the_mean_of_the_runs_by_both_clocks(run: Run) -> None:
    """The ratio is a time ratio, async ÷ sync, of the means."""
    found = row(run, "get-50")
    assert found.ours is not None
    assert found.by_client is not None
    assert found.ours.async_seconds == pytest.approx(0.19916)
    assert found.ours.sync_seconds == pytest.approx(0.14751)
    assert found.ours.ratio == pytest.approx(0.39832 / 0.29502)
    assert found.by_client.async_seconds == pytest.approx(0.20916)
    assert found.by_client.ratio == pytest.approx(0.20916 / 0.15751)
    spread = found.clocks["async"].in_view
    assert spread is not None
    assert spread.n == 3
    assert spread.sd == pytest.approx(0.0019916)


def test_a_size_that_the_article_lacks_stands_alone(run: Run) -> None:
    """Ours is there, theirs is not."""
    found = row(run, "get-70")
    assert found.theirs is None
    assert found.ours is not None
    assert found.ours.ratio == pytest.approx(1.5)


def test_a_single_run_has_no_spread(run: Run) -> None:
    """``--quick`` sends the slow size once: a mean of one, marked by its runs."""
    found = row(run, "get-1500")
    spread = found.clocks["sync"].in_view
    assert found.runs == 1
    assert found.ours is not None
    assert spread is not None
    assert (spread.n, spread.sd) == (1, None)


@pytest.mark.parametrize("variant", ["async", "sync"])
def test_a_failed_run_takes_the_rows_figures_away(run: Run, variant: str) -> None:
    """Two good runs of three are no figure; the fault is kept, and the other rows are."""
    spoiled = spoil(run, "get-50", variant)
    found = row(spoiled, "get-50")
    assert (found.ours, found.by_client) == (None, None)
    assert found.clocks[variant].faults == (FAULT,)
    spread = found.clocks[variant].in_view
    assert spread is not None
    assert spread.n == 2
    assert row(spoiled, "api").ours is not None


def test_a_run_that_is_missing_takes_them_away_too(run: Run) -> None:
    """An interrupted run has no fault and no figure."""
    found = row(replace(run, singles=run.singles[:5]), "get-50")
    assert found.ours is None
    assert not any(clocks.faults for clocks in found.clocks.values())


def test_a_view_without_its_own_clock_has_the_clients_alone(run: Run) -> None:
    """An answer without a Server-Timing header still took its time."""
    blind = tuple(replace(each, in_view=None) for each in run.singles)
    found = row(replace(run, singles=blind), "get-50")
    assert found.ours is None
    assert found.by_client is not None
    assert found.by_client.sync_seconds == pytest.approx(
        fmean(
            each.client or 0.0
            for each in run.singles
            if (each.row, each.variant) == ("get-50", "sync")
        )
    )


def test_nothing_sent_is_nothing_shown(run: Run) -> None:
    """Rows are there, for they were asked for; figures are not."""
    for found in article_rows(replace(run, singles=())):
        assert (found.ours, found.by_client) == (None, None)
        assert {clocks.in_view for clocks in found.clocks.values()} == {None}


def test_every_row_says_that_the_work_differs(run: Run) -> None:
    """As-written pairs carry the caveat and bear no verdict."""
    assert {each.caveats[0].kind for each in article_rows(run)} == {"different work"}


def test_json_has_the_articles_digits(run: Run) -> None:
    """0.39832 is not 0.398320000001."""
    found = derive(run, lambda *_: pytest.fail("chapter 1 has no samples"))
    text = serial.encode(found).decode()
    plain = json.loads(text)
    assert [each["theirs"] and each["theirs"]["async_seconds"] for each in plain["article"]] == [
        0.39832,
        0.07699,
        2.23437,
        None,
        8.79098,
    ]
    for digits in ("0.39832", "0.29502", "8.79098", "6.26344", "3.30023", "0.08299"):
        assert f": {digits}," in text
