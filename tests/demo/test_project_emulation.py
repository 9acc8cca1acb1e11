"""Why Django's test tools differ from a server: each reason, in this process."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MANY = 4
SYNC, ASYNC = "/planted/sync/?wait=1", "/planted/async/?wait=1"
ALL = ("Client", "request factory", "AsyncClient", "AsyncClient, wrapped", "ASGI handler")


@pytest.fixture
def emulator(site: Callable[[str], Any]) -> Iterator[Any]:
    """Give the tools, for so many at once."""
    made = site("cars.emulation").Emulator(MANY)
    yield made
    made.close()


class Views:
    """Stands in for the sleeps of the planted views, and notes who is in them."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.loops: list[asyncio.AbstractEventLoop] = []
        self.inside = self.most = 0
        self.changed = threading.Condition()

    def sleep(self, _seconds: float) -> None:
        """Stay until all are here, or a while."""
        self.threads.add(threading.get_ident())
        with self.changed:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most == MANY, timeout=0.05)
            self.inside -= 1

    async def sleep_async(self, _seconds: float) -> None:
        """Note the loop."""
        self.loops.append(asyncio.get_running_loop())


@pytest.fixture
def views(site: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Views:
    """Give what goes on in the planted views."""
    found = Views()
    planted = site("cars.views.planted")
    clock = SimpleNamespace(sleep=found.sleep, thread_time_ns=time.thread_time_ns)
    monkeypatch.setattr(planted, "time", clock)
    monkeypatch.setattr(planted, "asyncio", SimpleNamespace(sleep=found.sleep_async))
    return found


@pytest.mark.parametrize(
    ("way", "at_once"),
    [
        ("Client", MANY),
        ("request factory", MANY),
        ("AsyncClient", 1),
        ("AsyncClient, wrapped", MANY),
        ("ASGI handler", MANY),
    ],
)
def test_async_client_has_one_thread_for_all_sync_views(
    emulator: Any, views: Views, way: str, at_once: int
) -> None:
    """A server enters a ThreadSensitiveContext for each request; in one, AsyncClient is as good."""
    emulator.send(way, "sync", SYNC, MANY)
    assert (views.most, len(views.threads)) == (at_once, at_once)


def test_in_djangos_test_case_the_context_changes_nothing(
    site: Callable[[str], Any], views: Views
) -> None:
    """Its async tests run under async_to_sync, whose own thread then does all the sync work."""
    emulation = site("cars.emulation")
    site("asgiref.sync").async_to_sync(emulation.ask_at_once)(emulation.ask_wrapped, SYNC, MANY)
    assert views.threads == {threading.get_ident()}


@pytest.mark.parametrize(("way", "loops"), [("Client", MANY), ("AsyncClient", 1)])
def test_client_has_an_event_loop_for_each_async_request(
    emulator: Any, views: Views, way: str, loops: int
) -> None:
    """As under WSGI; an ASGI server has one for all."""
    for _ in range(MANY):
        emulator.send(way, "async", ASYNC, 1)
    assert len(views.loops) == MANY
    assert len(set(views.loops)) == loops


@pytest.mark.parametrize(
    ("way", "variant", "connects"),
    [("Client", "sync", 0), ("AsyncClient", "async", 0), ("ASGI handler", "async", 3)],
)
@pytest.mark.usefixtures("cars")
def test_the_test_tools_keep_their_database_connection(
    site: Callable[[str], Any], emulator: Any, way: str, variant: str, connects: int
) -> None:
    """They hold off what closes it after a request; a server connects again for each."""
    made = []

    def note(connection: Any, **_: Any) -> None:
        made.append(connection)

    emulator.send(way, variant, f"/plain/query/{variant}/", 1)
    signal = site("django.db.backends.signals").connection_created
    signal.connect(note)
    try:
        for _ in range(3):
            emulator.send(way, variant, f"/plain/query/{variant}/", 1)
    finally:
        signal.disconnect(note)
        emulator.loop.run_until_complete(
            site("asgiref.sync").sync_to_async(site("django.db").connections.close_all)()
        )
    assert len(made) == connects


@pytest.mark.parametrize("variant", ["sync", "async"])
@pytest.mark.parametrize("way", ALL)
def test_the_request_factories_skip_the_middleware(
    site: Callable[[str], Any],
    emulator: Any,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    variant: str,
) -> None:
    """All the others run it, for a sync and for an async view."""
    seen = []
    security = site("django.middleware.security").SecurityMiddleware
    original = security.process_response

    def note(self: Any, request: Any, response: Any) -> Any:
        seen.append(request.path)
        return original(self, request, response)

    monkeypatch.setattr(security, "process_response", note)
    emulator.send(way, variant, f"/plain/hello/{variant}/", 1)
    assert bool(seen) is (way != "request factory")


@pytest.mark.parametrize("way", ALL)
@pytest.mark.parametrize("clients", [1, MANY])
def test_every_way_gives_both_times(emulator: Any, way: str, clients: int) -> None:
    """The view's is within the client's."""
    seconds, in_view = emulator.send(way, "sync", "/planted/sync/?burn=1000", clients)
    assert seconds > in_view >= 0.001


def test_another_answer_than_200_is_an_error(site: Callable[[str], Any], emulator: Any) -> None:
    """A page that isn't there is fast, and no speed."""
    with pytest.raises(site("cars.emulation").UnexpectedAnswerError, match="302"):
        emulator.send("Client", "sync", "/private/", 1)


def test_a_plan_that_can_not_be_read_is_said_in_a_line(
    site: Callable[[str], Any], tmp_path: Path
) -> None:
    """Before anything is asked."""
    management = site("django.core.management")
    with pytest.raises(management.CommandError, match="PLAN can't be read"):
        management.call_command("emulate", str(tmp_path / "nothing.json"))
