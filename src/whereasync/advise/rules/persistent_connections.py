"""CONN_MAX_AGE above 0 under ASGI: each request opens a connection, and nobody uses it again.

Django keeps a connection for the thread that opened it, and under ASGI each request has a thread
of its own. A newcomer would raise CONN_MAX_AGE to save connections; here it piles them up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.advise.evidence import Serving
from whereasync.advise.rules import Rule
from whereasync.model import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.advise.evidence import Evidence
    from whereasync.model import DatabaseSetting, Finding

RULE = Rule(
    id="WA002",
    name="persistent-connections",
    what="CONN_MAX_AGE above 0 under ASGI, where kept connections are never used again",
)
POOL_SINCE = (5, 1)  # the first Django with psycopg's pool


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each database whose connections are kept, unless WSGI serves."""
    if evidence.serving is Serving.WSGI:
        return
    is_known = evidence.serving is not Serving.UNKNOWN
    for database in evidence.inventory.databases:
        if database.conn_max_age != 0:
            yield RULE.find(
                Level.WARNING if is_known else Level.NOTE,
                f"CONN_MAX_AGE = {_say(database.conn_max_age)} of {database.alias!r}: under ASGI "
                "each request leaves a connection open that none uses again",
                _cure(database, evidence),
                evidence.places.of_key("CONN_MAX_AGE", "conn_max_age"),
                ("nothing says how the project is served",) * (not is_known),
            )


def _say(age: float | None) -> str:
    return "None" if age is None else f"{age:g}"


def _cure(database: DatabaseSetting, evidence: Evidence) -> str:
    """Return the way out that this database and this Django have."""
    if database.vendor != "postgresql":
        return "set it to 0 where ASGI serves, or bound the threads with asgiref 3.13"
    if _version(evidence) >= POOL_SINCE:
        return 'set it to 0 and take psycopg\'s pool: OPTIONS = {"pool": True}; or PgBouncer'
    return "set it to 0 and put PgBouncer in between; from Django 5.1 on psycopg's pool does it"


def _version(evidence: Evidence) -> tuple[int, ...]:
    written = evidence.inventory.versions.get("django", "0").split(".")[:2]
    return tuple(int(part) for part in written if part.isdigit())
