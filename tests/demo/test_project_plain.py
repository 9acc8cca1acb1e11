from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("sync", "async")
SECOND = 1_000_000_000  # ns


class Clock:
    """A thread's CPU clock that advances by 7 µs whenever it is read."""

    def __init__(self) -> None:
        self.now = self.begin = 5 * SECOND

    def read(self) -> int:
        """Return ns."""
        self.now += 7_000
        return self.now


@pytest.fixture
def capture(site: Callable[[str], Any]) -> Callable[[], Any]:
    """Give a context manager that catches the SQL sent."""
    return lambda: site("django.test.utils").CaptureQueriesContext(site("django.db").connection)


@pytest.fixture
def waits(site: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Give the list of what the planted views wait, in seconds: they don't really."""
    found: list[tuple[str, float]] = []

    async def sleep_async(seconds: float) -> None:
        found.append(("async", seconds))

    def sleep(seconds: float) -> None:
        found.append(("sync", seconds))

    planted = site("cars.views.planted")
    clock = SimpleNamespace(sleep=sleep, thread_time_ns=time.thread_time_ns)
    monkeypatch.setattr(planted, "time", clock)
    monkeypatch.setattr(planted, "asyncio", SimpleNamespace(sleep=sleep_async))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_hello_is_a_constant_and_asks_no_database(
    ask: Callable[..., Any], capture: Callable[[], Any], kind: str
) -> None:
    """Sync and async say the same bytes."""
    with capture() as queries:
        answer = ask(f"/plain/hello/{kind}/")
    assert (answer.status_code, answer.content) == (200, b"hello\n")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert len(queries) == 0


def test_the_query_is_one_and_the_same(
    ask: Callable[..., Any], capture: Callable[[], Any], cars: Any
) -> None:
    """It is for the car of the lowest number, to the letter the same, sync and async."""
    cars.Car.objects.filter(pk=1).delete()
    sent = []
    for kind in KINDS:
        with capture() as queries:
            answer = ask(f"/plain/query/{kind}/")
        assert (answer.status_code, answer.json()) == (200, {"car": 2, "engine": "engine 2"})
        sent.append([query["sql"] for query in queries])
    assert sent[0] == sent[1]
    assert len(sent[0]) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_without_cars_the_query_answers_nulls(
    ask: Callable[..., Any], site: Callable[[str], Any], kind: str
) -> None:
    """An empty table is no error."""
    site("cars.fleet").load(0)
    assert ask(f"/plain/query/{kind}/").json() == {"car": None, "engine": None}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("query", ["", "?burn=0&wait=0", "?burn=900", "?wait=0.25"])
def test_what_is_planted_never_shows(ask: Callable[..., Any], kind: str, query: str) -> None:
    """All answers are equal, so that any two can be raced."""
    answer = ask(f"/planted/{kind}/{query}")
    assert (answer.status_code, answer.content) == (200, b"planted\n")


@pytest.mark.parametrize("kind", KINDS)
def test_a_burn_lasts_until_the_threads_cpu_clock_says_so(
    ask: Callable[..., Any],
    site: Callable[[str], Any],
    waits: list[tuple[str, float]],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not the wall's: it would count what other processes take. And it waits for nothing."""
    clock = Clock()
    monkeypatch.setattr(site("cars.views.planted").time, "thread_time_ns", clock.read)
    ask(f"/planted/{kind}/?burn=300")
    assert 300_000 <= clock.now - clock.begin <= 300_000 + 14_000
    assert waits == []


def test_a_burn_is_cpu_of_the_thread_that_asks(site: Callable[[str], Any]) -> None:
    """By the kernel's own clock, at least what was asked for."""
    begin = time.thread_time_ns()
    site("cars.views.planted").burn(3_000_000)
    assert time.thread_time_ns() - begin >= 3_000_000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("wait", "seconds"), [("2", 0.002), ("0.25", 0.00025), ("10000", 10.0)])
def test_a_wait_is_its_own_kinds_sleep(
    ask: Callable[..., Any],
    waits: list[tuple[str, float]],
    kind: str,
    wait: str,
    seconds: float,
) -> None:
    """A fraction of a millisecond too; the event loop is free meanwhile."""
    assert ask(f"/planted/{kind}/?wait={wait}").status_code == 200
    assert waits == [(kind, pytest.approx(seconds))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["burn", "wait"])
@pytest.mark.parametrize("value", ["-1", "abc", "", "1000001", "nan", "inf", "9" * 5000])
def test_a_bad_number_gets_a_400_of_one_line(
    ask: Callable[..., Any], waits: list[tuple[str, float]], kind: str, name: str, value: str
) -> None:
    """Nothing is planted then."""
    answer = ask(f"/planted/{kind}/?{name}={value}")
    assert answer.status_code == 400
    range_ = {
        "burn": "a whole number of µs from 0 to 1000000",
        "wait": "a number of ms from 0 to 10000",
    }[name]
    assert answer.content.decode() == f"{name} must be {range_}, not {value[:20]!r}\n"
    assert waits == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_burn_is_whole_microseconds(ask: Callable[..., Any], kind: str) -> None:
    """Half a microsecond can't be burnt."""
    assert ask(f"/planted/{kind}/?burn=1.5").status_code == 400


def test_the_private_page_sends_everybody_to_a_login_that_is_not_there(
    ask: Callable[..., Any],
) -> None:
    """What it says to users is never seen."""
    answer = ask("/private/")
    assert (answer.status_code, answer.content) == (302, b"")
    assert answer["Location"] == "/accounts/login/?next=/private/"
    assert ask("/accounts/login/").status_code == 404
