"""What a real process tree takes while it is metered."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests import synthetic

from whereasync.bench.demonstration import DemoProject
from whereasync.bench.ledger import Ledger
from whereasync.bench.metering import Meter, reading
from whereasync.bench.stage import Stage
from whereasync.model import Job, Peak, Request, Slice, SliceRules, Task, TaskRecord
from whereasync.processes import Supervisor, supervised, wait_ready
from whereasync.servers import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from whereasync.databases import DatabaseServer
    from whereasync.processes import Child

# Starts three threads that wait, and takes 30 MB; then waits of its own accord until it is ended.
SERVER = """
import threading, time
block = b"x" * 30_000_000
ended = threading.Event()
for _ in range(3):
    threading.Thread(target=ended.wait, daemon=True).start()
print("ready", flush=True)
while True:
    time.sleep(0.005)
"""


class Database:
    """Stands in for a database server: what it counts is given, and how often is kept."""

    def __init__(self, *counts: Mapping[str, int] | None) -> None:
        """Take what is counted at each look; the last one stays."""
        self.counts = list(counts)
        self.looks = 0
        self.is_open = False

    @contextmanager
    def counting(self) -> Iterator[Callable[[], Mapping[str, int] | None]]:
        """Give what counts."""
        self.is_open = True
        yield self._count
        self.is_open = False

    def _count(self) -> Mapping[str, int] | None:
        self.looks += 1
        return self.counts[min(self.looks, len(self.counts)) - 1]

    def await_looks(self, number: int) -> None:
        """Return once it was looked at so often."""
        deadline = time.monotonic() + 20.0
        while self.looks < number:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Start a supervisor."""
    with supervised() as started:
        yield started


@pytest.fixture
def server(supervisor: Supervisor) -> Endpoint:
    """Start a process with four threads."""
    child = supervisor.spawn([sys.executable, "-c", SERVER], name="server")
    wait_ready(child, lambda: "ready" in child.tail(), deadline=20.0)
    return Endpoint(host="127.0.0.1", port=1, child=child)


def set_stage(path: Path, database: Database) -> Stage:
    """Return a stage with that database."""
    directory, run = synthetic.begin(path / "run", synthetic.two_arms())
    project = DemoProject(
        app=cast("Any", None),
        supervisor=cast("Any", None),
        database=cast("DatabaseServer", database),
    )
    ledger = Ledger(run=run, directory=directory)
    nobody = cast("Any", None)
    return Stage(
        project=project, supervisor=nobody, machine=run.machine, ledger=ledger, observer=nobody
    )


def end(child: Child) -> None:
    """End a server, as ``launch_all`` does before its costs are asked for."""
    child.stop(1.0)


def test_a_server_is_metered_while_it_is_under_load(server: Endpoint, tmp_path: Path) -> None:
    """Its threads, its memory, its switches and the connections to the role's own database."""
    database = Database({"block0_a": 3, "block0_b": 9}, {"block0_a": 5}, {})
    with reading(set_stage(tmp_path, database), {"a": server}, "block0") as meter:
        database.await_looks(3)
    end(server.child)
    cost = meter.costs({"a": 120, "b": 7})["a"]
    assert cost.peak_threads == 4
    assert cost.peak_rss > 30_000_000
    assert cost.peak_connections == 5  # the most at any look, and none of B's
    assert cost.requests == 120
    assert cost.switches is not None
    assert cost.switches > 10  # it slept every 5 ms, over three looks


def test_nobody_looks_on_when_it_is_over(server: Endpoint, tmp_path: Path) -> None:
    """The thread has ended and the connection of ours is closed."""
    database = Database({})
    with reading(set_stage(tmp_path, database), {"a": server}, "block0"):
        database.await_looks(1)
        assert database.is_open
    looks = database.looks
    assert not database.is_open
    end(server.child)
    assert database.looks == looks


def test_a_database_without_connections_has_no_count(server: Endpoint, tmp_path: Path) -> None:
    """None, and not 0; SQLite's is a file."""
    database = Database(None)
    with reading(set_stage(tmp_path, database), {"a": server}, "block0") as meter:
        database.await_looks(2)
    end(server.child)
    assert meter.costs({})["a"].peak_connections is None
    assert meter.costs({})["a"].requests == 0


def test_a_database_that_nobody_asked_had_none(server: Endpoint, tmp_path: Path) -> None:
    """A view without queries: 0, which was seen."""
    database = Database({"block0_b": 2})
    with reading(set_stage(tmp_path, database), {"a": server}, "block0") as meter:
        database.await_looks(1)
    end(server.child)
    assert meter.costs({})["a"].peak_connections == 0


def test_switches_before_the_load_do_not_count(server: Endpoint, tmp_path: Path) -> None:
    """Starting up makes some; they are no request's."""
    database = Database({})
    with reading(set_stage(tmp_path, database), {"a": server}, "block0") as meter:
        before = meter.seen["a"].switches
    end(server.child)
    counted = meter.costs({})["a"].switches
    assert before > 0
    assert counted == server.child.count_switches() - before


def test_an_error_under_load_ends_the_looking_too(server: Endpoint, tmp_path: Path) -> None:
    """The error is what is told, and no thread is left."""
    database = Database({})
    with (
        pytest.raises(RuntimeError, match="it broke"),
        reading(set_stage(tmp_path, database), {"a": server}, "block0"),
    ):
        raise RuntimeError("it broke")
    looks = database.looks
    end(server.child)
    assert database.looks == looks


def test_without_servers_nothing_was_taken() -> None:
    """No role, no cost."""
    meter = Meter()
    meter.look(dict)
    meter.look_at_memory()
    assert meter.costs({"a": 5}) == {}


def test_a_cells_peak_is_of_its_own_slices(server: Endpoint, tmp_path: Path) -> None:
    """What other cells, or the other side, left open before and after it isn't counted."""
    database = Database({"block0_a": 9}, {"block0_a": 4}, {"block0_a": 5}, {"block0_a": 8})
    with reading(set_stage(tmp_path, database), {"a": server}, "block0") as meter:
        database.await_looks(5)
    end(server.child)
    first, second, third, fourth = (look.at for look in meter.seen["a"].looks[:4])
    record = TaskRecord(
        cell="x-8",
        clients=8,
        slices=(ran(1, first, first), ran(0, second, second), ran(0, third, third)),
    )
    unseen = TaskRecord(cell="y-8", clients=8, slices=(ran(0, fourth + 1, fourth + 2),))
    tasks = tuple(
        Task(cell=name, clients=8, targets=(0, 0), requests=(Request(path="/"),) * 2)
        for name in ("x-8", "y-8")
    )
    job = Job(targets=(), tasks=tasks, rules=SliceRules(), seed=1)
    peaks = meter.peaks(job, [record, unseen])
    assert peaks["x-8"] == (Peak(threads=4, connections=5), Peak(threads=4, connections=9))
    assert peaks["y-8"] == (Peak(), Peak())


def ran(side: int, start: int, end_: int) -> Slice:
    """Return a slice of that time, in ns."""
    return Slice(
        side=side,
        start_ns=start,
        window_start_ns=start,
        window_end_ns=end_,
        end_ns=end_,
        server_cpu=0.0,
        database_cpu=None,
        client_cpu=0.0,
    )
