"""What runs on when a client leaves, on real servers and a real PostgreSQL: each fact is a test.

One run plays all of it, and the test client's question beside, for servers take long to start. On
Django 4.1 the same is tested where a stack with it is made already; nothing is installed here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync import bench
from whereasync.bench import visiting
from whereasync.bench.emulation import compare_ways
from whereasync.bench.leaving import watch_departures
from whereasync.cli.leaving import ASGI, WSGI
from whereasync.cli.measuring import demo_setting
from whereasync.demo import emulation
from whereasync.demo.emulation import VIEWS
from whereasync.demo.leaving import CASES, UNSUPPORTED
from whereasync.model import Arm, Interface, Run, Status, Way
from whereasync.results.leaving import Fact, Outcome, find_facts
from whereasync.stacks import NAMED, find_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.bench.stage import Stage

pytestmark = pytest.mark.server

OLD = "old"  # the role of Django 4.1
WAIT = 0.4  # s
ASKED = ("wait",)  # the others only take longer

STOPS = {  # what a Django that listens for it does with an async view
    ("await", "after"): Outcome.STOPPED,
    ("await", "except"): Outcome.AT_ONCE,
    ("await", "finally"): Outcome.AT_ONCE,
    ("query-async", "after"): Outcome.STOPPED,
    ("query-async", "thread"): Outcome.RAN_ON,
    ("query-async", "query"): Outcome.RAN_ON,
    ("transaction-async", "after"): Outcome.STOPPED,
    ("transaction-async", "row"): Outcome.COMMITTED,
    ("writes", "pair"): Outcome.FIRST,
    ("writes-shielded", "after"): Outcome.STOPPED,
    ("writes-shielded", "pair"): Outcome.BOTH,
    ("shield", "after"): Outcome.STOPPED,
    ("shield", "work"): Outcome.RAN_ON,
    ("task", "work"): Outcome.RAN_ON,
    ("stream-async", "after"): Outcome.STOPPED,
    ("stream-async", "finally"): Outcome.AT_ONCE,
}
RUNS_ON = {  # what Django 4.1 does instead
    ("await", "after"): Outcome.RAN_ON,
    ("await", "except"): Outcome.NEVER,
    ("await", "finally"): Outcome.AT_END,
    ("query-async", "after"): Outcome.RAN_ON,
    ("transaction-async", "after"): Outcome.RAN_ON,
    ("writes", "pair"): Outcome.BOTH,
    ("writes-shielded", "after"): Outcome.RAN_ON,
    ("shield", "after"): Outcome.RAN_ON,
    ("stream-async", "after"): None,
    ("stream-async", "finally"): None,
}
SYNC = {
    ("sleep", "after"): Outcome.RAN_ON,
    ("query", "after"): Outcome.RAN_ON,
    ("query", "query"): Outcome.RAN_ON,
    ("transaction", "row"): Outcome.COMMITTED,
}
READ_WHOLE = {  # an ASGI server sends what Django hands on, and nobody tells the generator
    ("stream", "after"): Outcome.RAN_ON,
    ("stream", "finally"): Outcome.AT_END,
}
WRITES = {  # a WSGI server notices as it writes, and closes the generator
    ("stream", "after"): Outcome.STOPPED,
    ("stream", "finally"): Outcome.AT_ONCE,
}
NOW = [
    *((server, *fact) for server in ("hypercorn", "uvicorn") for fact in STOPS | SYNC | READ_WHOLE),
    *(("gunicorn", *fact) for fact in SYNC | WRITES),
]


class Nobody:
    """Hears nothing."""

    def stage(self, what: str) -> None:
        """Not what is being done."""

    def expect(self, seconds: float) -> None:
        """Not how long it will take."""

    def notice(self, what: str) -> None:
        """Not what is said before."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Play both questions once; the tests only read the run."""
    path = tmp_path_factory.mktemp("played")
    directory, begun = synthetic.begin(path / "run", synthetic.two_arms(), singles=())
    setting = demo_setting(None)
    apps = {"broken": replace(setting.app, asgi="demosite.nothing:application")}
    arms = {"": (*ASGI, *WSGI), "broken": (Arm(server="uvicorn", interface=Interface.ASGI),)}
    if (environment := find_environment(NAMED["article"])) is not None:
        apps[OLD] = replace(setting.app, python=environment.python)
        arms[OLD] = ASGI[:1]

    def play(stage: Stage) -> None:
        watch_departures(stage, arms, wait=WAIT, trials=1)
        compare_ways(stage, rounds=1, repeats=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(path / "state"))
        patch.setattr(visiting, "GRACE", 0.3)
        patch.setattr(emulation, "VIEWS", tuple(each for each in VIEWS if each.name in ASKED))
        setting = replace(setting, apps=apps)
        yield bench.perform(play, setting, begun, directory, Nobody(), budget=None)


def find(run: Run, role: str, server: str, case: str, look: str) -> Fact:
    """Return the only such fact."""
    (found,) = [
        fact
        for fact in find_facts(run.departures)
        if (fact.role, fact.server, fact.case, fact.look) == (role, server, case, look)
    ]
    return found


def test_every_fact_of_the_table_is_among_these_tests() -> None:
    """A new one must say here what it is."""
    told = STOPS | SYNC | READ_WHOLE
    assert set(told) == {(case.name, look.name) for case in CASES for look in case.looks}


@pytest.mark.parametrize(("server", "case", "look"), NOW)
def test_what_becomes_of_it(played: Run, server: str, case: str, look: str) -> None:
    """On the Django that is installed here, which is 5.0 or newer."""
    expected = STOPS | SYNC | (WRITES if server == "gunicorn" else READ_WHOLE)
    fact = find(played, "", server, case, look)
    assert (fact.outcomes, fact.fault) == ((expected[case, look],), None)


@pytest.mark.parametrize(("case", "look"), STOPS | SYNC | READ_WHOLE)
def test_what_became_of_it_on_django_4_1(played: Run, case: str, look: str) -> None:
    """Nothing stopped there, under the article's Hypercorn."""
    if not any(each.role == OLD for each in played.departures):
        pytest.skip("no stack with Django 4.1 is made here: whereasync demo --stack article")
    fact = find(played, OLD, "hypercorn", case, look)
    expected = (STOPS | SYNC | READ_WHOLE | RUNS_ON)[case, look]
    assert fact.outcome is expected
    assert (fact.fault.kind if fact.fault else None) == (None if expected else UNSUPPORTED)


def test_a_server_that_does_not_start_is_a_fault_of_each_case(played: Run) -> None:
    """The other servers go on."""
    lost = [each for each in played.departures if each.role == "broken"]
    assert [each.case for each in lost] == [case.name for case in CASES]
    for each in lost:
        assert each.left is None
        assert each.fault
        assert "demosite.nothing" in each.fault.detail
    assert played.status is Status.DONE


def test_every_way_answers_every_view(played: Run) -> None:
    """The test client's question: each kind of burst once, the warm-up not recorded."""
    kinds = [
        each for each in emulation.list_bursts(tuple(Way), has_postgres=True) if each.view in ASKED
    ]
    sent = [(each.view, each.variant, each.way, each.clients) for each in played.bursts]
    assert len(sent) == len(kinds)
    assert set(sent) == {(each.view, each.variant, each.way, each.clients) for each in kinds}
    for each in played.bursts:
        assert each.fault is None
        assert each.run == 0
        assert each.seconds
        assert each.in_view
        assert each.seconds > each.in_view * 0.99


def test_eight_that_wait_share_one_thread_under_async_client_only(played: Run) -> None:
    """Their waits add up there: no clock can show less, however busy the machine."""
    took = {
        each.way: each
        for each in played.bursts
        if (each.view, each.variant, each.clients) == ("wait", "sync", 8)
    }
    queue = took[Way.ASYNC_CLIENT]
    assert queue.seconds
    assert queue.in_view
    assert queue.seconds >= 8 * 0.025
    assert queue.in_view < queue.seconds / 4
