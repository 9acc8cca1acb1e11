"""Why a task was lost, where the servers' logs know more than the client saw.

The client sees a 500 or a closed connection. A newcomer would leave it at that, and the user would
look for a bug in the view while the database had no connection left.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync.model import Fault, Void
from whereasync.servers import telling_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.errors import WhereAsyncError
    from whereasync.model import TaskRecord
    from whereasync.servers import Endpoint

_MEND = "look at its log in the run's directory, mend that, and race again"
TAIL = 400  # lines of a log: tracebacks of a few requests
# What PostgreSQL (53300), psycopg's pool and SQLite say when they have no connection to give.
_REFUSED = re.compile(
    r"too many clients already|remaining connection slots are reserved|too many connections for"
    r"|couldn't get a connection after",
)


# What gunicorn, uvicorn and granian say of a worker that died while its parent lives.
_WORKER = re.compile(
    r"Worker \(pid:\d+\) (?:was sent|exited)|WORKER TIMEOUT|Child process \[\d+\] died"
    r"|Unexpected exit from worker"
)


def find_cause(error: WhereAsyncError) -> Fault:
    """Return the fault of a block that this error ended before its load began, or after it."""
    if _REFUSED.search(error.what):
        return _refused(error.what)
    return Fault.of(Void.SERVER, error)


def explain(record: TaskRecord, endpoints: Iterable[Endpoint]) -> TaskRecord:
    """Return the record with the fault that lies behind its own; as it is without a fault."""
    if record.fault is None:
        return record
    for endpoint in endpoints:
        log = endpoint.child.tail(TAIL)
        refused = [line.strip() for line in log.splitlines() if _REFUSED.search(line)]
        if refused:
            return replace(record, fault=_refused(refused[-1]))
        if (code := endpoint.child.poll()) is not None:
            return replace(record, fault=_died(endpoint.child.name, code, log))
        lost = [line.strip() for line in log.splitlines() if _WORKER.search(line)]
        if lost and record.fault.kind == Void.CONNECTION:
            return replace(record, fault=_lost_worker(endpoint.child.name, lost[-1]))
    return record


def _refused(line: str) -> Fault:
    return Fault(
        kind=Void.DATABASE_REFUSED,
        detail=line,
        hint="raise max_connections, give the arm fewer threads, or race fewer clients",
    )


def _died(name: str, code: int, log: str) -> Fault:
    how = f"killed by signal {-code}" if code < 0 else f"ended with code {code}"
    line = telling_line(log)
    return Fault(
        kind=Void.SERVER_DIED,
        detail=f"{name} was {how}: {line}" if line else f"{name} was {how}",
        hint=_MEND,
    )


def _lost_worker(name: str, line: str) -> Fault:
    return Fault(kind=Void.SERVER_DIED, detail=f"a worker of {name}: {line}", hint=_MEND)
