"""The report of ``demo idle``, from turns that never happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests import streamed

from whereasync.model import Fault, Status
from whereasync.renderers import render
from whereasync.reports.idle import report
from whereasync.results import derive

if TYPE_CHECKING:
    from pathlib import Path

ALL = {"threads_few": 16, "threads_many": 100, "uvicorn": 100, "hypercorn": 100, "crossed": 0}
DIED = Fault(kind="server", detail="gunicorn ended with code 1", hint="look at its log")


def show(
    path: Path, served: dict[str, int | Fault], format_: str = "markdown", **changes: object
) -> str:
    """Hold, and write the report without marks."""
    directory, run = streamed.hold(path / "run", served, **changes)
    text = render(report(derive(run, directory.samples)), format_, width=80, colour=False)
    return text.replace("**", "")


def test_the_first_line_says_who_was_served_and_for_how_much(tmp_path: Path) -> None:
    """The async ones first, and whoever had no answer for another visitor is told."""
    answer = show(tmp_path, ALL).splitlines()[2]
    assert answer == (
        "Of 100 idle clients uvicorn, async view served all, for 102 threads and 30 MB; "
        "hypercorn, async view served all, for 102 threads and 30 MB; "
        "gunicorn, 16 threads, sync view served 16, for 18 threads and 30 MB, and nobody else; "
        "gunicorn, 124 threads, sync view served all, for 102 threads and 30 MB; "
        "uvicorn, sync view served none, for 2 threads and 30 MB, and nobody else."
    )


def test_a_row_is_an_arm(tmp_path: Path) -> None:
    """A range is shown where the turns differ; a visitor without an answer is no time."""
    rows = [line for line in show(tmp_path, ALL).splitlines() if line.startswith("| ")]
    assert rows[2] == (
        "| gunicorn, 16 threads, sync view | 16 | 8.5 ms | 18 | 30 MB | 5.0 % [5.0 %–15 %] "
        "| no answer |"
    )
    assert rows[4].endswith("| 3.0 ms |")
    assert rows[6].startswith("| uvicorn, sync view | 0 | – | 2 |")
    assert len(rows) == 7


def test_why_some_were_not_served_is_said_with_the_remedy(tmp_path: Path) -> None:
    """Once for each arm, and not of those that served all."""
    text = show(tmp_path, ALL)
    assert "gunicorn, 16 threads, sync view: a client holds a thread" in text
    assert "as many threads as clients, or an async view under ASGI" in text
    assert "uvicorn, sync view: Django consumes a sync iterator whole" in text
    assert "under ASGI answer with an async iterator" in text
    assert "it still held 16 connections" in text
    together = "hypercorn, async view; uvicorn, async view: a thread for each client"
    assert text.count("a thread for each client") == text.count(together) == 1
    assert "holds a thread" not in show(tmp_path / "good", {"threads_many": 100})


def test_three_turns_are_told(tmp_path: Path) -> None:
    """And where to go next."""
    text = show(tmp_path, ALL)
    assert "Median of 3 turns, each on a fresh server." in text
    assert "whereasync demo streaming" in text


def test_an_arm_that_failed_is_a_fault_and_not_a_row(tmp_path: Path) -> None:
    """Said once, however often it failed."""
    text = show(tmp_path, {"threads_many": DIED, "uvicorn": 100})
    assert text.count("gunicorn ended with code 1") == 1
    assert text.count("| gunicorn") == 0


@pytest.mark.parametrize("status", [Status.INTERRUPTED, Status.RUNNING])
def test_a_run_cut_short_says_so(tmp_path: Path, status: Status) -> None:
    """And shows what there is."""
    assert "run it again" in show(tmp_path, ALL, status=status)


def test_nothing_measured_is_no_result(tmp_path: Path) -> None:
    """With what went wrong."""
    failed = Fault(kind="run", detail="no database", hint="look at its log")
    text = show(tmp_path, {}, faults=(failed,))
    assert "No result: nothing was measured." in text
    assert "no database" in text
