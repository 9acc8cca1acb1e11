"""A map's report, from simulated samples on the disk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import maps, synthetic

from whereasync.model import Fault, Status
from whereasync.renderers import figures, render
from whereasync.reports.map import answer, report, say_wait
from whereasync.results.breakeven import BreakEven, Pays

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.document import Text
    from whereasync.results import Results

GAINS = {
    (0.001, 1, 1): 0.8,
    (0.01, 1, 1): 1.0,
    (0.1, 1, 1): 1.0,
    (0.001, 8, 1): 0.8,
    (0.01, 8, 1): 0.8,
    (0.1, 8, 1): 1.25,
    (0.001, 64, 1): synthetic.DOUBTFUL,
    (0.1, 8, 5): 4.0,
}
PLANES = """\
One call a request: each waits …
              1 ms    10 ms   100 ms
────────────────────────────────────
1 client   ▼ 0.80×  ≈ 1.00×  ≈ 1.00×
8 clients  ▼ 0.80×  ▼ 0.80×  ▲ 1.25×
64 clients  ✗ void        ·        ·
▲ async faster, ▼ sync faster, ≈ the same within 5 %, ? inconclusive, ✗ void, ·
not measured. Requests/s, async ÷ sync.

At 8 clients, calls in turn ÷ gathered: each waits …
           1 ms    10 ms   100 ms
─────────────────────────────────
1 call  ▼ 0.80×  ▼ 0.80×  ▲ 1.25×
5 calls       ·        ·  ▲ 4.00×
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Measure a small map of which one cell is void and some were left out."""
    left_out = {
        "wait-10ms-calls-1-64": "needs 54 s",
        "wait-100ms-calls-1-64": "needs 60 s",
        "wait-1ms-calls-5-8": "its view failed",
    }
    return maps.measure(
        tmp_path_factory.mktemp("map"),
        GAINS,
        change=lambda run: synthetic.spoil(
            run, "wait-1ms-calls-1-64", 3, fault=Fault(kind="status", detail="500", hint="log")
        ),
        left_out=left_out,
        sweep=synthetic.tuned(maps.plan()),
    )


def say(line: Text) -> str:
    """Write one text without its styles."""
    return "".join(figures.write(span.content) for span in line)


def show(results: Results, width: int = 80) -> str:
    """Render the report."""
    return render(report(results), "terminal", width=width, colour=False)


def flat(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


def test_the_first_line_is_the_answer(results: Results) -> None:
    """With the break-even and its interval, and where there is none."""
    one, five = (say(sentence) for sentence in answer(results))
    row = results.break_evens[1]
    assert row.case is Pays.ABOVE
    assert one.startswith("With one call a request, async pays above ")
    assert one.endswith(
        "] of waiting at 8 clients; at 1 client async is not shown to pay at any wait measured, "
        "1 ms to 100 ms."
    )
    assert f"above {figures.write(_seconds(row.wait))} [" in one
    assert five == "With 5 calls a request, async pays at 100 ms of waiting at 8 clients."
    assert flat(show(results)).startswith(f"Where async starts to pay {one} {five} ")


def _seconds(value: float | None) -> figures.Seconds:
    assert value is not None
    return figures.Seconds(value)


def test_the_planes_read_without_colours(results: Results) -> None:
    """A sign for each verdict; void and empty cells have no figure."""
    shown = [flat(line) for line in show(results).splitlines()]
    for line in PLANES.splitlines():
        assert flat(line) in shown or set(line) == {"─"}


def test_what_was_not_measured_is_said_with_the_way_to_measure_it(results: Results) -> None:
    """How many, what the first would take, and twice the budget; and whose view failed."""
    shown = flat(show(results))
    assert "2 of 12 cells did not fit into the budget; 10 ms at 64 clients needs 54 s" in shown
    assert "next: whereasync map --budget 10m" in shown
    assert "not measured, for the view failed: 1 ms, 5 calls at 8 clients" in shown
    assert "1 ms at 64 clients: void, status: 500" in shown


def test_arms_costs_and_tuning_are_shown(results: Results) -> None:
    """What each took, and that sync had threads to choose from."""
    shown = flat(show(results, 120))
    assert "sync by gunicorn,worker=gthread,threads=16 (24.0), async by hypercorn (0.18.0)" in shown
    assert "How the arms were tuned" in shown
    assert "What each arm took" in shown
    assert "1 ms lasts 1.3 on average" in shown
    assert "8 clients 1 above " in shown
    assert "Seed 7, 2 min 34 s, 6 blocks" in shown


def test_markdown_has_the_same_figures(results: Results) -> None:
    """For an issue."""
    written = render(report(results), "markdown")
    assert "| 8 clients | **▼ 0.80×** | **▼ 0.80×** | **▲ 1.25×** |" in written


def test_a_run_that_was_cut_short_says_so(results: Results) -> None:
    """And doesn't advise a longer budget."""
    run = replace(results.run, status=Status.INTERRUPTED, left_out={})
    shown = flat(show(replace(results, run=run)))
    assert "interrupted: what had been measured by then" in shown
    assert "--budget" not in shown


def test_nothing_measured_is_no_result(tmp_path: Path) -> None:
    """As where no cell fits, or the machine's servers fail."""
    directory, run = synthetic.begin(
        tmp_path / "run",
        maps.plan(),
        command="map",
        arms={},
        versions={},
        faults=(Fault(kind="probe", detail="nobody answers"),),
    )
    directory.save(run)
    shown = flat(show(synthetic.read(directory)))
    assert "No result: nothing was measured." in shown
    assert "nobody answers" in shown
    empty = replace(run, experiment=None)
    directory.save(empty)
    assert "No result" in show(synthetic.read(directory))


def test_a_cell_of_fewer_blocks_is_in_doubt(tmp_path: Path) -> None:
    """Its ratio is shown, with a question mark; the row says that all is open."""
    results = maps.measure(tmp_path, {(0.001, 8, 1): 1.0, (0.1, 8, 1): 2.0}, blocks=3)
    assert "? 2.00×" in show(results)
    [sentence] = answer(results)
    assert say(sentence) == "With one call a request, at 8 clients all is inconclusive."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"case": Pays.ALWAYS}, "at every wait measured, 1 ms to 100 ms,"),
        ({"case": Pays.NEVER}, "at none, 1 ms to 100 ms"),
        ({"case": Pays.OPEN}, "inconclusive"),
        ({"case": Pays.MIXED}, "at some waits, not at others"),
        ({"case": Pays.FROM, "wait": 0.02}, "from 20 ms of waiting on"),
        (
            {"case": Pays.ABOVE, "wait": 0.0123, "low": 0.009, "high": 0.0171},
            "above 12 ms [9.0 ms – 17 ms] of waiting",
        ),
        ({"case": Pays.ABOVE, "wait": 0.012}, "above 12 ms [≤ 5 ms – ≥ 20 ms] of waiting"),
        ({"case": Pays.BELOW}, "below something between 5 ms and 20 ms of waiting"),
    ],
)
def test_every_case_has_its_words(changes: dict[str, object], said: str) -> None:
    """A bound that runs out is the next wait that was decided."""
    row = BreakEven(clients=8, calls=1, case=Pays.OPEN, waits=(0.001, 0.1))
    row = replace(row, decided_below=0.005, decided_above=0.02, **changes)  # type: ignore[arg-type]
    assert say(say_wait(row)) == said


def test_that_async_pays_is_said_once_and_equal_sentences_are_one(results: Results) -> None:
    """Eight break-evens must still be read in ten seconds."""
    rows = tuple(
        BreakEven(clients=clients, calls=calls, case=Pays.FROM, waits=(0.01, 0.1), wait=wait)
        for calls, clients, wait in ((1, 4, 0.1), (1, 8, 0.01), (2, 4, 0.01), (5, 4, 0.01))
    )
    one, more = (say(each) for each in answer(replace(results, break_evens=rows)))
    assert one == (
        "With one call a request, async pays from 100 ms of waiting on at 4 clients; from 10 ms "
        "on at 8 clients."
    )
    assert more == "With 2 and 5 calls a request, async pays from 10 ms of waiting on at 4 clients."


def test_each_case_is_said_of_its_clients(results: Results) -> None:
    """Those of which the same is true together, the ones where async pays first."""
    rows = tuple(
        BreakEven(clients=clients, calls=1, case=case, waits=(0.001, 0.1))
        for clients, case in ((1, Pays.NEVER), (4, Pays.NEVER), (8, Pays.MIXED), (64, Pays.ALWAYS))
    )
    [sentence] = answer(replace(results, break_evens=rows))
    assert say(sentence) == (
        "With one call a request, async pays at every wait measured, 1 ms to 100 ms, at 64 "
        "clients; at 1 and 4 clients async is not shown to pay at any wait measured, 1 ms to "
        "100 ms; at 8 clients async pays at some waits and not at others."
    )
