"""A race's report, letter by letter, from simulated samples on the disk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from tests import synthetic

from whereasync.document import Forest, Note, Paragraph
from whereasync.model import Caveat, Fault, Status, SweepPoint
from whereasync.renderers import figures, render
from whereasync.reports.race import report
from whereasync.results import Crossover, derive
from whereasync.stats import Comparison, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from whereasync.document import Text
    from whereasync.model import Experiment, Run
    from whereasync.results import Results

ARMS = {"a": synthetic.ARMS["wsgi"], "b": synthetic.ARMS["asgi"]}
STATUS = Fault(kind="status", detail="503 instead of 200", hint="look at the log")
NOISY = Fault(kind=Caveat.NOISY_MACHINE, detail="equal spins differ by 12%", hint="close the rest")
TITLE = """\
A: gunicorn,worker=gthread,threads=16@/plain/sync/ against B:
hypercorn@/plain/async/
"""
PREFACE = """\
The demo's project, CPython 3.13, Django 6.1.3, PostgreSQL 18.1 (embedded),
gunicorn 24.0, hypercorn 0.18.0, on Imaginary 9000, 2 cores; the API behind it
waits 20 ms.
"""
TOOK = """\
What each arm took: the peaks of its processes, and how often a thread of it had
to wait: its voluntary context switches
                                                           database   switches a
arm                                    memory  threads  connections      request
────────────────────────────────────────────────────────────────────────────────
A  gunicorn,worker=gthread,threads=16   90 MB       17           13          2.0
B  hypercorn                            60 MB        –            –         20.0
"""


def race(
    path: Path,
    gains: synthetic.Gains,
    planned: Experiment | None = None,
    *,
    change: Callable[[Run], Run] = lambda run: run,
    **changes: Any,
) -> Results:
    """Race what the gains name, change the run, and read it back."""
    planned = planned or synthetic.two_arms([int(name.rpartition("-")[2]) for name in gains])
    directory, run = synthetic.race(
        path / "run", planned, gains, **{"command": "race", "arms": ARMS, **changes}
    )
    return derive(change(run), directory.samples)


def show(results: Results, format_: str = "terminal", width: int = 80) -> str:
    """Render the report."""
    return render(report(results), format_, width=width, colour=False)


def page(*lines: str) -> str:
    """Put a page together."""
    return "\n".join(lines)


def say(line: Text) -> str:
    """Write one text without its styles."""
    return "".join(figures.write(span.content) for span in line)


def paragraphs(results: Results) -> list[str]:
    """Return the report's paragraphs: the preface, the answer, …, the closing line."""
    return [say(block.text) for block in report(results).blocks if isinstance(block, Paragraph)]


def notes(results: Results) -> dict[str, str]:
    """Return the report's notes, each with its hint."""
    return {
        say(block.text): say(block.hint)
        for block in report(results).blocks
        if isinstance(block, Note)
    }


@pytest.fixture(scope="module")
def curve(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Race a curve that crosses between 1 client and 64."""
    gains = {"race-1": 0.7, "race-8": 1.0, "race-64": 1.5}
    return race(tmp_path_factory.mktemp("curve"), gains)


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Race one cell in the open loop."""
    planned = synthetic.two_arms(rate=100.0)
    return race(tmp_path_factory.mktemp("offered"), {"race-8": 1.5}, planned)


# ---------------------------------------------------------------- how it looks


def test_a_race_of_one_cell_is_shown_like_this(tmp_path: Path) -> None:
    """What a reader sees must change on purpose only."""
    assert show(race(tmp_path, {"race-8": 1.5})) == page(
        TITLE,
        PREFACE,
        "B is faster: 1.50× [1.48–1.52] as many requests/s as A at 8 clients, 6 blocks.\n",
        "CPU in seconds per 1,000 requests is the server's, + the database's",
        "at         arm  requests/s    p50    p99  CPU s per 1,000",
        "─────────────────────────────────────────────────────────",
        "8 clients  A           500  16 ms  16 ms          2.0+0.5",
        "8 clients  B           750  11 ms  11 ms          1.3+0.3\n",
        TOOK,
        "Seed 7, 2 min 34 s; intervals at 98 % or more.\n",
    )


def test_a_curve_is_shown_like_this(curve: Results) -> None:
    """All along it first, then where it crosses, then the picture."""
    _, _, after = show(curve).partition(PREFACE)
    assert after.partition("\nCPU in seconds")[0] == (
        """
B is slower at 1 client.

No difference that matters at 8 clients.

B is faster at 64 clients.

A is faster from 1 to about 8 clients, B from there to 64 (between 7 and 9).

throughput, B ÷ A: to the right of 1×, B is faster
            0.5×         1×           2×
            ┴─────────────┼────────────┴
  1 client        ─●      │               0.70× [0.69–0.71]  A faster, 6 blocks
 8 clients               ●┼               1.00× [0.99–1.01]  same ±5 %, 6 blocks
64 clients                │      ●─       1.50× [1.48–1.52]  B faster, 6 blocks
"""
    )


def test_an_open_loop_is_shown_like_this(offered: Results) -> None:
    """Latencies, both quantiles, and how late the client was."""
    assert show(offered) == page(
        TITLE,
        "The demo's project, CPython 3.13, Django 6.1.3, PostgreSQL 18.1 (embedded),",
        "gunicorn 24.0, hypercorn 0.18.0, on Imaginary 9000, 2 cores; open loop, 100",
        "requests/s to each; the API behind it waits 20 ms.\n",
        "B is faster: 1.50× [1.48–1.52] (p50 of A ÷ p50 of B) at 100 requests/s, 6",
        "blocks. At p99: B is faster, 1.50× [1.48–1.52].\n",
        "mean of the blocks' ratios; the latencies below are those of all blocks'",
        "requests together",
        "at              latency  A ÷ B  interval     verdict   blocks",
        "─────────────────────────────────────────────────────────────",
        "100 requests/s  p50      1.50×  [1.48–1.52]  B faster       6",
        "100 requests/s  p99      1.50×  [1.48–1.52]  B faster       6\n",
        "CPU in seconds per 1,000 requests is the server's, + the database's; latency",
        "counts from the moment a request was due",
        "at              arm  requests/s     p50     p99  CPU s per 1,000  sent late, p99",
        "────────────────────────────────────────────────────────────────────────────────",
        "100 requests/s  A          99.4  2.0 ms  2.0 ms          2.0+0.5             0 s",
        "100 requests/s  B          99.6  1.3 ms  1.3 ms          1.3+0.3             0 s\n",
        TOOK,
        "Seed 7, 2 min 34 s; intervals at 98 % or more.\n",
    )


def test_markdown_says_the_same(offered: Results, curve: Results) -> None:
    """The title is a heading, tables are tables, and the picture stands as it is."""
    text = show(offered, "markdown")
    for said in (
        "# A: gunicorn,worker=gthread,threads=16@/plain/sync/ against B: hypercorn@/plain/async/\n",
        "\n**B is faster**: **1.50×** [1.48–1.52] (p50 of A ÷ p50 of B) at 100 requests/s, ",
        ", 6 blocks. At p99: **B is faster**, 1.50× [1.48–1.52].\n",
        "\n| 100 requests/s | p99 | **1.50×** | [1.48–1.52] | **B faster** | 6 |\n",
        "\n| 100 requests/s | B | 99.6 | 1.3 ms | 1.3 ms | 1.3+0.3 | 0 s |\n",
        "\n| B  hypercorn | 60 MB | – | – | 20.0 |\n",
    ):
        assert said in text
    drawn = show(curve, "markdown")
    assert "\n```text\n            0.5× " in drawn
    assert "0.70× [0.69–0.71]  A faster, 6 blocks\n" in drawn


@pytest.mark.parametrize("width", [60, 72, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(
    curve: Results, offered: Results, tmp_path: Path, width: int
) -> None:
    """Whatever is raced; from 80 on every table keeps its rows."""
    fast = race(tmp_path, {"race-8": 1.5}, synthetic.two_arms(rate=450.5))
    for results in (curve, offered, fast):
        text = show(results, width=width)
        assert max(map(cell_len, text.splitlines())) <= width
        if width >= 80:
            heads = [line for line in text.splitlines() if line.startswith(("at ", "arm "))]
            assert len(heads) >= 2, "a table became a list"


# ---------------------------------------------------------------- the answer


def test_a_slower_arm_is_called_so_with_its_ratio(tmp_path: Path) -> None:
    """From B's side, as the ratio is."""
    assert paragraphs(race(tmp_path, {"race-1": 0.7}))[1] == (
        "B is slower: 0.70× [0.69–0.71] as many requests/s as A at 1 client, 6 blocks."
    )


def test_equal_arms_are_said_to_be_equal(tmp_path: Path) -> None:
    """With the interval that says so."""
    assert paragraphs(race(tmp_path, {"race-8": 1.0}))[1] == (
        "No difference that matters: 1.00× [0.99–1.01] as many requests/s as A at 8 clients, "
        "6 blocks."
    )


def test_what_is_open_is_said_to_be_open_and_what_would_help(tmp_path: Path) -> None:
    """The interval, how far it came, and the option that lets it go on."""
    results = race(tmp_path, {"race-8": synthetic.DOUBTFUL})
    assert paragraphs(results)[1] == (
        "Inconclusive: 1.03× [0.75–1.41] as many requests/s as A at 8 clients, 6 blocks."
    )
    assert notes(results) == {
        "8 clients: budget ended before the last look: inconclusive after 6 of 24 blocks": (
            "whereasync race … --budget 5m"
        )
    }


def test_what_is_open_after_the_last_look_needs_a_quieter_machine(tmp_path: Path) -> None:
    """More time is no help then, and isn't advised."""
    results = race(tmp_path, {"race-8": synthetic.DOUBTFUL * 4}, blocks=24)
    [(what, hint)] = notes(results).items()
    assert what.startswith("8 clients: ")
    assert "24 blocks" in what
    assert "quieter machine" in hint


def test_a_single_block_has_no_interval(tmp_path: Path) -> None:
    """A ratio, and one block, not "1 blocks"."""
    results = race(tmp_path, {"race-8": 1.5}, blocks=1)
    assert paragraphs(results)[1] == (
        "Inconclusive: 1.50× as many requests/s as A at 8 clients, 1 block."
    )
    assert "intervals at" not in show(results)


def test_a_void_cell_shows_no_figure_and_why_at_once(tmp_path: Path) -> None:
    """The reason and the way on stand right below the answer."""
    results = race(
        tmp_path,
        {"race-8": 1.5},
        change=lambda run: synthetic.spoil(run, "race-8", 2, fault=STATUS),
    )
    assert show(results) == page(
        TITLE,
        PREFACE,
        "No result at 8 clients.\n",
        "caveat: 8 clients: void, status: 503 instead of 200",
        "  next: look at the log\n",
        TOOK,
        "Seed 7, 2 min 34 s.\n",
    )


def test_a_void_cell_of_a_curve_keeps_its_place(tmp_path: Path) -> None:
    """A row of words alone, in the picture as in the answer."""
    results = race(
        tmp_path,
        {"race-1": 1.5, "race-8": 1.5},
        change=lambda run: synthetic.spoil(run, "race-8", 2, fault=STATUS),
    )
    assert paragraphs(results)[1:3] == ["B is faster at 1 client.", "No result at 8 clients."]
    [forest] = [block for block in report(results).blocks if isinstance(block, Forest)]
    assert [(row.label, row.ratio, row.verdict.content) for row in forest.rows] == [
        ("1 client", pytest.approx(1.5, rel=0.01), "B faster, 6 blocks"),
        ("8 clients", None, "void"),
    ]


def test_cells_that_agree_are_named_together(tmp_path: Path) -> None:
    """One sentence for each verdict, the numbers of clients in their order."""
    gains = {"race-1": 1.5, "race-4": 1.5, "race-8": 1.0, "race-64": 1.5}
    assert paragraphs(race(tmp_path, gains))[1:3] == [
        "B is faster at 1 client, 4 clients and 64 clients.",
        "No difference that matters at 8 clients.",
    ]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (17.3, 29.1, "between 17 and 30"),
        (None, 29.1, "at 30 or fewer"),
        (17.3, None, "at 17 or more"),
        (None, None, "where exactly stays open"),
    ],
)
def test_a_crossing_is_said_with_its_interval_in_whole_clients(
    curve: Results, low: float | None, high: float | None, said: str
) -> None:
    """Rounded outwards, so that it still holds what it held; open ends are said to be open."""
    crossing = Crossover(
        clients=22.4,
        low=low,
        high=high,
        winner_below="b",
        winner_above="a",
        decided_below=8,
        decided_above=64,
    )
    assert paragraphs(replace(curve, crossovers={"race": (crossing,)}))[4] == (
        f"B is faster from 8 to about 22 clients, A from there to 64 ({said})."
    )


def test_an_open_loop_of_a_single_block_has_no_interval_either(tmp_path: Path) -> None:
    """At neither quantile."""
    results = race(tmp_path, {"race-8": 1.5}, synthetic.two_arms(rate=100.0), blocks=1)
    assert paragraphs(results)[1] == (
        "Inconclusive: 1.50× (p50 of A ÷ p50 of B) at 100 requests/s, 1 block. "
        "At p99: Inconclusive, 1.50×."
    )


def test_a_tail_of_its_own_is_said_beside_the_median(offered: Results) -> None:
    """Faster for most requests and slower for the last hundredth are two answers."""
    [cell] = offered.cells
    slower = Comparison(
        verdict=Verdict.FASTER, blocks=6, winner="a", ratio=0.8, low=0.75, high=0.85
    )
    results = replace(offered, cells=(replace(cell, tail=slower),))
    assert paragraphs(results)[1] == (
        "B is faster: 1.50× [1.48–1.52] (p50 of A ÷ p50 of B) at 100 requests/s, 6 blocks. "
        "At p99: B is slower, 0.80× [0.75–0.85]."
    )


# ---------------------------------------------------------------- around it


def test_a_run_cut_short_says_so_first(tmp_path: Path) -> None:
    """And shows what it has; no budget ended, so none is asked for."""
    results = race(
        tmp_path,
        {"race-8": synthetic.DOUBTFUL},
        status=Status.INTERRUPTED,
        faults=(STATUS,),
        caveats=(NOISY,),
    )
    assert notes(results) == {
        "interrupted: what had been measured by then": "run it again",
        "status: 503 instead of 200": "look at the log",
        ("8 clients: inconclusive, after 6 blocks it may be faster, slower or the same"): "",
        "noisy machine: equal spins differ by 12%": "close the rest",
    }


def test_a_tuned_race_shows_what_was_tried(tmp_path: Path) -> None:
    """By the arm's options; what entered the race is marked."""
    eight = replace(ARMS["a"], options={"threads": "8"})
    planned = replace(synthetic.two_arms(), candidates={"a": (eight, ARMS["a"]), "b": (ARMS["b"],)})
    sweep = (
        SweepPoint(role="a", arm=ARMS["a"], throughput={"race-8": 300.0}, chosen=True),
        SweepPoint(role="a", arm=eight, throughput={"race-8": 200.0}),
        SweepPoint(role="b", arm=ARMS["b"], chosen=True),
    )
    text = show(race(tmp_path, {"race-8": 1.5}, planned, sweep=sweep))
    assert (
        "How the arms were tuned; none of this entered the race\n"
        "candidate                           8 clients\n"
        "─────────────────────────────────────────────────────\n"
        "gunicorn,threads=8                      200/s\n"
        "gunicorn,worker=gthread,threads=16      300/s  chosen\n"
    ) in text


def test_arms_that_were_not_to_be_tuned_are_not_said_to_be_untuned(tmp_path: Path) -> None:
    """Whoever gives an arm to race has chosen it."""
    sweep = tuple(SweepPoint(role=role, arm=arm, chosen=True) for role, arm in ARMS.items())
    assert "tuned" not in show(race(tmp_path, {"race-8": 1.5}, sweep=sweep))


def test_another_method_is_named(tmp_path: Path) -> None:
    """GET goes without saying."""
    planned = synthetic.two_arms()
    [cell] = planned.cells
    post = replace(cell, a=replace(cell.a, request=replace(cell.a.request, method="POST")))
    results = race(tmp_path, {"race-8": 1.5}, replace(planned, cells=(post,)))
    assert "2 cores; POST requests; the API behind it waits 20 ms." in paragraphs(results)[0]


def test_a_race_that_never_began_has_a_report(tmp_path: Path) -> None:
    """Its arms are not chosen yet, and why stands first."""
    directory, run = synthetic.begin(
        tmp_path / "run",
        synthetic.two_arms(),
        command="race",
        arms={},
        faults=(STATUS,),
        database=None,
        versions={},
    )
    assert show(derive(run, directory.samples)) == page(
        "A: /plain/sync/ against B: /plain/async/\n",
        "The demo's project, CPython 3.13, on Imaginary 9000, 2 cores; the API behind it",
        "waits 20 ms.\n",
        "fault: status: 503 instead of 200",
        "  next: look at the log\n",
        "No result: nothing was measured.\n",
        "Seed 7, 2 min 34 s.\n",
    )


def test_a_race_that_was_never_planned_has_a_report_too(tmp_path: Path) -> None:
    """The database didn't start."""
    planned = synthetic.two_arms()
    directory, run = synthetic.begin(tmp_path / "run", planned, command="race", experiment=None)
    results = derive(run, directory.samples)
    assert report(results).title == "Race"
    assert paragraphs(results)[1] == "No result: nothing was measured."


def test_ones_own_project_is_named_with_how_it_was_run(tmp_path: Path) -> None:
    """By its settings as they are, with whom it was asked as, and each sentence of its own."""

    def change(run: Run) -> Run:
        assert run.experiment is not None
        [cell] = run.experiment.cells
        asked = replace(cell.a.request, user="anna", method="POST")
        cell = replace(cell, a=replace(cell.a, request=asked))
        experiment = replace(run.experiment, cells=(cell,), upstream=None)
        said = ("in B, a.c answers in place of a.b", "e-mail: goes nowhere")
        return replace(run, project="shop.settings", said=said, experiment=experiment)

    shown = " ".join(show(race(tmp_path / "own", {"race-8": 1.0}, change=change)).split())
    assert "shop.settings, CPython 3.13, Django 6.1.3" in shown
    assert "2 cores; POST requests; asked as anna. " in shown
    assert (
        "How your project was run: • in B, a.c answers in place of a.b • e-mail: goes nowhere"
    ) in shown
    assert "How your project was run" not in show(race(tmp_path / "demo", {"race-8": 1.0}))
