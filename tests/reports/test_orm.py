"""What ``demo orm`` says, from simulated samples on the disk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from tests import synthetic

from whereasync.demo.orm import LENGTHS, WAYS, build
from whereasync.model import Caveat, Fault, Peak, Status
from whereasync.renderers import render
from whereasync.reports.orm import ASYNC, MOST, report
from whereasync.results import CellResult, Results, derive
from whereasync.stats import void

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Run

VERSIONS = {
    "python": "3.13.0",
    "django": "6.1.3",
    "asgiref": "3.13.0",
    "psycopg": "3.3.9",
    "psycopg-pool": "3.3.3",
    "django-async-backend": "6.1.5",
    "uvicorn": "0.54.0",
}
LOSING = {"fresh": 0.5, "written": 0.4, "bounded": 0.7}
AT = 8


def race(path: Path, gains: dict[str, float | tuple[float, ...]], **changes: Any) -> Results:
    """Race ways against sync; gains are by role, or by role-clients."""
    clients = sorted({int(key.partition("-")[2] or AT) for key in gains})
    planned = replace(
        build(
            [way.role for way in WAYS],
            length=LENGTHS["quick"], clients=tuple(clients), budget=None, seed=7,
        ),
        rules=synthetic.RULES,
    )  # fmt: skip
    named = {
        f"query-{key}" if "-" in key else f"query-{key}-{AT}": gain for key, gain in gains.items()
    }
    arms = {role: candidates[0] for role, candidates in planned.candidates.items()}
    directory, run = synthetic.race(
        path / "run",
        planned,
        named,
        **{"command": "orm", "arms": arms, "versions": VERSIONS, **changes},
    )
    return derive(_add_peaks(run), directory.samples)


def _add_peaks(run: Run) -> Run:
    blocks = [
        replace(
            block,
            peaks={
                task.cell: (Peak(threads=18, connections=16), Peak(threads=80 + block.number))
                for task in block.tasks
            },
        )
        for block in run.blocks
    ]
    return replace(run, blocks=tuple(blocks))


def show(results: Results, width: int = 80) -> str:
    """Render the report for a terminal."""
    return render(report(results), "terminal", width=width, colour=False)


def flat(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


def test_where_nothing_pays_that_is_the_first_sentence(tmp_path: Path) -> None:
    """With the worst and the best of the async ways; sync without kept connections is none."""
    said = flat(show(race(tmp_path, {**LOSING})))
    answer = said.partition("None of 2 ways makes async ORM work pay here")[2]
    assert answer.startswith(": nowhere is one faster than the sync view on 16 threads that keep")
    assert "One query: from as written 0.40× [" in answer
    assert " to bounded 0.70× [" in answer
    assert ", for 1.43× the server's CPU at the least." in answer
    assert answer.index("as written") < answer.index("CPU is in seconds")


def test_a_way_that_pays_is_named_with_where_and_where_not(tmp_path: Path) -> None:
    """A win at one load is no win at another, and that is said in the same breath."""
    said = flat(show(race(tmp_path, {"written-8": 0.4, "bounded-8": 0.8, "bounded-64": 1.3})))
    assert "1 of 2 ways make async ORM work pay here: bounded." in said
    assert "Faster than sync: bounded 1.30× [" in said
    assert "Slower, the same ways: bounded 0.80× [" in said
    assert "next: race that way on another day" in said


def test_a_way_that_does_no_harm_is_said_to(tmp_path: Path) -> None:
    """Same is a verdict, and no "not faster"."""
    said = flat(show(race(tmp_path, {"bounded": 1.0})))
    assert "None of 1 ways" in said
    assert "No difference that matters: bounded 1.00× [" in said


def test_a_way_that_may_still_win_is_said_to_be_open(tmp_path: Path) -> None:
    """None was faster; that isn't the same as none can be. And one figure has no range."""
    said = flat(show(race(tmp_path, {"written": 0.4, "bounded": synthetic.DOUBTFUL})))
    assert "None of 2 ways makes async ORM work pay here" in said
    assert "One query: as written 0.40× [" in said
    assert "Still open, and may be faster: bounded 1.0" in said
    assert "Still open" not in flat(show(race(tmp_path / "other", {**LOSING})))


def test_without_a_verdict_there_is_no_answer(tmp_path: Path) -> None:
    """A point estimate is none."""
    said = flat(show(race(tmp_path, {"bounded": synthetic.DOUBTFUL})))
    assert "No result: no async way has a verdict yet." in said
    assert "bounded, one query at 8: inconclusive" in said


def test_a_row_says_what_a_way_took(tmp_path: Path) -> None:
    """Throughput, ratio, verdict, CPU of both, and the peaks over all blocks; a dash if unseen."""
    lines = show(race(tmp_path, {**LOSING})).splitlines()
    [sync] = [line for line in lines if line.startswith("sync   ")]
    assert sync.split()[-4:] == ["–", "2.0+0.5", "16", "18"]
    [written] = [line for line in lines if line.startswith("as written   ")]
    assert written.split()[3] == "0.40×"
    assert written.split()[-4:] == ["slower", "5.0+1.3", "–", "85"]


def test_a_step_compares_ways_that_differ_in_one_thing(tmp_path: Path) -> None:
    """Throughput and the server's CPU; async as written against sync with like connections."""
    said = flat(show(race(tmp_path, {**LOSING}), width=200))
    assert "as written ÷ sync, fresh 8 0.80× [0.80–0.80] slower 1.25×" in said
    assert "bounded ÷ as written 8 1.75× [1.75–1.75] faster 0.57×" in said
    assert "coalesced ÷ as written" not in said  # not measured


def test_where_the_database_was_the_limit_the_verdict_is_marked(tmp_path: Path) -> None:
    """And the step that rests on it."""
    results = race(tmp_path, {**LOSING})
    limit = Fault(kind=Caveat.DATABASE_LIMIT, detail="busy", hint="compare the CPU")
    cells = [
        replace(each, caveats=(limit,)) if each.cell.b.role == "fresh" else each
        for each in results.cells
    ]
    said = flat(show(replace(results, cells=tuple(cells)), width=200))
    assert said.count("slower °") == 3  # fresh, and the steps from it and to it
    assert "° marks where database and load client had no CPU left" in said


@pytest.mark.parametrize("width", [80, 100, 160])
def test_it_fits_the_terminal(tmp_path: Path, width: int) -> None:
    """As tables: a list of each row's figures can't be compared."""
    gains = {way.role: 0.5 for way in WAYS} | {f"{way.role}-64": 0.6 for way in WAYS}
    text = show(race(tmp_path, dict(gains)), width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "÷ sync:" not in text


def test_it_says_whether_there_was_middleware(tmp_path: Path) -> None:
    """Most of an async request's hops are its."""
    results = race(tmp_path, {**LOSING})
    assert "; the demo's project with startproject's middleware." in flat(show(results))
    bare = replace(results, run=replace(results.run, options={"no_middleware": "True"}))
    assert "; the demo's project without middleware." in flat(show(bare))


def test_each_way_says_what_it_is_and_what_to_watch(tmp_path: Path) -> None:
    """The caveats that the tests of the project prove."""
    said = flat(show(race(tmp_path, {**LOSING})))
    assert "• bounded: as written, on 16 threads that stay" in said
    assert "Watch: one executor for each thread" in said


def test_what_could_not_run_is_named(tmp_path: Path) -> None:
    """With what it needs, and where it can."""
    versions = {k: v for k, v in VERSIONS.items() if k != "django-async-backend"}
    said = flat(show(race(tmp_path, {**LOSING}, versions=versions)))
    assert "not tried: async backend needs django-async-backend" in said
    assert "next: whereasync demo orm --stack latest" in said


def test_what_was_left_out_is_named(tmp_path: Path) -> None:
    """With why; what a run didn't reach says so."""
    said = flat(show(race(tmp_path, {**LOSING}, left_out={"query-pool-8": "needs 40 s"})))
    assert "not measured: coalesced + bounded, one query at 8: not reached" in said
    assert "and 3 more" in said


def test_a_void_cell_shows_no_figure(tmp_path: Path) -> None:
    """And says why below; one in which no peak was seen shows dashes."""
    results = race(tmp_path, {**LOSING})
    fault = Fault(kind="status", detail="500 instead of 200", hint="look at the log")
    first, *others = results.cells
    ruined = CellResult(cell=first.cell, comparison=void(fault))
    text = show(replace(results, cells=(ruined, *others), peaks={}))
    [line] = [each for each in text.splitlines() if each.startswith("as written   ")]
    assert line.split()[2:] == ["–", "–", "–", "void", "–", "–", "–"]
    assert "as written, one query at 8: void, status: 500 instead of 200" in flat(text)


def test_a_run_cut_short_shows_what_there_is(tmp_path: Path) -> None:
    """And one that measured nothing says so, whatever is known of it."""
    cut = race(tmp_path, {**LOSING}, status=Status.INTERRUPTED)
    assert "interrupted: what had been measured by then" in flat(show(cut))
    nothing = replace(
        cut, cells=(), peaks={}, blocks=0,
        run=replace(cut.run, experiment=None, versions={}, database=None),
    )  # fmt: skip
    said = flat(show(nothing))
    assert "No result" in said
    assert "What they are" not in said


def test_of_many_that_are_open_the_likeliest_are_named(tmp_path: Path) -> None:
    """Sixteen of them are no answer."""
    wide = {way.role: synthetic.DOUBTFUL for way in WAYS if way.role in ASYNC}
    said = flat(show(race(tmp_path, {**wide, "written": 0.4})))
    assert f"and {len(wide) - 1 - MOST} more, with lower ratios." in said
