"""What tests do with the test clients, as far as their source says."""

from __future__ import annotations

import textwrap

import pytest

from whereasync.advise.clients import ClientUse, Misuse, find_uses
from whereasync.model import SourceText

VIEWS = frozenset({"/feed/", "shop:feed"})


def read(text: str) -> list[ClientUse]:
    """Return the uses in one module of tests."""
    return list(find_uses([SourceText(path="t.py", text=textwrap.dedent(text))], VIEWS))


@pytest.mark.parametrize(
    "clock", ["time.perf_counter()", "perf_counter()", "time.time()", "time.monotonic_ns()"]
)
@pytest.mark.parametrize("client", ["self.client", "client", "Client()", "self.async_client"])
def test_a_clock_beside_a_client_is_told(clock: str, client: str) -> None:
    """With the line of the first request."""
    [use] = read(f"""
        def test_speed(self):
            begun = {clock}
            answer = {client}.get("/x/")
            {client}.post("/x/")
            assert {clock} - begun < 1
    """)
    assert (use.misuse, use.line, use.test) == (Misuse.TIMED, 4, "test_speed")
    assert use.is_async is ("async" in client)


@pytest.mark.parametrize("target", ['f"/item/{key}/"', 'reverse("x")', '"/"'])
def test_a_bare_client_is_djangos_where_it_is_asked_for_a_path(target: str) -> None:
    """It may be anybody's otherwise."""
    [use] = read(f"def test_speed(client):\n    client.get({target})\n    time.time()\n")
    assert use.misuse is Misuse.TIMED


def test_a_client_of_the_test_case_is_djangos() -> None:
    """Whatever it is asked for."""
    [use] = read("def test_speed(self):\n    self.client.get(path)\n    time.time()\n")
    assert use.misuse is Misuse.TIMED


@pytest.mark.parametrize("call", ["asyncio.gather({}, {})", "group.create_task({})"])
def test_requests_at_once_through_the_async_client_are_told(call: str) -> None:
    """Not those that are sent one after another."""
    request = 'self.async_client.get("/x/")'
    [use] = read(f"""
        async def test_many(self):
            await {request}
            await {call.format(request, request)}
    """)
    assert (use.misuse, use.line, use.is_async) == (Misuse.GATHERED, 4, True)


@pytest.mark.parametrize("target", ['"/feed/"', '"/feed/?page=2"', 'reverse("shop:feed")'])
def test_an_async_view_asked_through_the_client_is_told(target: str) -> None:
    """Where its path or its name is written out."""
    [use] = read(f"def test_feed(client):\n    client.get({target})\n")
    assert (use.misuse, use.line) == (Misuse.ASKED, 2)
    assert use.view in VIEWS


@pytest.mark.parametrize(
    "line",
    [
        'client.get("/other/")',
        'client.get(reverse("shop:other"))',
        "client.get(path); time.time()",
        'client.get("key"); time.time()',
        "client.get(make(1)); time.time()",
        'client.get(f"{key}/"); time.time()',
        "client.get()",
        'async_client.get("/feed/")',
        'session.get("/feed/")',
        'cache.get("/feed/"); time.time()',
        'client.login(username="ann"); time.time()',
        'client.get("/other/"); time.sleep(1)',
        'factory.get("/feed/")',
        'asyncio.gather(client.get("/other/"))',
        'asyncio.gather(work()); async_client.get("/x/")',
        "gets[0].get('/feed/')",
        "time.perf_counter()",
    ],
)
def test_what_says_nothing_is_left_alone(line: str) -> None:
    """Another view, another client, no request, no clock."""
    assert read(f"def test_it(client):\n    client.force_login(1)\n    {line}\n") == []


@pytest.mark.parametrize("text", ["client.get('/feed/'", "no word of it", ""])
def test_a_file_without_tests_is_passed_over(text: str) -> None:
    """Or one that can't be parsed."""
    assert read(text) == []
