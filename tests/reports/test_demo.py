"""The whole chain: simulated samples on the disk → results → report → text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from tests import synthetic

from whereasync.demo.experiment import Choices
from whereasync.document import Note, NoteKind, Table
from whereasync.model import Fault, Single, Status
from whereasync.renderers import figures, render
from whereasync.reports.demo import report
from whereasync.results import Results, derive

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.document import Text
    from whereasync.model import Cell, Run

PLANNED = synthetic.experiment()
GAINS = {
    "same-get": 0.62,
    "same-post": 0.71,
    "same-api": 0.95,
    "fix-get-sync": 12.0,
    "fix-get-async": 10.5,
    "fix-api-sync": 8.9,
    "fix-api-async": 4.4,
    "advised-get": 0.55,
    "fan-1": 1.0,
    "fan-5": 2.2,
    "fan-20": 5.3,
    "wait-5": 0.7,
    "wait-60": 1.3,
    "wait-200": 1.5,
    "gather-5": 3.2,
}
LEFT_OUT = dict.fromkeys(("fan-5-64", "same-post-64", "advised-get-1"), "needs 43 s")
STATUS = Fault(kind="status", detail="503 instead of 200", hint="look at the log")
NOISY = Fault(kind="noisy machine", detail="the idle spin differs by 12 %", hint="close the rest")
DEAD = Fault(kind="server", detail="it ended with exit code 3", hint="whereasync demo --serve")


def spoil_single(run: Run, row: str, variant: str) -> Run:
    """Let one run of a row fail."""
    singles = [
        Single(row=row, variant=variant, run=2, fault=STATUS)
        if (each.row, each.variant, each.run) == (row, variant, 2)
        else each
        for each in run.singles
    ]
    return replace(run, singles=tuple(singles))


@pytest.fixture(scope="module")
def typical(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Give a default run as a shared machine leaves it: most decided, some void, some left out."""

    def gain(cell: Cell) -> float | tuple[float, ...]:
        if cell.name in {"same-get-64", "fan-1-8"}:
            return synthetic.DOUBTFUL
        return GAINS[cell.name.rpartition("-")[0]]

    gains = {cell.name: gain(cell) for cell in PLANNED.cells if cell.name not in LEFT_OUT}
    sweep = list(synthetic.tuned(PLANNED))
    sweep[0] = replace(sweep[0], throughput={}, fault=DEAD)
    directory, run = synthetic.race(
        tmp_path_factory.mktemp("typical") / "run",
        PLANNED,
        gains,
        left_out=LEFT_OUT,
        singles=synthetic.answer_all(PLANNED),
        sweep=tuple(sweep),
        caveats=(NOISY,),
    )
    run = synthetic.spoil(run, "same-api-8", 2, fault=STATUS)
    run = synthetic.spoil(run, "fix-get-sync-8", 1, settled=False)
    directory.save(spoil_single(run, "post", "sync"))
    return synthetic.read(directory)


def show(results: Results, format_: str = "terminal", width: int = 80) -> str:
    """Render the report."""
    return render(report(results), format_, width=width, colour=False)


def say(line: Text) -> str:
    """Write one text without its styles."""
    return "".join(figures.write(span.content) for span in line)


def notes(results: Results, kind: NoteKind = NoteKind.CAVEAT) -> dict[str, str]:
    """Return the report's notes of a kind, each with its hint."""
    return {
        say(block.text): say(block.hint)
        for block in report(results).blocks
        if isinstance(block, Note) and block.kind is kind
    }


def tables(results: Results) -> list[Table]:
    """Return the report's tables."""
    return [block for block in report(results).blocks if isinstance(block, Table)]


def chapter(text: str, number: int) -> str:
    """Return one chapter of a rendered report, without its heading."""
    _, _, rest = text.partition(f"\n{number}  ")
    found, _, _ = rest.partition(f"\n{number + 1}  ")
    return found.partition("\n\n")[2]


# ---------------------------------------------------------------- how it looks


def test_a_small_run_is_shown_like_this(tmp_path: Path) -> None:
    """Chapter 2 of a run, letter by letter: what a reader sees must change on purpose only."""
    gains: synthetic.Gains = {
        "same-get-1": 0.62,
        "same-get-8": synthetic.DOUBTFUL,
        "same-post-1": 1.0,
        "same-api-8": 1.5,
        "same-api-1": 1.3,
    }
    planned = synthetic.experiment(Choices(seed=7, clients=(1, 8), chapters=(2,)))
    left_out = dict.fromkeys({cell.name for cell in planned.cells} - set(gains), "needs 43 s")
    directory, run = synthetic.race(tmp_path / "run", planned, gains, left_out=left_out)
    directory.save(synthetic.spoil(run, "same-api-1", 2, fault=STATUS))
    assert chapter(show(synthetic.read(directory)), 2).partition("\n4  ")[0] == (
        "gunicorn,worker=gthread,threads=16 against hypercorn; GET over 10 objects, POST\n"
        "creates, updates and deletes one of each, API waits 20 ms; ratio is throughput,\n"
        "async ÷ sync; CPU in seconds per 1,000 requests, server + database\n"
        "                sync   async                                        CPU      CPU\n"
        "work  clients     /s      /s  ratio  interval     verdict          sync    async\n"
        "────────────────────────────────────────────────────────────────────────────────\n"
        "GET         1    500     310  0.62×  [0.61–0.63]  sync faster   2.0+0.5  3.2+0.8\n"
        "GET         8    500     501  1.03×  [0.75–1.41]  inconclusive  2.0+0.5  2.0+0.5\n"
        "POST        1    500     500  1.00×  [0.99–1.01]  same ±5 %     2.0+0.5  2.0+0.5\n"
        "API         1      –       –      –  –            void                –        –\n"
        "API         8    500     750  1.50×  [1.48–1.52]  async faster  2.0+0.5  1.3+0.3\n"
        "\n"
        "caveat: GET at 8: inconclusive, after 6 blocks it may be faster, slower or the\n"
        "        same\n"
        "  next: whereasync demo --full\n"
        "\n"
        "caveat: API at 1: void, status: 503 instead of 200\n"
        "  next: look at the log\n"
        "\n"
        "caveat: not measured: POST at 8: needs 43 s\n"
        "  next: whereasync demo --full --chapter 2\n"
        "\n"
        "What each arm took: the peaks of its processes, and how often a thread of it had\n"
        "to wait: its voluntary context switches\n"
        "                                                         database     switches a\n"
        "arm                                 memory  threads   connections        request\n"
        "────────────────────────────────────────────────────────────────────────────────\n"
        "hypercorn                            60 MB        –             –           20.0\n"
        "gunicorn,worker=gthread,threads=16   90 MB       17            13            2.0\n"
    )


def test_no_line_is_wider_than_the_terminal(typical: Results) -> None:
    """At any width a whole report fits."""
    for width in (60, 72, 80, 100, 120):
        assert max(map(cell_len, show(typical, width=width).splitlines())) <= width


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_table_falls_apart(typical: Results, width: int) -> None:
    """Every row has all its figures, each whole, on one line."""
    text = show(typical, width=width)
    row = re.compile(
        r"(\d+) +[\d,]+ +[\d,]+ +([\d.]+×) +(\[[\d.]+–[\d.]+\]) .*"
        r" [\d.]+(?:\+[\d.]+)? +[\d.]+(?:\+[\d.]+)?$",
        re.MULTILINE,
    )
    shown = [each for each in typical.cells if each.a]
    assert len(row.findall(text)) == len(shown) == 24
    assert "\nwork: " not in text, "a table became a list"
    heads = [
        line for line in text.splitlines() if line.startswith(("work ", "view ", "candidate "))
    ]
    assert len(heads) == 5


@pytest.mark.parametrize("format_", ["terminal", "markdown"])
def test_every_format_says_the_same(typical: Results, format_: str) -> None:
    """The chapters, the words, and what stands below the tables."""
    text = " ".join(show(typical, format_, width=200).split())
    for said in (
        "1 As the article measured",
        "2 Made fair: the same work, best-tuned WSGI against best-tuned ASGI",
        "3 What to change",
        "4 Where to apply async",
        "0.39832",
        "noisy machine: the idle spin differs by 12 %",
        "whereasync demo --full --chapter 3",
        "Seed 7, 2 min 34 s, 6 blocks; intervals at 98 % or more, for all cells together.",
    ):
        assert said in text


# ---------------------------------------------------------------- what stands where


def test_the_preface_says_on_what_it_ran(typical: Results) -> None:
    """Theirs and ours, with the versions of the servers that took part."""
    text = " ".join(show(typical).split())
    assert (
        "Theirs: Python 3.9, Django 4.1, PostgreSQL 13.6, psycopg2 2.9.3, Hypercorn 0.14.1. Ours: "
        "CPython 3.13, Django 6.1.3, PostgreSQL 18.1 (embedded), gunicorn 24.0, hypercorn 0.18.0, "
        "on Imaginary 9000, 2 cores."
    ) in text


def test_a_free_threaded_interpreter_is_named_in_full(typical: Results) -> None:
    """Its version stands in the middle of what describes it."""
    run = typical.run
    machine = replace(run.machine, python="CPython 3.14.2 free-threaded")
    bare = replace(run, machine=machine, versions={}, database=None)
    assert "Ours: CPython 3.14.2 free-threaded, on" in show(replace(typical, run=bare), width=200)


def test_the_articles_rows_stand_in_its_order(typical: Results) -> None:
    """The sizes of the GET together, theirs beside ours."""
    [article, *_] = tables(typical)
    rows = [[say(cell) for cell in cells] for cells in article.rows]
    assert [cells[0] for cells in rows] == ["GET 50", "GET 500", "GET 1,500", "POST", "API"]
    assert rows[1] == [
        *("GET 500", "3.67973", "2.39427", "1.54"),
        *("1.83987", "1.0 %", "1.19714", "1.0 %", "1.54", "1.53"),
    ]


def test_a_row_with_a_failed_run_has_no_figure_and_says_why(typical: Results) -> None:
    """The article's stand alone, with a note below."""
    [article, *_] = tables(typical)
    [post] = [cells for cells in article.rows if say(cells[0]) == "POST"]
    assert [say(cell) for cell in post[1:]] == ["0.07699", "0.08299", "0.93", *"––––––"]
    failed = "POST, sync: failed 1 of 3 times, so there is no figure (status: 503 instead of 200)"
    assert notes(typical)[failed] == "look at the log"


def test_a_row_measured_once_is_marked(tmp_path: Path) -> None:
    """As --quick does it, and a size that the article lacks has dashes for its figures."""
    planned = synthetic.experiment(Choices(objects=(70, 1500), length="quick", seed=7))
    singles = synthetic.answer_all(planned)
    directory, run = synthetic.begin(tmp_path / "run", planned, singles=singles)
    directory.save(run)
    results = synthetic.read(directory)
    [article] = tables(results)
    assert [say(note) for note in article.notes if "once" in say(note)] == [
        "GET 1,500: measured once here"
    ]
    rows = {say(cells[0]): [say(cell) for cell in cells[1:]] for cells in article.rows}
    assert rows["GET 70"] == [*"–––", "3.00000", "1.0 %", "2.00000", "1.0 %", "1.50", "1.50"]
    assert rows["GET 1,500"][4:7] == ["–", "3.13172", "–"]


def test_a_real_service_is_named_instead_of_the_stand_in(typical: Results) -> None:
    """With --api-url, the third row is somebody's answer and not ours."""
    url = "https://rates.example/timeseries"
    run = replace(typical.run, options={"api_url": url})
    text = " ".join(show(replace(typical, run=run)).split())
    assert f"API calls the real service, {url}; the article's took what it took." in text
    assert "API calls a stand-in that waits 500 ms, then sends 1.1 MB" in show(typical, width=200)


def test_cells_stand_in_the_order_of_the_experiment(typical: Results) -> None:
    """GET, POST, API; 5 calls before 20; few clients before many."""
    _, fair, _, _, change, added = tables(typical)
    assert [f"{say(cells[0])} {say(cells[1])}" for cells in fair.rows] == [
        *("GET 1", "GET 8", "GET 64", "POST 1", "POST 8", "API 1", "API 8", "API 64"),
    ]
    assert [say(cells[0]) for cells in change.rows] == [
        "GET without N+1, sync",
        "GET without N+1, async",
        "API, shared client, sync",
        "API, shared client, async",
        "API, 5 calls, gathered",
    ]
    assert list(dict.fromkeys(say(cells[0]) for cells in added.rows)) == [
        "GET",
        "API, 1 call",
        "API, 5 calls",
        "API, 20 calls",
        "API, 1 call of 5 ms",
        "API, 1 call of 60 ms",
        "API, 1 call of 200 ms",
    ]


def test_a_void_cell_shows_no_figure_and_its_reason(typical: Results) -> None:
    """Dashes in the table, the fault and its hint below."""
    _, fair, *_ = tables(typical)
    [void] = [cells for cells in fair.rows if say(cells[6]) == "void"]
    assert [say(cell) for cell in void] == ["API", "8", "–", "–", "–", "–", "void", "–", "–"]
    assert notes(typical)["API at 8: void, status: 503 instead of 200"] == "look at the log"


def test_what_is_in_doubt_or_restless_is_named(typical: Results) -> None:
    """Each with the way on."""
    said = notes(typical)
    doubt = "inconclusive, after 6 blocks it may be faster, slower or the same"
    assert said[f"GET at 64: {doubt}"]
    assert said[f"API, 1 call at 8: {doubt}"]
    unsettled = "warm-up never settled: the warm-up's last two windows did not agree"
    assert said[f"GET without N+1, sync at 8: {unsettled}"]


def test_cells_left_out_are_named_with_the_command_that_measures_them(typical: Results) -> None:
    """By chapter, and why."""
    said = notes(typical)
    chapter_3 = "not measured: GET at 1: needs 43 s; API, 5 calls at 64: needs 43 s"
    assert said["not measured: POST at 64: needs 43 s"] == "whereasync demo --full --chapter 2"
    assert said[chapter_3] == "whereasync demo --full --chapter 3"


def test_candidates_are_listed_by_their_options_with_what_failed(typical: Results) -> None:
    """8 threads before 16, and no zero for the one that died."""
    _, _, sweep, *_ = tables(typical)
    assert [[say(cell) for cell in cells] for cells in sweep.rows] == [
        ["hypercorn", "100/s", "100/s", ""],
        ["uvicorn", "200/s", "200/s", "chosen"],
        ["gunicorn,worker=gthread,threads=8", "–", "–", "it ended with exit code 3"],
        ["gunicorn,worker=gthread,threads=16", "200/s", "200/s", ""],
        ["gunicorn,worker=gthread,threads=32", "300/s", "300/s", "chosen"],
    ]
    assert [column.title for column in sweep.columns[1:3]] == [
        "GET, 8 clients",
        "API, 1 call, 64 clients",
    ]


def test_arms_that_were_not_tuned_are_said_to_be_set(typical: Results) -> None:
    """One candidate a role, as with --quick."""
    sweep = tuple(
        replace(point, throughput={}, fault=None, chosen=True) for point in typical.run.sweep
    )
    results = replace(typical, run=replace(typical.run, sweep=sweep))
    assert notes(results)["the arms are as set, not tuned"] == "whereasync demo"


def test_what_each_arm_took_stands_below_how_it_was_tuned(typical: Results) -> None:
    """Peaks over all blocks; what couldn't be seen is a dash."""
    _, _, _, took, *_ = tables(typical)
    assert [[say(cell) for cell in cells] for cells in took.rows] == [
        ["hypercorn", "60 MB", "–", "–", "20.0"],
        ["gunicorn,worker=gthread,threads=16", "90 MB", "17", "13", "2.0"],
    ]


def test_little_database_cpu_is_not_shown_as_zero(typical: Results) -> None:
    """An API call asks the database nothing; "+0.0" would say nothing either."""
    assert "+0.0" not in show(typical)


# ---------------------------------------------------------------- what went wrong


def begin(path: Path, **changes: object) -> Results:
    """Derive the results of a run without any measurement."""
    directory, run = synthetic.begin(path, PLANNED, **changes)
    return derive(run, directory.samples)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.INTERRUPTED, "interrupted: what had been measured by then"),
        (Status.RUNNING, "still running, or killed: what has been measured so far"),
    ],
)
def test_a_run_cut_short_says_so(typical: Results, status: Status, said: str) -> None:
    """Before anything else, and what has been measured is shown."""
    results = replace(typical, run=replace(typical.run, status=status))
    assert next(iter(notes(results).items())) == (said, "run it again")
    assert len(tables(results)) == 6
    assert said not in notes(typical)


def test_faults_of_the_run_stand_first(tmp_path: Path) -> None:
    """With their hints, as faults."""
    results = begin(tmp_path / "run", status=Status.FAILED, faults=(DEAD,))
    assert notes(results, NoteKind.FAULT) == {
        "server: it ended with exit code 3": "whereasync demo --serve"
    }


def test_chapters_that_were_not_reached_are_named(tmp_path: Path) -> None:
    """A race that never began isn't passed over: it says what wasn't measured."""
    results = begin(tmp_path / "run", status=Status.INTERRUPTED)
    said = {what: hint for what, hint in notes(results).items() if what.startswith("not measured")}
    assert said == {
        "not measured: GET at 8: not reached; API at 8: not reached; GET at 1: not reached and "
        "6 more": "whereasync demo --full --chapter 2",
        "not measured: GET without N+1, sync at 8: not reached; API, 5 calls at 1: "
        "not reached; API, 1 call at 64: not reached and 16 more": "whereasync demo --full "
        "--chapter 3",
    }


def test_a_race_without_an_arm_says_which_candidates_failed(tmp_path: Path) -> None:
    """All of one role died, so there was no race; the sweep is why."""
    sweep = tuple(
        replace(point, throughput={}, chosen=False, fault=DEAD) if point.role == "wsgi" else point
        for point in synthetic.tuned(PLANNED)
    )
    results = begin(
        tmp_path / "run", sweep=sweep, arms={"asgi": synthetic.ARMS["asgi"]}, left_out={}
    )
    [_, shown] = tables(results)
    assert [say(cells[-1]) for cells in shown.rows].count("it ended with exit code 3") == 3
    of_chapter_3 = replace(
        results.run,
        experiment=synthetic.experiment(Choices(seed=7, chapters=(3,))),
    )
    assert "it ended with exit code 3" in show(replace(results, run=of_chapter_3))


def test_what_voids_every_cell_is_said_once_a_chapter(tmp_path: Path) -> None:
    """A block died: one caveat names the first cells and counts the rest."""
    directory, run = synthetic.race(tmp_path / "run", PLANNED, {"same-get-8": 1.5})
    blocks = (*run.blocks, synthetic.dead_block(6, PLANNED.cells, DEAD))
    results = derive(replace(run, blocks=blocks), directory.samples)
    said = [text for text in notes(results) if "exit code 3" in text]
    assert said == [
        (
            "GET at 8; API at 8; GET at 1; API at 1 and 5 more: "
            "void, server: it ended with exit code 3"
        ),
        (
            "GET without N+1, sync at 8; API, 5 calls at 1; API, 1 call at 64; "
            "API, 1 call of 60 ms at 64 and 15 more: void, server: it ended with exit code 3"
        ),
    ]


def test_a_run_without_a_race_speaks_of_no_interval(tmp_path: Path) -> None:
    """Chapter 1 alone: no chapter that wasn't asked for, no blocks, no paragraph."""
    planned = synthetic.experiment(Choices(seed=7, chapters=(1,)))
    singles = synthetic.answer_all(planned)
    directory, run = synthetic.begin(tmp_path / "run", planned, singles=singles, arms={})
    directory.save(run)
    text = show(synthetic.read(directory))
    assert text.endswith("\nSeed 7, 2 min 34 s.\n")
    for absent in ("2  ", "3  ", "4  ", "interval", "not measured"):
        assert f"\n{absent}" not in text


def test_a_run_of_no_experiment_still_has_a_report(tmp_path: Path) -> None:
    """It ended before it was planned."""
    text = show(begin(tmp_path / "run", experiment=None, arms={}, faults=(DEAD,)))
    assert "fault: server: it ended with exit code 3" in text


def test_a_newer_experiments_family_comes_last(typical: Results) -> None:
    """A run of a later version may have cells that this one doesn't know."""
    first, *rest = typical.cells
    foreign = replace(first, cell=replace(first.cell, name="strange-8", topic="PUT"))
    _, fair, *_ = tables(replace(typical, cells=(foreign, *rest), conclusions=()))
    assert say(fair.rows[-1][0]) == "PUT"
