"""What a pair of trails means; a step that nobody came by means nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whereasync.demo.leaving import CASES, Look, Sign, choose_cases
from whereasync.model import Departure, Fault, Interface, Trail
from whereasync.results.leaving import Outcome, agree, find_facts, judge

LEFT = 0.25
STAYED = Trail(marks={"begun": 0.0, "after": 1.0, "finally": 1.0}, active=0.98, rows=0)


def depart(left: Trail, stayed: Trail = STAYED, **changes: object) -> Departure:
    """Return a departure from the first case, a quarter of its second gone."""
    plain = Departure(
        role="",
        server="uvicorn",
        interface=Interface.ASGI,
        case="await",
        trial=0,
        left_after=LEFT,
        left=left,
        stayed=stayed,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def look(sign: Sign, step: str = "") -> Look:
    """Return something to look at."""
    return Look(name="x", label="x", sign=sign, step=step)


@pytest.mark.parametrize(
    ("marks", "outcome"),
    [({"after": 1.0}, Outcome.RAN_ON), ({}, Outcome.STOPPED)],
)
def test_a_step_was_reached_or_not(marks: dict[str, float], outcome: Outcome) -> None:
    """The mark itself says it."""
    seen = depart(Trail(marks={"begun": 0.0, **marks}))
    assert judge(look(Sign.STEP, "after"), seen) is outcome


@pytest.mark.parametrize(
    ("marks", "outcome"),
    [
        ({"finally": 0.3}, Outcome.AT_ONCE),
        ({"finally": 0.99}, Outcome.AT_END),
        ({}, Outcome.NEVER),
    ],
)
def test_a_cleanup_runs_when_the_client_leaves_or_when_the_view_ends(
    marks: dict[str, float], outcome: Outcome
) -> None:
    """The middle between the two tells them apart."""
    seen = depart(Trail(marks={"begun": 0.0, **marks}))
    assert judge(look(Sign.CLEANUP, "finally"), seen) is outcome


@pytest.mark.parametrize(
    ("active", "outcome"),
    [(0.97, Outcome.RAN_ON), (0.3, Outcome.CANCELLED), (None, Outcome.CANCELLED)],
)
def test_a_query_runs_on_as_long_as_it_was_seen(active: float | None, outcome: Outcome) -> None:
    """Beside that of the client who stayed."""
    seen = depart(Trail(marks={"begun": 0.0}, active=active))
    assert judge(look(Sign.QUERY), seen) is outcome


@pytest.mark.parametrize(
    ("sign", "rows", "outcome"),
    [
        (Sign.TRANSACTION, 1, Outcome.COMMITTED),
        (Sign.TRANSACTION, 0, Outcome.ROLLED_BACK),
        (Sign.PAIR, 2, Outcome.BOTH),
        (Sign.PAIR, 1, Outcome.FIRST),
        (Sign.PAIR, 0, Outcome.NEITHER),
    ],
)
def test_rows_say_what_was_written(sign: Sign, rows: int, outcome: Outcome) -> None:
    """As many as the client who stayed has, or fewer."""
    stayed = replace(STAYED, rows=1 if sign is Sign.TRANSACTION else 2)
    seen = depart(Trail(marks={"begun": 0.0}, rows=rows), stayed)
    assert judge(look(sign), seen) is outcome


@pytest.mark.parametrize(
    ("at", "stayed"),
    [
        (look(Sign.STEP, "work"), STAYED),
        (look(Sign.QUERY), replace(STAYED, active=None)),
        (look(Sign.QUERY), replace(STAYED, active=0.1)),
        (look(Sign.TRANSACTION), STAYED),
        (look(Sign.PAIR), replace(STAYED, rows=None)),
    ],
)
def test_what_the_one_who_stayed_did_not_see_is_no_fact(at: Look, stayed: Trail) -> None:
    """Else a view that is broken would count as one that stopped."""
    assert judge(at, depart(Trail(marks={"begun": 0.0}, rows=0), stayed)) is None


def test_what_could_not_be_watched_is_a_fault() -> None:
    """It keeps its reason, and has no outcome."""
    died = Fault(kind="server", detail="died")
    facts = find_facts([replace(depart(STAYED), left=None, fault=died)])
    assert [(fact.outcomes, fact.outcome, fact.fault) for fact in facts] == [((), None, died)] * 3


def test_trials_that_disagree_have_no_outcome() -> None:
    """Each trial's is kept, to be shown."""
    stopped = Trail(marks={"begun": 0.0, "cancelled": 0.26, "finally": 0.26})
    facts = find_facts([depart(STAYED), depart(stopped, trial=1), depart(stopped, trial=2)])
    after = next(fact for fact in facts if fact.look == "after")
    assert after.outcomes == (Outcome.RAN_ON, Outcome.STOPPED, Outcome.STOPPED)
    assert after.outcome is None
    assert agree(facts, "await", "after", "") is None


def test_servers_of_a_stack_agree_or_not() -> None:
    """Another stack's, and WSGI's, don't count."""
    stopped = Trail(marks={"begun": 0.0})
    one = depart(stopped)
    other = depart(stopped, server="hypercorn")
    facts = find_facts([one, other, depart(STAYED, role="old")])
    assert agree(facts, "await", "after", "") is Outcome.STOPPED
    facts = find_facts([one, replace(other, left=STAYED)])
    assert agree(facts, "await", "after", "") is None


def test_cases_are_told_apart() -> None:
    """By name, and the looks of each too; whatever is looked for in a trail has its mark's name."""
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        assert len({each.name for each in case.looks}) == len(case.looks)
        for each in case.looks:
            assert bool(each.step) is (each.sign in {Sign.STEP, Sign.CLEANUP})


def test_async_views_are_asked_under_asgi_only() -> None:
    """And without PostgreSQL nothing that needs it."""
    assert choose_cases(Interface.ASGI, has_postgres=True) == CASES
    assert not any(case.is_async for case in choose_cases(Interface.WSGI, has_postgres=True))
    left = choose_cases(Interface.ASGI, has_postgres=False)
    assert [case.name for case in left if case.needs_database] == []
    assert len(left) == 6
