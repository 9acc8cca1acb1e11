"""The report of ``demo streaming``, from simulated samples on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests import streamed, synthetic

from whereasync.model import Fault, Status
from whereasync.renderers import render
from whereasync.reports.streaming import report
from whereasync.results import derive

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Run

GAINS = {"whole-whole-64": 1.3, "streamed-streamed-64": 1.5, "streamed-streamed-crossed-64": 0.8}


def show(path: Path, gains: synthetic.Gains, format_: str = "markdown", **changes: object) -> str:
    """Race, and write the report in one line a paragraph, without marks."""
    directory, run = streamed.stream(path / "run", gains, **changes)
    text = render(report(derive(run, directory.samples)), format_, width=80, colour=False)
    return text.replace("**", "")


def test_the_first_line_is_the_answer(tmp_path: Path) -> None:
    """First byte, memory and throughput, with intervals where a verdict stands behind them."""
    answer = show(tmp_path, GAINS).splitlines()[2]
    assert answer.startswith("At 64 clients, streamed all the way: async under ASGI answers its")
    assert "takes 100 MB instead of the 400 MB of the same view, all whole" in answer
    assert "and its throughput rises, 1.50× [1.4" in answer
    assert "sync under WSGI answers its first byte after" in answer
    assert "(4.0" in answer
    assert "its throughput stays the same within 5 %" in answer
    assert ". All whole, sync under WSGI, the first byte is there after " in answer


def test_the_most_clients_come_first(tmp_path: Path) -> None:
    """That is where it matters."""
    text = show(tmp_path, {f"{way}-{n}": 1.0 for way in ("whole-whole", "streamed-streamed")
                           for n in (1, 64)})  # fmt: skip
    assert text.index("At 64 clients") < text.index("At 1 client,")
    assert text.index("## 1 client") < text.index("## 64 clients")


def test_what_is_open_is_said_to_be(tmp_path: Path) -> None:
    """No ratio in the sentence then."""
    doubtful = {"whole-whole-64": 1.0, "streamed-streamed-64": synthetic.DOUBTFUL}
    answer = show(tmp_path, doubtful).splitlines()[2]
    assert "and its throughput is inconclusive;" in answer


def test_slower_is_said_as_plainly(tmp_path: Path) -> None:
    """Streaming may cost throughput."""
    answer = show(tmp_path, {"whole-whole-64": 1.0, "streamed-streamed-64": 0.5}).splitlines()[2]
    assert "and its throughput falls, 0.50× [" in answer


def test_a_row_is_a_variant(tmp_path: Path) -> None:
    """The reference first; what is streamed is named by its parts."""
    rows = [line for line in show(tmp_path, GAINS).splitlines() if line.startswith("| ")]
    assert rows[0] == ("| streamed | view | first byte | whole | memory | ratio | interval | CPU |")
    assert rows[2].startswith("| nothing | sync under WSGI |")
    assert "| 400 MB | 1.00× | – |" in rows[2]
    assert len(rows) == 8
    assert sum(row.startswith("| both |") for row in rows) == 4
    assert "1× is " in show(tmp_path / "again", GAINS)


def test_the_table_fits_into_a_terminal(tmp_path: Path) -> None:
    """Eighty columns, in which it stays a table."""
    text = show(tmp_path, GAINS, "terminal")
    assert max(map(len, text.splitlines())) <= 80
    assert "streamed  view" in text


def test_an_iterator_of_the_wrong_kind_is_a_caveat_with_the_remedy(tmp_path: Path) -> None:
    """Named for what Django does with it; and not where it wasn't measured."""
    text = show(tmp_path, GAINS)
    assert "a sync iterator under ASGI streams nothing: Django consumes it whole" in text
    assert "under ASGI answer with an async iterator" in text
    assert "an async iterator under WSGI streams nothing" in text
    assert "(64 clients)" in text
    quick = show(tmp_path / "quick", {"whole-whole-1": 1.0, "streamed-streamed-1": 1.0})
    assert "streams nothing" not in quick
    assert "a streamed answer sends its status before the API has answered" in quick


def test_the_preface_says_how_the_api_sends(tmp_path: Path) -> None:
    """Without a wait in between there is nothing to gain."""
    text = show(tmp_path, GAINS)
    assert "The API sends 1.1 MB in 6 parts, the first after 20 ms, the others 10 ms apart." in text
    assert "gunicorn 24.0" in text


@pytest.mark.parametrize("status", [Status.INTERRUPTED, Status.RUNNING])
def test_a_run_cut_short_says_so(tmp_path: Path, status: Status) -> None:
    """And shows what there is."""
    text = show(tmp_path, GAINS, blocks=2, status=status)
    assert "run it again" in text
    assert "is inconclusive" in text


def test_nothing_measured_is_no_result(tmp_path: Path) -> None:
    """With what went wrong."""
    failed = Fault(kind="run", detail="uvicorn died", hint="look at its log")
    directory, run = synthetic.begin(
        tmp_path / "run", synthetic.experiment(), command="streaming", faults=(failed,),
        experiment=None,
    )  # fmt: skip
    text = render(report(derive(run, directory.samples)), "markdown")
    assert "**No result**" in text
    assert "uvicorn died" in text


def test_a_void_cell_is_named_below(tmp_path: Path) -> None:
    """Its figures are not shown, the others are."""
    directory, run = streamed.stream(tmp_path / "run", GAINS)
    fault = Fault(kind="status", detail="503 instead of 200", hint="look at the log")
    spoiled: Run = synthetic.spoil(run, "streamed-streamed-64", 2, fault=fault)
    text = render(report(derive(spoiled, directory.samples)), "markdown")
    assert "fetched streamed, answered streamed at 64: void, status: 503 instead of 200" in text
    assert "At 64 clients" not in text
