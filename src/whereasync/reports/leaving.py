"""A client that leaves in the middle: what became of view, query and transaction, in one table.

The sentences are made from what all servers of a stack agree on; a fact that trials or servers
disagree on is shown as such. A newcomer would fold them: a fact that holds at times is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whereasync.demo.leaving import CASES, POSTGRESQL, TRIALS, UNSUPPORTED, WAIT
from whereasync.document import (
    Count,
    Document,
    Seconds,
    bad,
    caveat,
    code,
    dim,
    fault,
    good,
    heading,
    items,
    left,
    next_step,
    paragraph,
    qualify,
    strong,
    table,
    warning,
)
from whereasync.model import Interface
from whereasync.reports.cells import CUT_SHORT
from whereasync.results.leaving import Outcome, agree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.document import Block, Line, Part, Span
    from whereasync.results import Fact, Results

STYLES = {
    Outcome.RAN_ON: warning,
    Outcome.STOPPED: good,
    Outcome.AT_ONCE: good,
    Outcome.CANCELLED: good,
    Outcome.FIRST: bad,
    Outcome.NEVER: warning,
}
CANCELS = (5, 0)  # the first Django that listens for a client who leaves
LETS_GO = (3, 12)  # the first asgiref that doesn't wait for the thread of a request cancelled
STACK = ("python", "django", "asgiref", "psycopg", "psycopg2-binary")
SERVERS = ("hypercorn", "uvicorn", "gunicorn")
TOGETHER = (
    *("Put writes that belong together into one function with ", code("transaction.atomic")),
    *(", and await ", code("sync_to_async(function)()"), ": it is committed whole."),
)
FINISH = (
    *("What must be finished once it is begun: ", code("await asyncio.shield(work())"), ". "),
    "The view's code after it may still be skipped.",
)
CLEAN_UP = (
    *("Clean up in ", code("finally"), "; catch ", code("CancelledError")),
    " only to raise it again.",
)
BOUND = (
    *("Nobody stops the query: bound it in the database, with ", code("statement_timeout"), "."),
)


def report(results: Results) -> Document:
    """Return the report of a run of ``demo leaving``."""
    return Document(title="When the client leaves in the middle", blocks=tuple(_walk(results)))


def _walk(results: Results) -> Iterator[Block]:
    run = results.run
    yield from _answer(results)
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)
    if results.facts:
        yield _tabulate(results)
    seen = (each.fault for each in results.facts if each.fault)
    for lost in dict.fromkeys(each for each in seen if each.kind != UNSUPPORTED):
        yield fault(lost)
    if run.database and run.database.vendor != POSTGRESQL:
        yield caveat(
            "what becomes of a query and of a transaction is not shown: SQLite has no query that "
            "waits, and no list of those that run",
            hint="leave out --database",
        )
    yield from _warn_of_asgiref(results)
    if results.facts:
        yield from _advise(results)
    for found in run.caveats:
        yield qualify(found)
    yield from _close(results)


def list_roles(results: Results) -> list[str]:
    """Return the stacks' roles in the order they were asked for."""
    return list(dict.fromkeys(each.role for each in results.facts))


def name_stack(results: Results, role: str) -> str:
    """Return what a reader calls a stack."""
    versions = results.run.stacks.get(role, results.run.versions)
    number = ".".join(versions.get("django", "").split(".")[:2])
    return f"Django {number}" if number else role


# ---------------------------------------------------------------- the answer


def _answer(results: Results) -> Iterator[Block]:
    roles = list_roles(results)
    facts = results.facts
    stopped = _of(results, "await", "after", Outcome.STOPPED)
    running = _of(results, "await", "after", Outcome.RAN_ON)
    parts: list[Part] = []
    if running:
        parts.append(strong(f"On {running} an async view runs on when the client leaves. "))
    if stopped:
        who = "it" if running else "an async view whose client leaves"
        parts.append(strong(f"On {stopped} {who} is cancelled at its await. "))
    if _everywhere(facts, roles, "query-async", "query", Outcome.RAN_ON):
        parts.append("The query in the database runs on")
        is_committed = _everywhere(facts, roles, "transaction-async", "row", Outcome.COMMITTED)
        parts.append(", and its transaction is committed. " if is_committed else ". ")
    if half := _of(results, "writes", "pair", Outcome.FIRST):
        parts.append(f"Of two awaited writes only the first is made on {half}")
        is_kept = _everywhere(facts, roles, "writes-shielded", "pair", Outcome.BOTH)
        parts.append("; shield keeps both. " if is_kept else ". ")
    if _everywhere(facts, roles, "sleep", "after", Outcome.RAN_ON):
        parts.append(f"A sync view runs on{_except_streams(facts, roles)}.")
    yield paragraph(*parts or [bad("Nothing could be seen."), " The faults below say why."])


def _except_streams(facts: Sequence[Fact], roles: Sequence[str]) -> str:
    """Return what is to be said of a sync view that streams under WSGI: it notices as it writes."""
    found = {agree(facts, "stream", "after", role, Interface.WSGI) for role in roles}
    stops = Outcome.STOPPED in found and found <= {Outcome.STOPPED, None}
    return "; only one that streams under WSGI stops, at its next write" if stops else ""


def _of(results: Results, case: str, look: str, outcome: Outcome) -> str:
    """Return on which stacks all ASGI servers agree on that, as words; "" for none."""
    roles = list_roles(results)
    named = [
        name_stack(results, role)
        for role in roles
        if agree(results.facts, case, look, role) is outcome
    ]
    return " and ".join(dict.fromkeys(named))


def _everywhere(
    facts: Sequence[Fact], roles: Sequence[str], case: str, look: str, outcome: Outcome
) -> bool:
    return bool(roles) and all(agree(facts, case, look, role) is outcome for role in roles)


# ---------------------------------------------------------------- the table


def _tabulate(results: Results) -> Block:
    places = list(dict.fromkeys((each.role, each.interface) for each in results.facts))
    places.sort(key=lambda place: place[1] is Interface.WSGI)
    rows = []
    for case in CASES:
        kind = "async" if case.is_async else "sync"
        name: Line = f"{kind}: {case.label}"
        for look in case.looks:
            found = [
                [
                    fact
                    for fact in results.facts
                    if (fact.case, fact.look) == (case.name, look.name)
                    and (fact.role, fact.interface) == place
                ]
                for place in places
            ]
            if any(found):
                rows.append([name, look.label, *map(_show, found)])
                name = ""
    return table(
        [
            left("the view does"),
            left("and then"),
            *(left(f"{name_stack(results, role)}, {which.upper()}") for role, which in places),
        ],
        rows,
    )


def _show(facts: Sequence[Fact]) -> Line:
    """Return what all servers of a place say, or what each says where they differ."""
    if not facts:
        return None
    said = {fact.server: _word(fact) for fact in facts}
    words = set(said.values())
    if len(words) == 1:
        return words.pop()
    parts: list[Part] = []
    for server, word in said.items():
        parts += [", " * bool(parts), f"{server}: ", word]
    return tuple(parts)


def _word(fact: Fact) -> Span:
    if fact.fault and not fact.outcomes:
        is_too_new = fact.fault.kind == UNSUPPORTED
        return dim(fact.fault.detail) if is_too_new else bad("not seen")
    if fact.outcome is None:
        return bad(f"unstable: {' or '.join(dict.fromkeys(fact.outcomes))}")
    return STYLES.get(fact.outcome, strong)(fact.outcome.value)


# ---------------------------------------------------------------- what to do


def _warn_of_asgiref(results: Results) -> Iterator[Block]:
    """Say where a client who leaves holds up all others: see the test of that fact."""
    run = results.run
    for role in list_roles(results):
        versions = run.stacks.get(role, run.versions)
        django, asgiref = (_number(versions.get(name, "")) for name in ("django", "asgiref"))
        if django >= CANCELS and () < asgiref < LETS_GO:
            yield caveat(
                f"asgiref {versions['asgiref']} holds up the event loop, and so every request, "
                "until the query of a client who left has ended",
                hint="pip install 'asgiref>=3.12'",
            )


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _advise(results: Results) -> Iterator[Block]:
    advice: tuple[tuple[str, str, Outcome, Line], ...] = (
        ("writes", "pair", Outcome.FIRST, TOGETHER),
        ("shield", "after", Outcome.STOPPED, FINISH),
        ("await", "finally", Outcome.AT_ONCE, CLEAN_UP),
        ("query-async", "query", Outcome.RAN_ON, BOUND),
    )
    points = [line for case, look, outcome, line in advice if _of(results, case, look, outcome)]
    if points:
        yield heading("What to do")
        yield items(*points)


def _close(results: Results) -> Iterator[Block]:
    run = results.run
    if not run.stacks:
        yield next_step(
            "Compare Djangos: ", code("whereasync demo leaving --stack article --stack latest")
        )
    every = run.stacks.values() or [run.versions]
    for versions in every:
        named = [f"{name} {versions[name]}" for name in (*STACK, *SERVERS) if name in versions]
        yield paragraph(dim(", ".join(named)))
    number = max((len(each.outcomes) for each in results.facts), default=TRIALS)
    yield paragraph(
        *(
            dim("Each seen "),
            dim(Count(number)),
            dim(" times, beside a client who stayed; a view "),
        ),
        *(dim("takes "), dim(Seconds(WAIT)), dim(". "), dim(Seconds(run.elapsed)), dim(".")),
    )
