from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvloop

from whereasync.load import alarm
from whereasync.load.alarm import Alarm
from whereasync.load.http import now

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

MS = 1_000_000


@pytest.fixture(params=[True, False])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ring by a timerfd, and by the loop's timers, as elsewhere than on Linux."""
    if request.param and not alarm.HAS_TIMERFD:
        pytest.skip("no timerfd here")
    monkeypatch.setattr(alarm, "HAS_TIMERFD", request.param)


def run(work: Callable[[asyncio.AbstractEventLoop], Coroutine[None, None, None]]) -> None:
    """Run it on the loop that the client process uses."""

    async def start() -> None:
        await work(asyncio.get_running_loop())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(start())


@pytest.mark.usefixtures("either")
def test_it_rings_once_for_each_setting_and_never_too_early() -> None:
    """In the future and in the past; the ring may set it again."""
    at = [now() + delay for delay in (3 * MS, 3 * MS + 200_000, 5 * MS, 0, -10 * MS)]
    rung: list[int] = []

    async def work(loop: asyncio.AbstractEventLoop) -> None:
        over = asyncio.Event()

        def ring() -> None:
            rung.append(now())
            assert not clock.is_set
            if len(rung) < len(at):
                clock.set(at[len(rung)])
            else:
                over.set()

        clock = Alarm(loop, ring)
        clock.set(at[0])
        assert clock.is_set
        await over.wait()
        await asyncio.sleep(0.01)  # it would ring again here
        clock.close()

    run(work)
    assert len(rung) == len(at)
    assert all(heard >= due for heard, due in zip(rung, at, strict=True))


@pytest.mark.usefixtures("either")
def test_a_cancelled_alarm_is_silent_and_can_be_set_again() -> None:
    """A later setting replaces an earlier one, too."""
    rung: list[int] = []

    async def work(loop: asyncio.AbstractEventLoop) -> None:
        over = asyncio.Event()

        def ring() -> None:
            rung.append(now())
            over.set()

        clock = Alarm(loop, ring)
        clock.cancel()
        clock.set(now() + MS)
        clock.cancel()
        assert not clock.is_set
        await asyncio.sleep(0.01)
        assert not rung
        clock.set(now() + 60_000 * MS)
        clock.set(now())
        async with asyncio.timeout(10):
            await over.wait()
        clock.close()
        clock.close()

    run(work)
    assert len(rung) == 1


@pytest.mark.usefixtures("either")
def test_nothing_of_it_stays_open() -> None:
    """It has a file descriptor at most, from the first setting until it is closed."""
    counted: list[int] = []

    async def work(loop: asyncio.AbstractEventLoop) -> None:
        counted.append(count_open())
        clock = Alarm(loop, lambda: None)
        counted.append(count_open())
        clock.set(now() + 60_000 * MS)
        clock.close()
        counted.append(count_open())

    run(work)
    assert len(set(counted)) == 1


def test_a_timer_that_cannot_be_had_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the process has no file descriptor left."""
    if not alarm.HAS_TIMERFD:
        pytest.skip("no timerfd here")

    async def work(loop: asyncio.AbstractEventLoop) -> None:
        monkeypatch.setattr(os, "O_CLOEXEC", 1)  # no flag of timerfd_create
        with pytest.raises(OSError, match="timerfd_create"):
            Alarm(loop, lambda: None).set(now())

    run(work)


def count_open() -> int:
    """Return how many file descriptors this process has."""
    return len(list(Path("/dev/fd").iterdir()))
