"""A client that leaves in the middle: which views it leaves, and what is looked at in each.

A newcomer would take what an async view does for what its query does: the query runs in a thread
and in the database, which hear nothing of a cancelled coroutine. So each is a fact of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from whereasync.model import Interface

WAIT = 0.8  # s that each view takes
TRIALS = 3
DEPARTS = 0.25  # of the wait has passed when the client leaves

POSTGRESQL = "PostgreSQL"
UNSUPPORTED = "unsupported"  # the kind of fault of a case that a Django does not know


class Sign(StrEnum):
    """What a fact is read from."""

    STEP = "whether a step was reached"
    CLEANUP = "whether and when a step was reached"
    QUERY = "how long the query was seen running"
    TRANSACTION = "whether its row is there"
    PAIR = "how many of its two rows are there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One thing to look at in a case."""

    name: str
    label: str
    sign: Sign
    step: str = ""  # the mark that tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A view to leave in the middle."""

    name: str
    label: str
    path: str
    looks: tuple[Look, ...]
    method: str = "GET"
    is_async: bool = False
    needs_database: bool = False
    since: tuple[int, ...] = ()  # the first Django that can do it
    is_alone: bool = False  # it may hold up the event loop, so nothing else is watched meanwhile


AFTER = Look(name="after", label="code after it", sign=Sign.STEP, step="after")
FINALLY = Look(name="finally", label="its finally", sign=Sign.CLEANUP, step="finally")
THREAD = Look(name="thread", label="its thread", sign=Sign.STEP, step="thread")
QUERY = Look(name="query", label="the query", sign=Sign.QUERY)
ROW = Look(name="row", label="its row", sign=Sign.TRANSACTION)
PAIR = Look(name="pair", label="its two rows", sign=Sign.PAIR)
WORK = Look(name="work", label="the work", sign=Sign.STEP, step="work")
REST = Look(name="after", label="the rest of it", sign=Sign.STEP, step="after")

CASES = (
    Case(
        name="await",
        label="await asyncio.sleep()",
        path="/leaving/sleep/async/",
        is_async=True,
        looks=(
            AFTER,
            Look(
                name="except",
                label="except CancelledError",
                sign=Sign.CLEANUP,
                step="cancelled",
            ),
            FINALLY,
        ),
    ),
    Case(
        name="query-async",
        label="await a slow query",
        path="/leaving/query/async/",
        is_async=True,
        needs_database=True,
        looks=(AFTER, THREAD, QUERY),
    ),
    Case(
        name="transaction-async",
        label="await a transaction",
        path="/leaving/transaction/async/",
        method="POST",
        is_async=True,
        needs_database=True,
        looks=(AFTER, ROW),
    ),
    Case(
        name="writes",
        label="await two writes",
        path="/leaving/writes/async/",
        method="POST",
        is_async=True,
        needs_database=True,
        looks=(PAIR,),
    ),
    Case(
        name="writes-shielded",
        label="await shield(both writes)",
        path="/leaving/writes/async-shielded/",
        method="POST",
        is_async=True,
        needs_database=True,
        looks=(AFTER, PAIR),
    ),
    Case(
        name="shield",
        label="await shield(work())",
        path="/leaving/shield/async/",
        is_async=True,
        looks=(AFTER, WORK),
    ),
    Case(
        name="task",
        label="create_task(work())",
        path="/leaving/task/async/",
        is_async=True,
        looks=(WORK,),
    ),
    Case(
        name="stream-async",
        label="stream, async generator",
        path="/leaving/stream/async/",
        is_async=True,
        since=(4, 2),
        looks=(
            REST,
            FINALLY,
        ),
    ),
    Case(
        name="sleep",
        label="time.sleep()",
        path="/leaving/sleep/sync/",
        looks=(AFTER,),
    ),
    Case(
        name="query",
        label="a slow query",
        path="/leaving/query/sync/",
        needs_database=True,
        looks=(AFTER, QUERY),
    ),
    Case(
        name="transaction",
        label="a transaction",
        path="/leaving/transaction/sync/",
        method="POST",
        needs_database=True,
        looks=(ROW,),
    ),
    Case(
        name="stream",
        label="stream, generator",
        path="/leaving/stream/sync/",
        is_alone=True,
        looks=(
            REST,
            FINALLY,
        ),
    ),
)


def choose_cases(interface: Interface, *, has_postgres: bool) -> tuple[Case, ...]:
    """Return what is asked there: async views under ASGI, where they belong, and sync ones."""
    return tuple(
        case
        for case in CASES
        if (interface is Interface.ASGI or not case.is_async)
        and (has_postgres or not case.needs_database)
    )
