"""What a server's log knows of a lost task, in the wording of those that write it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import pytest

from whereasync.bench.blame import TAIL, explain, find_cause
from whereasync.errors import WhereAsyncError
from whereasync.model import Fault, TaskRecord, Void
from whereasync.servers import Endpoint

if TYPE_CHECKING:
    from whereasync.processes import Child

SEEN = Fault(kind=Void.STATUS, detail="500 instead of 200", hint="look at the log")
CUT = Fault(kind=Void.CONNECTION, detail="closed before its answer", hint="look at the log")
LOST = TaskRecord(cell="race-8", clients=8, fault=SEEN)
TRACEBACK = """\
Internal Server Error: /one-query/sync/
Traceback (most recent call last):
  File "django/db/backends/base/base.py", line 279, in ensure_connection
    self.connect()
psycopg.OperationalError: connection failed: {}

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "cars/views.py", line 3, in get
    Car.objects.count()
django.db.utils.OperationalError: connection failed: {}
"""
REFUSALS = (
    "FATAL:  sorry, too many clients already",
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    (
        "FATAL:  remaining connection slots are reserved for roles with privileges of the "
        '"pg_use_reserved_connections" role'
    ),
    "FATAL:  remaining connection slots are reserved for non-replication superuser connections",
    'FATAL:  too many connections for database "whereasync_ab_block0_a"',
    'FATAL:  too many connections for role "app"',
    "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec",
)


@dataclass(frozen=True)
class Process:
    """Stands in for a server's process: its log, and how it ended."""

    log: str = ""
    code: int | None = None
    name: str = "gunicorn"

    def tail(self, lines: int) -> str:
        """Return the log's last lines."""
        return "\n".join(self.log.splitlines()[-lines:])

    def poll(self) -> int | None:
        """Return the exit code."""
        return self.code


def blame(*processes: Process, record: TaskRecord = LOST) -> Fault | None:
    """Return the fault that is found behind the record's."""
    endpoints = [
        Endpoint(host="127.0.0.1", port=1, child=cast("Child", each)) for each in processes
    ]
    return explain(record, endpoints).fault


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_database_that_refused_connections_is_the_reason(refusal: str) -> None:
    """The view isn't broken: the line says which limit was met."""
    found = blame(Process(), Process(log=TRACEBACK.format(refusal, refusal)))
    assert found is not None
    assert found.kind == Void.DATABASE_REFUSED
    assert found.detail.endswith(refusal)
    assert "max_connections" in found.hint


def test_the_last_refusal_is_quoted_without_its_indentation() -> None:
    """A log has thousands of them, and they are alike but for the time."""
    log = f"  first: {REFUSALS[0]}\n    last: {REFUSALS[0]}  \nGET / 500"
    found = blame(Process(log=log))
    assert found is not None
    assert found.detail == f"last: {REFUSALS[0]}"


@pytest.mark.parametrize(
    ("code", "how"),
    [(3, "ended with code 3"), (0, "ended with code 0"), (-9, "killed by signal 9")],
)
def test_a_server_that_ended_is_the_reason(code: int, how: str) -> None:
    """With the line of its log that says why."""
    found = blame(Process(log="Traceback …\nMemoryError: no room", code=code), Process())
    assert found is not None
    assert found.kind == Void.SERVER_DIED
    assert found.detail == f"gunicorn was {how}: MemoryError: no room"
    assert found.hint


@pytest.mark.parametrize(
    "line",
    [
        "[2026-01-02 03:04:05 +0000] [7] [ERROR] Worker (pid:8) was sent SIGKILL! Perhaps out of",
        "[2026-01-02 03:04:05 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:8)",
        "INFO:     Child process [8] died",
        "[ERROR] Unexpected exit from worker-1",
    ],
)
def test_a_worker_that_died_is_the_reason_of_a_lost_connection(line: str) -> None:
    """Its parent lives, and starts another; of a 500 it is no reason."""
    found = blame(Process(log=f"  {line}\n"), record=replace(LOST, fault=CUT))
    assert found is not None
    assert (found.kind, found.detail) == (Void.SERVER_DIED, f"a worker of gunicorn: {line}")
    assert blame(Process(log=line)) == LOST.fault


def test_a_block_that_could_not_begin_has_its_cause() -> None:
    """The tool's own databases need connections, too."""
    refused = find_cause(WhereAsyncError(f"PostgreSQL refused: {REFUSALS[0]}"))
    assert refused.kind == Void.DATABASE_REFUSED
    broken = find_cause(WhereAsyncError("gunicorn ended at its start", "mend that"))
    assert (broken.kind, broken.hint) == (Void.SERVER, "mend that")


def test_a_server_that_ended_without_a_word_is_said_to_have() -> None:
    """The kernel's out-of-memory killer writes nothing there."""
    found = blame(Process(code=-9))
    assert found is not None
    assert found.detail == "gunicorn was killed by signal 9"


def test_no_connection_explains_more_than_the_death_it_led_to() -> None:
    """Where one log holds both."""
    found = blame(Process(log=REFUSALS[0], code=1))
    assert found is not None
    assert found.kind == Void.DATABASE_REFUSED


def test_what_no_log_explains_stays_as_the_client_saw_it() -> None:
    """Other errors are the view's own."""
    log = TRACEBACK.format("FATAL:  database does not exist", "so")
    assert blame(Process(log=log), Process()) == SEEN
    assert blame() == SEEN


def test_a_refusal_of_long_ago_is_none() -> None:
    """Only the log's end is about this task."""
    log = REFUSALS[0] + "\n" + "GET / 200\n" * TAIL
    assert blame(Process(log=log)) == SEEN


def test_a_task_without_a_fault_is_left_alone() -> None:
    """Django may have tried again, and been answered: nothing was lost."""
    well = replace(LOST, fault=None)
    assert blame(Process(log=REFUSALS[0], code=1), record=well) is None
