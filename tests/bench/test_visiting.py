"""Visitors of servers that say nothing, or aren't there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.loopback import Server

from whereasync.bench import visiting
from whereasync.bench.visiting import visit
from whereasync.demo.leaving import CASES
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Target
from whereasync.servers import free_port

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from pathlib import Path

AWAIT = CASES[0]


class Mute(Server):
    """Reads requests, and marks for each trail what it is told to."""

    def __init__(self, trails: Path, steps: dict[str, str]) -> None:
        super().__init__()
        self.trails, self.steps = trails, steps

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Mark, and say nothing."""
        del writer
        head = await reader.readuntil(b"\r\n\r\n")
        name = head.partition(b"trail=")[2].partition(b"&")[0].decode()
        steps = self.steps[name.rpartition("-")[2]]
        with self.trails.open("a") as file:
            file.writelines(f"{name} {step} 1.0\n" for step in steps.split())
        return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody."""
    monkeypatch.setattr(visiting, "PATIENCE", 0.2)
    monkeypatch.setattr(visiting, "GRACE", 0.05)


@pytest.fixture
def trails(tmp_path: Path) -> Path:
    """Give the file of the trails."""
    return tmp_path / "trails"


def serve(trails: Path, steps: dict[str, str]) -> Iterator[Target]:
    """Serve while the generator is held."""
    server = Mute(trails, steps)
    server.start()
    yield Target(host="127.0.0.1", port=server.port, server_pids=())
    server.stop()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "steps",
    [
        {"left": "", "stayed": ""},
        {"left": "", "stayed": "begun after"},
        {"left": "begun", "stayed": "begun"},
    ],
)
def test_a_view_that_even_the_one_who_stayed_saw_no_end_of_is_a_fault(
    trails: Path, steps: dict[str, str]
) -> None:
    """A missing mark would mean nothing."""
    for target in serve(trails, steps):
        (seen,) = visit(target, [AWAIT], trails=trails, dsn=None, wait=0.01, name="t")
    assert (seen.left, seen.stayed) == (None, None)
    assert seen.fault
    assert seen.fault.kind == "timeout"


@pytest.mark.usefixtures("impatient")
def test_both_leave_their_trails(trails: Path) -> None:
    """Without a database there is neither a query nor a row."""
    for target in serve(trails, {"left": "begun", "stayed": "begun after"}):
        (seen,) = visit(target, [AWAIT], trails=trails, dsn=None, wait=0.01, name="t")
    assert seen.fault is None
    assert seen.left_after
    assert seen.left
    assert seen.stayed
    assert (set(seen.left.marks), set(seen.stayed.marks)) == ({"begun"}, {"begun", "after"})
    assert (seen.left.rows, seen.left.active) == (None, None)


def test_a_server_that_is_not_there_is_an_error(trails: Path) -> None:
    """Of the whole visit."""
    gone = Target(host="127.0.0.1", port=free_port(), server_pids=())
    with pytest.raises(WhereAsyncError, match="no visitor can reach the server"):
        visit(gone, [AWAIT], trails=trails, dsn=None, wait=0.01, name="t")


def test_nobody_visits_another_machine(trails: Path) -> None:
    """Not even one request leaves."""
    far = Target(host="192.0.2.1", port=80, server_pids=())
    with pytest.raises(BadInputError, match="loopback"):
        visit(far, [AWAIT], trails=trails, dsn=None, wait=0.01, name="t")
