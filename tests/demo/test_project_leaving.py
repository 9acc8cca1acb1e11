"""The views that leave a trail: which marks, in which order, and that they answer."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from whereasync.demo.leaving import CASES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from whereasync.demo.leaving import Case


@pytest.fixture
def trails(site: Callable[[str], Any], tmp_path: Path) -> Any:
    """Have the trails written to a file."""
    file = tmp_path / "trails"
    with site("django.test").override_settings(TRAIL_FILE=str(file)):
        yield file


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_view_whose_client_stays_marks_all_that_is_looked_at(
    site: Callable[[str], Any], ask: Callable[..., Any], trails: Path, case: Case
) -> None:
    """From begun to after: what a client who leaves is compared with."""
    answer = ask(f"{case.path}?trail=t-1&wait=5", method=case.method)
    assert answer.status_code == 200
    if case.name == "stream-async":

        async def read() -> None:
            assert [part async for part in answer.streaming_content]

        site("asgiref.sync").async_to_sync(read)()
    elif answer.streaming:
        assert list(answer.streaming_content)
    marks = [line.split()[:2] for line in trails.read_text().splitlines()]
    assert {name for name, _ in marks} == {"t-1"}
    steps = [step for _, step in marks]
    assert steps[0] == "begun"
    wanted = {look.step for look in case.looks} - {"", "cancelled"}
    assert wanted | {"after"} <= set(steps)
    assert "cancelled" not in steps


def test_what_has_a_row_writes_it_under_the_trails_name(
    ask: Callable[..., Any], cars: Any, trails: Path
) -> None:
    """So many as the table of facts counts."""
    for name, path in (("one", "transaction/sync"), ("two", "writes/async")):
        ask(f"/leaving/{path}/?trail={name}", method="POST")
    names = cars.Manufacturer.objects.filter(name__in=("one", "two")).values_list("name", flat=True)
    assert sorted(names) == ["one", "two", "two"]


def test_without_a_name_there_is_no_trail(ask: Callable[..., Any], trails: Path) -> None:
    """Nor without a file."""
    assert ask("/leaving/sleep/sync/").status_code == 200
    assert not trails.exists()


@pytest.mark.parametrize("query", ["trail=a/b", "trail=" + "a" * 81, "trail=a&wait=x"])
def test_a_bad_name_or_wait_is_a_400(ask: Callable[..., Any], query: str) -> None:
    """One line, and no file is touched."""
    answer = ask(f"/leaving/sleep/sync/?{query}")
    assert answer.status_code == 400
    assert answer.content.count(b"\n") == 1


def test_a_request_that_is_cancelled_leaves_the_loop_free(site: Callable[[str], Any]) -> None:
    """As the report says of asgiref 3.12 and later; before, it waited for the request's thread."""
    sync = site("asgiref.sync")
    begun, may_end = threading.Event(), threading.Event()
    was_told: list[bool] = []

    def query() -> None:
        begun.set()
        was_told.append(may_end.wait(5))

    async def request() -> None:
        async with sync.ThreadSensitiveContext():
            await sync.sync_to_async(query)()

    async def leave() -> None:
        task = asyncio.ensure_future(request())
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
        may_end.set()  # whoever holds the loop up keeps us from getting here
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert was_told == [True]
