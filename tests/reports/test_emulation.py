"""What a reader sees first of the test client, and why it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import synthetic

from whereasync.demo.emulation import list_bursts
from whereasync.document import Paragraph, Table
from whereasync.model import Burst, DatabaseFacts, Fault, Status, Way
from whereasync.renderers import markdown
from whereasync.reports import emulation
from whereasync.results import Results, derive

if TYPE_CHECKING:
    from pathlib import Path

RUNS = 20
SQLITE = DatabaseFacts(vendor="SQLite", version="3.45", where="a file")


def take(burst: Burst) -> float:
    """Return the s of a burst: 1 ms more a client where all share a thread, and views wait."""
    seconds = {Way.CLIENT: 0.0009, Way.FACTORY: 0.0002}.get(burst.way, 0.001)
    if burst.view == "wait":
        is_queue = burst.variant == "sync" and burst.way is Way.ASYNC_CLIENT
        seconds += 0.025 * (burst.clients if is_queue else 1)
    return seconds


def build(path: Path, *, faster: float = 1.0, **changes: object) -> Results:
    """Return the results of a run in which every burst took what ``take`` says."""
    bursts = tuple(
        Burst(
            view=kind.view,
            variant=kind.variant,
            way=kind.way,
            clients=kind.clients,
            run=run,
            seconds=take(kind) * (1 + run / 1000) * (faster if kind.way.is_real else 1.0),
            in_view=0.025,
        )
        for kind in list_bursts(tuple(Way), has_postgres=True)
        for run in range(RUNS)
    )
    values = {"bursts": bursts, "command": "test-client", **changes}
    directory, run = synthetic.begin(path / "run", synthetic.two_arms(), **values)
    return derive(run, directory.samples)


def write(results: Results) -> str:
    """Render the report as somebody reads it."""
    return markdown.render(emulation.report(results))


def test_the_answer_comes_first(tmp_path: Path) -> None:
    """With the figures that it rests on."""
    document = emulation.report(build(tmp_path))
    assert isinstance(document.blocks[0], Paragraph)
    first = write(build(tmp_path / "again")).split("\n\n")[1]
    assert "Not with several requests at once" in first
    assert "AsyncClient takes 203 ms for 8 to a sync view that waits 25 ms, a server 26 ms" in first
    assert "(7.73×)" in first
    assert "One at a time, Client takes from 0.90×" in first
    assert "AsyncClient takes from 1.00×" in first


def test_where_nothing_queues_nothing_is_said_against_it(tmp_path: Path) -> None:
    """A slow server makes AsyncClient look right with eight at once too."""
    assert "Not with several" not in write(build(tmp_path, faster=7.0))


def test_one_at_a_time_and_eight_at_once_have_a_table_each(tmp_path: Path) -> None:
    """A third leads from AsyncClient to a server, for the views that were asked all four ways."""
    document = emulation.report(build(tmp_path))
    tables = [block for block in document.blocks if isinstance(block, Table)]
    assert [len(table.rows) for table in tables] == [9, 9, 5]
    text = write(build(tmp_path / "again"))
    assert "| waits 25 ms, sync | **26 ms** | 26 ms 1.00× | **26 ms** | 203 ms **7.73×** |" in text


def test_each_reason_has_its_figures(tmp_path: Path) -> None:
    """The view's clock beside the client's, and what a tool leaves out."""
    text = write(build(tmp_path))
    assert "It says 25 ms under AsyncClient and 25 ms on the server" in text
    for title in ("One thread.", "One connection.", "No server.", "No middleware.", "Another loop"):
        assert title in text


def test_what_failed_is_said(tmp_path: Path) -> None:
    """A run without any answer has nothing to compare."""
    fault = Fault(kind="status", detail="answered 500", hint="look at the log")
    failed = Burst(view="hello", variant="sync", way=Way.CLIENT, clients=1, run=0, fault=fault)
    results = build(
        tmp_path, bursts=(failed,), faults=(fault,), status=Status.INTERRUPTED, database=SQLITE
    )
    text = write(results)
    assert "Nothing was measured that could be compared." in text
    assert text.count("answered 500") == 2
    assert "interrupted" in text
    assert "SQLite" in text
