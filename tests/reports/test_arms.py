"""How the arms were tuned, and what each took."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.document import Block, Note, Table
from whereasync.model import Cost, Fault, SweepPoint
from whereasync.renderers import figures
from whereasync.reports.arms import show_costs, show_sweep
from whereasync.results import Results, derive

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.model import Arm

RACE = synthetic.two_arms((1, 8))
THREADS = synthetic.ARMS["wsgi"]
LOOP = synthetic.ARMS["asgi"]
DEAD = Fault(kind="server", detail="it ended with exit code 3")
NOT_SEEN = ["–", "–", "–"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Give the results of a race that measured nothing yet."""
    path = tmp_path_factory.mktemp("empty") / "run"
    directory, run = synthetic.begin(path, RACE, command="race", arms={"a": THREADS, "b": LOOP})
    return derive(run, directory.samples)


def rows(blocks: Iterable[Block]) -> list[list[str]]:
    """Return the only table's rows, its titles first."""
    [found] = blocks
    assert isinstance(found, Table)
    written = [
        ["".join(figures.write(span.content) for span in cell) for cell in cells]
        for cells in found.rows
    ]
    return [[column.title for column in found.columns], *written]


def tried(arm: Arm, threads: int, *reached: float, chosen: bool = False) -> SweepPoint:
    """Return a candidate that reached these throughputs, by cell."""
    names = [cell.name for cell in RACE.sweep]
    return SweepPoint(
        role="a" if arm is THREADS else "b",
        arm=replace(arm, options={"threads": str(threads)} if arm is THREADS else {}),
        throughput=dict(zip(names, reached, strict=False)),
        chosen=chosen,
    )


def sweep(results: Results, *points: SweepPoint) -> list[Block]:
    """Return what the report shows of a sweep."""
    tuned = replace(results, run=replace(results.run, sweep=points))
    return list(show_sweep(tuned, more="whereasync race … --tune"))


# ---------------------------------------------------------------- the sweep


def test_candidates_stand_by_role_and_by_their_numbers(empty: Results) -> None:
    """8 threads before 16, whatever order they were tried in; a cell is its number of clients."""
    shown = sweep(
        empty,
        tried(LOOP, 0, 90.0, 200.0),
        tried(THREADS, 16, 100.0, 300.0, chosen=True),
        tried(THREADS, 8, 100.0, 150.0),
    )
    assert rows(shown) == [
        ["candidate", "1 client", "8 clients", ""],
        ["gunicorn,threads=8", "100/s", "150/s", ""],
        ["gunicorn,threads=16", "100/s", "300/s", "chosen"],
        ["hypercorn", "90.0/s", "200/s", ""],
    ]


def test_a_candidate_that_failed_says_why_and_has_no_zero(empty: Results) -> None:
    """Where it reached something before, that stands."""
    dead = replace(tried(THREADS, 8), fault=DEAD)
    halfway = replace(tried(THREADS, 16, 100.0), fault=DEAD)
    assert rows(sweep(empty, dead, halfway, tried(THREADS, 32, 99.0, 98.0)))[1:] == [
        ["gunicorn,threads=8", "–", "–", "it ended with exit code 3"],
        ["gunicorn,threads=16", "100/s", "–", "it ended with exit code 3"],
        ["gunicorn,threads=32", "99.0/s", "98.0/s", ""],
    ]


def test_a_sweep_over_several_workloads_names_them(empty: Results) -> None:
    """A race's cells all have the same one; the demo's don't."""
    planned = synthetic.experiment()
    results = replace(empty, run=replace(empty.run, experiment=planned))
    point = SweepPoint(
        role="wsgi", arm=THREADS, throughput={cell.name: 5.0 for cell in planned.sweep}
    )
    titles, *_ = rows(sweep(results, point))
    assert titles[1] == "GET, 8 clients"


def test_a_cell_that_the_experiment_lacks_keeps_its_name(empty: Results) -> None:
    """A run that was never planned, or of another version."""
    results = replace(empty, run=replace(empty.run, experiment=None))
    titles, *_ = rows(sweep(results, tried(LOOP, 0, 90.0)))
    assert titles == ["candidate", "race-1", ""]


def test_arms_that_were_set_say_how_to_tune_them(empty: Results) -> None:
    """One candidate a role, of which nothing was measured."""
    [note] = sweep(empty, tried(LOOP, 0, chosen=True), tried(THREADS, 8, chosen=True))
    assert isinstance(note, Note)
    assert "".join(figures.write(span.content) for span in note.text) == (
        "the arms are as set, not tuned"
    )
    assert [span.content for span in note.hint] == ["whereasync race … --tune"]


def test_before_the_sweep_there_is_nothing_to_say(empty: Results) -> None:
    """The run ended before it."""
    assert sweep(empty) == []


# ---------------------------------------------------------------- what they took


def took(results: Results, **costs: Cost) -> list[Block]:
    """Return what the report shows of these costs."""
    return list(show_costs(replace(results, costs=costs)))


def test_each_arm_stands_with_what_it_took(empty: Results) -> None:
    """Switches are told a request; what wasn't seen is a dash, what was 0 is 0."""
    seen = Cost(
        peak_rss=90_000_000, peak_threads=17, peak_connections=0, switches=2500, requests=1000
    )
    assert rows(took(empty, a=seen, b=Cost(peak_rss=60_000_000))) == [
        ["arm", "memory", "threads", "database connections", "switches a request"],
        ["A  gunicorn,worker=gthread,threads=16", "90 MB", "17", "0", "2.5"],
        ["B  hypercorn", "60 MB", *NOT_SEEN],
    ]


def test_an_arm_with_a_role_of_its_own_needs_no_letter(empty: Results) -> None:
    """The demo's arms are known by their servers; one that isn't known by its role."""
    results = replace(empty, run=replace(empty.run, arms={"asgi": LOOP}))
    costs = {"asgi": Cost(peak_rss=1_000_000), "wsgi": Cost(peak_rss=2_000_000)}
    assert rows(took(results, **costs))[1:] == [
        ["hypercorn", "1.0 MB", *NOT_SEEN],
        ["wsgi", "2.0 MB", *NOT_SEEN],
    ]


def test_without_a_block_there_is_no_table(empty: Results) -> None:
    """Rather than one of dashes."""
    assert took(empty) == []
