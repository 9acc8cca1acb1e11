"""Visitors of a server: of each case one leaves in the middle and one stays, side by side.

The trail of the one who stays tells when to stop watching. A newcomer would wait for a fixed time:
then a step that a busy machine delayed would count as one that was never reached.
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whereasync.databases.postgres import connection
from whereasync.demo.leaving import DEPARTS
from whereasync.errors import WhereAsyncError
from whereasync.load.http import check_loopback, compose
from whereasync.model import Fault, Request, Trail, Void

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import LiteralString

    import psycopg

    from whereasync.demo.leaving import Case
    from whereasync.model import Target

BEGUN, LAST = "begun", "after"  # the marks that every view begins and ends with
GRACE = 0.5  # s to go on watching once all who stayed are done
PATIENCE = 20.0  # s above the wait until one who stayed counts as lost
_POLL = 0.02  # s between two looks

_ACTIVE: LiteralString = """
    SELECT query FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
"""
_ROWS: LiteralString = "SELECT name::text, count(*)::int FROM cars_manufacturer GROUP BY name"


@dataclass(slots=True, kw_only=True)
class Visitor:
    """One client of one case. Times are s of the monotonic clock, which the views use too."""

    name: str  # of its trail
    case: Case
    socket: socket.socket
    is_leaving: bool
    marks: dict[str, float] = field(default_factory=dict)
    active: float | None = None
    left: float | None = None

    def leave(self) -> None:
        """Close the connection, as a browser does whose tab is closed."""
        self.socket.close()
        self.left = time.monotonic()

    def trail(self, rows: Mapping[str, int] | None) -> Trail:
        """Return what it left behind."""
        begun = self.marks[BEGUN]
        return Trail(
            marks={step: at - begun for step, at in self.marks.items()},
            active=None if self.active is None else self.active - begun,
            rows=None if rows is None else rows.get(self.name, 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What became of a case's two visitors."""

    case: Case
    left_after: float | None = None  # s after "begun"
    left: Trail | None = None
    stayed: Trail | None = None
    fault: Fault | None = None


def visit(  # noqa: PLR0913 # a visit has that many properties
    target: Target, cases: Iterable[Case], *, trails: Path, dsn: str | None, wait: float, name: str
) -> list[Visit]:
    """Send both visitors of each case at once, and return what they left when all is over.

    ``trails`` is the file that the server writes to, ``dsn`` the PostgreSQL database to watch or
    None, ``wait`` the s that each view takes, ``name`` begins the trails' names.
    """
    with contextlib.ExitStack() as up:
        watched = None if dsn is None else up.enter_context(connection(dsn))
        visitors = list(_arrive(target, cases, wait, name, up))
        _watch(visitors, trails, watched, wait)
        rows = None if watched is None else dict(watched.execute(_ROWS).fetchall())
    pairs = zip(visitors[::2], visitors[1::2], strict=True)
    return [_sum_up(leaver, stayer, rows) for leaver, stayer in pairs]


def _arrive(
    target: Target, cases: Iterable[Case], wait: float, name: str, up: contextlib.ExitStack
) -> Iterator[Visitor]:
    """Connect and send, a leaver and a stayer of each case in turn; loopback only."""
    check_loopback(target.host)
    for case in cases:
        for is_leaving in (True, False):
            trail = f"{name}-{case.name}-{'left' if is_leaving else 'stayed'}"
            path = f"{case.path}?trail={trail}&wait={wait * 1000:g}"
            message = compose(Request(path=path, method=case.method), target)
            try:
                opened = socket.create_connection((target.host, target.port))
                up.callback(opened.close)
                opened.sendall(message)
            except OSError as error:
                raise WhereAsyncError(f"no visitor can reach the server: {error}") from error
            yield Visitor(name=trail, case=case, socket=opened, is_leaving=is_leaving)


def _watch(
    visitors: list[Visitor],
    trails: Path,
    watched: psycopg.Connection[tuple[Any, ...]] | None,
    wait: float,
) -> None:
    """Look at the trails until all who stay are done, and a while longer; let the others leave."""
    end = time.monotonic() + wait + PATIENCE
    # Who holds up the event loop holds up the other visitor too, who then has all of it before him.
    grace = GRACE + wait * any(each.case.is_alone for each in visitors)
    over: float | None = None
    while over is None or time.monotonic() < over:
        queries = [] if watched is None else [row[0] for row in watched.execute(_ACTIVE)]
        now = time.monotonic()
        marks = _read(trails)
        for each in visitors:
            each.marks = marks.get(each.name, {})
            if any(f"'{each.name}'" in query for query in queries):
                each.active = now
            is_due = BEGUN in each.marks and now >= each.marks[BEGUN] + wait * DEPARTS
            if each.is_leaving and each.left is None and is_due:
                each.leave()
        is_done = all(
            each.left is not None if each.is_leaving else LAST in each.marks for each in visitors
        )
        if over is None and (is_done or now > end):
            over = now + grace
        time.sleep(_POLL)


def _read(trails: Path) -> dict[str, dict[str, float]]:
    """Return name → step → when it was first reached."""
    found: dict[str, dict[str, float]] = {}
    if trails.exists():
        for line in trails.read_text().splitlines():
            name, step, at = line.split()
            found.setdefault(name, {}).setdefault(step, float(at))
    return found


def _sum_up(leaver: Visitor, stayer: Visitor, rows: Mapping[str, int] | None) -> Visit:
    if leaver.left is None or LAST not in stayer.marks:
        fault = Fault(
            kind=Void.TIMEOUT,
            detail="even the client who stayed saw no end of it",
            hint="look at the server's log, in the run's directory",
        )
        return Visit(case=leaver.case, fault=fault)
    return Visit(
        case=leaver.case,
        left_after=leaver.left - leaver.marks[BEGUN],
        left=leaver.trail(rows),
        stayed=stayer.trail(rows),
    )
