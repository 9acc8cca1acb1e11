"""The bounded executor under real requests: what it bounds, what it keeps, what it must not leak.

Requests go through the ASGI handler itself: Django's AsyncClient never enters a
ThreadSensitiveContext, so it would prove nothing.
"""

from __future__ import annotations

import asyncio
import json
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

KEPT = 600  # s, CONN_MAX_AGE
PATIENCE = 20.0  # s that anything may take


@pytest.fixture
def keep(site: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep connections, in each thread its own."""
    monkeypatch.setitem(site("django.db").connections.settings["default"], "CONN_MAX_AGE", KEPT)


@pytest.fixture
def bound(site: Callable[[str], Any]) -> Iterator[Callable[[int], Any]]:
    """Give a function that bounds the site to so many threads; they end after the test."""
    made: list[Any] = []

    def make(number: int) -> Any:
        bounded = site("demosite.bounded")
        made.append(bounded.Bounded(bounded.site, number))
        return made[-1]

    yield make
    for thread in (thread for each in made for thread in each.threads):
        thread.submit(site("django.db").connections.close_all).result()
        thread.shutdown()


@pytest.fixture
def serve(site: Callable[[str], Any]) -> Iterator[Callable[..., None]]:
    """Give a function that serves views by their names, instead of the site's."""
    override = site("django.test").override_settings
    path, urlconf = site("django.urls").path, ModuleType("urlconf")
    with override(ROOT_URLCONF=urlconf):

        def add(**views: Callable[..., Any]) -> None:
            patterns = [path(name, view) for name, view in views.items()]
            urlconf.__dict__["urlpatterns"] = patterns

        yield add


async def request(application: Any, path: str) -> Any:
    """Send one GET, and return the JSON of its answer."""
    sent: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": b""}]

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()  # the client stays
        return waiting.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    await application(scope, receive, send)
    assert sent[0]["status"] == 200, sent
    return json.loads(sent[1]["body"])


def run(*requests: Awaitable[Any]) -> list[Any]:
    """Make requests at the same time, each in a task of its own as a server does."""

    async def gather() -> list[Any]:
        tasks = [asyncio.ensure_future(each) for each in requests]
        return await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)

    return asyncio.run(gather())


def run_in_turn(application: Any, paths: Sequence[str]) -> list[Any]:
    """Make one request after another, in one event loop."""

    async def walk() -> list[Any]:
        return [await asyncio.create_task(request(application, path)) for path in paths]

    return asyncio.run(asyncio.wait_for(walk(), PATIENCE))


@pytest.fixture
def answer(site: Callable[[str], Any]) -> Any:
    """Give the class of a JSON answer."""
    return site("django.http").JsonResponse


@pytest.fixture
def count(site: Callable[[str], Any], answer: Any) -> Callable[..., Any]:
    """Give a view that tells how many requests its database connection has served."""
    connections = site("django.db").connections

    def view(_request: Any) -> Any:
        with connections["default"].cursor() as cursor:  # a temporary table is a connection's own
            cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS served (n INTEGER)")
            cursor.execute("INSERT INTO served VALUES (1)")
            cursor.execute("SELECT count(*) FROM served")
            return answer(cursor.fetchone(), safe=False)

    return view


def test_no_more_threads_than_asked_for_however_many_clients(
    bound: Callable[[int], Any], serve: Callable[..., None], answer: Any
) -> None:
    """The others wait; two at a time, or the barrier would never open."""
    both = threading.Barrier(2)

    def meet(_request: Any) -> Any:
        both.wait(PATIENCE)
        return answer(threading.current_thread().name, safe=False)

    serve(meet=meet)
    application = bound(2)
    names = run(*(request(application, "/meet") for _ in range(8)))
    assert {name.partition("_")[0] for name in names} == {"request-0", "request-1"}


@pytest.mark.usefixtures("keep")
def test_a_threads_connection_serves_one_request_after_another(
    bound: Callable[[int], Any], serve: Callable[..., None], count: Callable[..., Any]
) -> None:
    """The thread that was used last is taken first, so one client needs one connection."""
    serve(count=count)
    assert run_in_turn(bound(3), ["/count"] * 3) == [[1], [2], [3]]


def test_without_conn_max_age_no_connection_is_kept(
    bound: Callable[[int], Any], serve: Callable[..., None], count: Callable[..., Any]
) -> None:
    """Django closes it at the end of the request, as under any server."""
    serve(count=count)
    assert run_in_turn(bound(1), ["/count"] * 2) == [[1], [1]]


def test_what_django_keeps_for_a_request_never_meets_the_next_one(
    site: Callable[[str], Any],
    bound: Callable[[int], Any],
    serve: Callable[..., None],
    answer: Any,
    keep: None,
) -> None:
    """Language, time zone, and a transaction that was left open; a threading.local of ours does."""
    connections, translation = site("django.db").connections, site("django.utils.translation")
    timezone, models, mine = site("django.utils.timezone"), site("cars.models"), threading.local()

    def state(_request: Any) -> Any:
        return answer(
            {
                "language": translation.get_language(),
                "zone": timezone.get_current_timezone_name(),
                "autocommit": connections["default"].get_autocommit(),
                "stores": models.Store.objects.filter(location="left").count(),
                "mine": getattr(mine, "value", None),
            }
        )

    def leave(wanted: Any) -> Any:
        before = state(wanted)
        translation.activate("de")
        timezone.activate("Asia/Tokyo")
        mine.value = "left"
        connections["default"].set_autocommit(False)
        models.Store.objects.create(location="left")  # in a transaction that nobody ends
        return before

    serve(leave=leave, state=state)
    before, after = run_in_turn(bound(1), ["/leave", "/state"])
    assert before["autocommit"] is True
    assert after == {**before, "mine": "left"}


@pytest.mark.usefixtures("keep")
def test_a_request_that_failed_leaves_its_thread_usable(
    bound: Callable[[int], Any], serve: Callable[..., None], count: Callable[..., Any]
) -> None:
    """And given back: one that was not would be missing for ever."""
    application = bound(1)

    async def inner(*_: object) -> None:
        raise ConnectionError

    site_itself, application.application = application.application, inner

    async def walk() -> Any:
        scope = {"type": "http", "method": "GET", "path": "/count", "headers": []}
        with pytest.raises(ConnectionError):
            await application(scope, None, None)
        application.application = site_itself
        return await request(application, "/count")

    serve(count=count)
    assert asyncio.run(asyncio.wait_for(walk(), PATIENCE)) == [1]


def test_what_is_no_request_needs_no_thread(bound: Callable[[int], Any]) -> None:
    """A server's lifespan would hold one as long as it runs."""
    application = bound(1)
    seen: list[Any] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append((scope["type"], application.free))

    application.application = inner
    asyncio.run(application({"type": "lifespan"}, None, None))
    assert seen == [("lifespan", None)]


def test_one_executor_of_many_threads_would_not_do(site: Callable[[str], Any]) -> None:
    """It runs a request's calls on several threads at once, each with a connection of its own."""
    sync = site("asgiref.sync")
    both = threading.Barrier(2)

    def meet() -> int:
        both.wait(PATIENCE)
        return threading.get_ident()

    async def ask_twice(executor: Any) -> set[int]:
        async with sync.ThreadSensitiveContext(executor=executor):
            hop = sync.sync_to_async(meet)
            return set(await asyncio.wait_for(asyncio.gather(hop(), hop()), PATIENCE))

    pool = site("demosite.bounded").ThreadPoolExecutor(2)
    assert len(asyncio.run(ask_twice(pool))) == 2
    pool.shutdown()


@pytest.mark.usefixtures("keep")
def test_on_djangos_own_threads_no_connection_serves_two_requests(
    site: Callable[[str], Any], serve: Callable[..., None], count: Callable[..., Any]
) -> None:
    """So CONN_MAX_AGE keeps nothing that a later request could use: on PostgreSQL it leaks."""
    serve(count=count)
    application = site("demosite.bounded").site
    assert run_in_turn(application, ["/count"] * 3) == [[1], [1], [1]]
