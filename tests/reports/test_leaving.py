"""What a reader sees first of a client that left, on one stack and on two."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.demo.leaving import CASES, UNSUPPORTED, choose_cases
from whereasync.document import Table
from whereasync.model import DatabaseFacts, Departure, Fault, Interface, Status, Trail
from whereasync.renderers import markdown
from whereasync.reports import leaving
from whereasync.results import Results, derive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHOLE = {"begun": 0.0, "after": 1.0, "finally": 1.0, "thread": 1.0, "work": 1.0}
KEPT = {"begun": 0.0, "thread": 1.0, "work": 1.0, "cancelled": 0.26, "finally": 0.26}
ROWS = {"transaction-async": 1, "transaction": 1, "writes": 2, "writes-shielded": 2}


def depart(role: str, server: str, *, cancels: bool) -> Iterator[Departure]:
    """Yield a departure of each case from a Django that cancels async views, or one that doesn't.

    Of a pair of writes only the first is made where the view is cancelled and nothing shields it.
    """
    interface = Interface.WSGI if server == "gunicorn" else Interface.ASGI
    for case in choose_cases(interface, has_postgres=True):
        stayed = Trail(marks=WHOLE, active=0.99, rows=ROWS.get(case.name, 0))
        is_cancelled = cancels and case.is_async
        left = replace(stayed, marks=KEPT) if is_cancelled else stayed
        if is_cancelled and case.name == "writes":
            left = replace(left, rows=1)
        yield Departure(
            role=role,
            server=server,
            interface=interface,
            case=case.name,
            trial=0,
            left_after=0.25,
            left=left,
            stayed=stayed,
        )


@pytest.fixture
def two(tmp_path: Path) -> Results:
    """Return a run on two stacks."""
    departures = [
        *depart("stack1", "hypercorn", cancels=False),
        *depart("stack2", "hypercorn", cancels=True),
        *depart("stack2", "uvicorn", cancels=True),
        *depart("stack2", "gunicorn", cancels=True),
    ]
    return build(tmp_path, departures)


def build(path: Path, departures: list[Departure], **changes: object) -> Results:
    """Return the results of a run that saw this."""
    stacks = {"stack1": {"django": "4.1.13"}, "stack2": {"django": "6.1.3"}}
    values = {"departures": tuple(departures), "command": "leaving", "stacks": stacks, **changes}
    directory, run = synthetic.begin(path / "run", synthetic.two_arms(), **values)
    return derive(run, directory.samples)


def write(results: Results) -> str:
    """Render the report as somebody reads it."""
    return markdown.render(leaving.report(results))


def rows(results: Results) -> dict[tuple[str, str], list[str]]:
    """Return the table's cells by the case and what was looked at."""
    (table,) = [each for each in leaving.report(results).blocks if isinstance(each, Table)]
    found, name = {}, ""
    for first, second, *rest in table.rows:
        name = str(first[0].content) or name
        words = [
            "".join("-" if span.content is None else str(span.content) for span in cell)
            for cell in rest
        ]
        found[name, str(second[0].content)] = words
    return found


def test_the_answer_comes_first(two: Results) -> None:
    """What differs by Django, and what is the same everywhere."""
    first = write(two).split("\n\n")[1]
    for said in (
        "On Django 4.1 an async view runs on when the client leaves.",
        "On Django 6.1 it is cancelled at its await.",
        "The query in the database runs on, and its transaction is committed.",
        "Of two awaited writes only the first is made on Django 6.1; shield keeps both.",
        "A sync view runs on.",
    ):
        assert said in first


def test_the_table_has_a_row_a_fact_and_a_column_a_stack(two: Results) -> None:
    """Servers of a stack that agree share a column; async views aren't asked under WSGI."""
    found = rows(two)
    assert len(found) == sum(len(case.looks) for case in CASES)
    assert found["async: await asyncio.sleep()", "code after it"] == [
        "ran on",
        "stopped",
        "-",
    ]
    assert found["async: await two writes", "its two rows"] == [
        "both written",
        "only the first",
        "-",
    ]
    assert found["sync: time.sleep()", "code after it"] == ["ran on"] * 3
    assert "| Django 4.1, ASGI | Django 6.1, ASGI | Django 6.1, WSGI |" in write(two)


def test_a_stream_that_stops_under_wsgi_is_excepted(tmp_path: Path) -> None:
    """All other sync views run on there."""
    departures = [
        replace(each, left=replace(each.left, marks=KEPT))
        if each.case == "stream" and each.left
        else each
        for each in depart("stack2", "gunicorn", cancels=False)
    ]
    text = write(build(tmp_path, [*depart("stack2", "uvicorn", cancels=True), *departures]))
    assert "A sync view runs on; only one that streams under WSGI stops" in text


def test_advice_follows_from_what_was_seen(two: Results, tmp_path: Path) -> None:
    """Where nothing is cancelled, nothing need be shielded."""
    assert "asyncio.shield" in write(two)
    calm = build(tmp_path / "calm", list(depart("stack1", "hypercorn", cancels=False)))
    assert "What must be finished" not in write(calm)
    assert "statement_timeout" in write(calm)


def test_what_servers_or_trials_disagree_on_is_shown(tmp_path: Path) -> None:
    """And nothing is concluded from it."""
    mixed = [
        *depart("stack2", "hypercorn", cancels=True),
        *depart("stack2", "uvicorn", cancels=False),
    ]
    found = rows(build(tmp_path / "servers", mixed))
    assert found["async: await asyncio.sleep()", "code after it"] == [
        "hypercorn: stopped, uvicorn: ran on"
    ]
    trials = [
        *depart("stack2", "uvicorn", cancels=True),
        *(replace(each, trial=1) for each in depart("stack2", "uvicorn", cancels=False)),
    ]
    unstable = build(tmp_path / "trials", trials)
    found = rows(unstable)
    assert found["async: await asyncio.sleep()", "code after it"] == ["unstable: stopped or ran on"]
    assert "is cancelled" not in write(unstable)


def test_what_could_not_be_seen_is_said_with_the_reason(tmp_path: Path) -> None:
    """A Django that can't do it is no fault."""
    some = list(depart("stack1", "hypercorn", cancels=False))
    died = Fault(kind="server", detail="it died", hint="look at its log")
    young = Fault(kind=UNSUPPORTED, detail="came with Django 4.2")
    spoiled = [
        replace(each, left=None, fault=young if each.case == "stream-async" else died)
        if each.case in {"stream-async", "await"}
        else each
        for each in some
    ]
    results = build(tmp_path, spoiled)
    assert rows(results)["async: await asyncio.sleep()", "its finally"] == ["not seen"]
    assert rows(results)["async: stream, async generator", "its finally"] == [
        "came with Django 4.2"
    ]
    assert write(results).count("it died") == 1


def test_a_run_without_anything_says_so(tmp_path: Path) -> None:
    """It was cut short before it saw anything."""
    text = write(build(tmp_path, [], status=Status.INTERRUPTED))
    assert "Nothing could be seen." in text
    assert "interrupted" in text


def test_on_sqlite_it_is_said_what_is_missing(tmp_path: Path) -> None:
    """With the way to see it; and one Django alone hints at comparing."""
    sqlite = DatabaseFacts(vendor="SQLite", version="3.45", where="a file")
    departures = [
        each for each in depart("", "uvicorn", cancels=True) if each.case in {"await", "sleep"}
    ]
    text = write(build(tmp_path, departures, database=sqlite, stacks={}))
    assert "SQLite has no query that waits" in text
    assert "--stack article --stack latest" in text
    assert "On Django 6.1 an async view whose client leaves is cancelled" in text


@pytest.mark.parametrize(
    ("django", "asgiref", "is_told"),
    [
        ("5.2.1", "3.11.1", True),
        ("5.2.1", "3.12.0", False),
        ("4.1.13", "3.11.1", False),
        ("6.1", "", False),
    ],
)
def test_an_asgiref_that_holds_up_the_loop_is_told(
    tmp_path: Path, django: str, asgiref: str, is_told: bool
) -> None:
    """Only where Django cancels, which is what makes it wait."""
    stacks = {"stack2": {"django": django, "asgiref": asgiref}}
    results = build(tmp_path, list(depart("stack2", "uvicorn", cancels=True)), stacks=stacks)
    assert ("holds up the event loop" in write(results)) is is_told
