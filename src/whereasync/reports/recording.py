"""What a recorded pass found: services with their times, and what could not be recorded.

A newcomer would list each call: a view with an N+1 of calls makes hundreds of them.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from whereasync.document import (
    Count,
    Document,
    Seconds,
    Size,
    bad,
    caveat,
    code,
    items,
    left,
    next_step,
    paragraph,
    right,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.document import Block, Line
    from whereasync.model import Exchange, Outcall, RecordedPass

SHOWN = 10  # of a list; the rest is counted
_NEED_SOMEBODY = (301, 302, 303, 401, 403)  # often a login
_COLUMNS = ("calls", "median answer", "longest", "new connection", "received")


def report(found: RecordedPass) -> Document:
    """Return the report of one pass."""
    return Document(title="The outbound calls of this project", blocks=tuple(_walk(found)))


def _walk(found: RecordedPass) -> Iterator[Block]:
    exchanges = found.recording.exchanges
    if not found.is_whole:
        yield caveat("Interrupted: the requests after the last one here weren't asked.")
    if exchanges:
        yield _tabulate(exchanges)
    else:
        yield paragraph(*_say_none(found))
    yield from _list_failed(found)
    yield from _list_missing(found)
    if exchanges:
        yield paragraph(
            *("Kept in ", code(found.file), ". Credentials were masked by their names: read it "),
            "before you give it to anybody.",
        )
        yield next_step("Nothing more to do: whereasync replays the newest recording by itself.")


def _say_none(found: RecordedPass) -> tuple[str, ...]:
    """Say why there is no recording, and where nothing is missing."""
    if found.account.answered:
        return ("Declared stand-ins answered every call that got an answer: nothing was recorded.",)
    if found.account.unanswered or found.account.refusals or found.outcalls:
        return ("Nothing could be recorded.",)
    count = len(found.asked)
    those = f"The {count} requests" if count > 1 else "The only request"
    return (f"{those} made no outbound call by HTTP: there is nothing to stand in for.",)


def _tabulate(exchanges: tuple[Exchange, ...]) -> Block:
    services: dict[str, list[Exchange]] = {}
    for each in exchanges:
        services.setdefault("/".join(each.url.split("/")[:3]), []).append(each)
    return table(
        [left("service"), *map(right, _COLUMNS)],
        [[service, *_sum_up(calls)] for service, calls in services.items()],
    )


def _sum_up(calls: list[Exchange]) -> list[Line]:
    times = [each.latency + each.transfer for each in calls]
    return [
        Count(len(calls)),
        Seconds(median(times)),
        Seconds(max(times)),
        Seconds(median(each.connect for each in calls)),
        Size(sum(len(each.data) or len(each.text.encode()) for each in calls)),
    ]


def _list_failed(found: RecordedPass) -> Iterator[Block]:
    """Say which requests the project itself failed, since their calls may be missing."""
    wrong = [each for each in found.asked if each.status != each.expected]
    if not wrong:
        return
    wants_login = any(each.status in _NEED_SOMEBODY for each in wrong)
    yield caveat(
        f"{len(wrong)} of {len(found.asked)} requests weren't answered as they should be: calls of"
        " theirs may be missing.",
        hint="ask as a user of the project's: whereasync record --as NAME"
        if wants_login
        else "see why: whereasync doctor --requests",
    )
    yield _shorten(
        [(code(f"{each.method} {each.path}"), f" {each.status or 'no answer'}") for each in wrong]
    )


def _list_missing(found: RecordedPass) -> Iterator[Block]:
    account = found.account
    if account.unanswered:
        yield caveat(
            "These calls got no answer, and aren't in the recording:",
            hint="see whether this machine reaches them, or declare what they answer: [stand-ins]",
        )
        yield _shorten(
            [
                (code(f"{each.method} {each.url}"), ": ", bad(each.reason or "nothing"))
                for each in account.unanswered
            ]
        )
    if account.refusals:
        yield caveat(
            "These clients don't trust our authority, so their calls couldn't be recorded:",
            hint="have them read SSL_CERT_FILE, or swap the call for one that waits as long",
        )
        yield _shorten([(code(each.host or "?"), f": {each.reason}") for each in account.refusals])
    if found.outcalls:
        yield caveat(
            "These calls were refused: only what a request asks by HTTP, of a name, is recorded.",
            hint="declare what answers them in [stand-ins], or configure the project without them",
        )
        yield _shorten([_name(each) for each in found.outcalls])
    heard = {each.url.split("/")[2].partition(":")[0] for each in found.recording.exchanges}
    heard |= {each.url.split("/")[2].partition(":")[0] for each in account.unanswered}
    heard |= {each.host for each in account.refusals}
    if silent := [name for name in account.names if name not in heard]:
        yield caveat("Looked up, but not asked by HTTP on port 80 or 443, so not recorded:")
        yield _shorten([(code(name),) for name in silent])


def _name(call: Outcall) -> Line:
    return (f"{call.where or 'somebody'} calls ", code(call.named))


def _shorten(lines: Sequence[Line]) -> Block:
    rest = len(lines) - SHOWN
    return items(*lines[:SHOWN], *([f"and {rest} more"] if rest > 0 else []))
