"""An alarm clock for an event loop that goes off within a tenth of a millisecond.

A newcomer would use ``loop.call_later``: libuv counts whole ms, and spinning through the last one
costs a whole core at 3,000 requests/s. ``benchmarks/send_lag.py --ways`` measures it, a thread and
SIGALRM: a timerfd is as punctual as any that doesn't spin, and the cheapest.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

NS = 1e-9
_ABSOLUTE = 1  # TFD_TIMER_ABSTIME

HAS_TIMERFD = sys.platform == "linux"


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("ns", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Time), ("value", _Time))


class Alarm:
    """Calls ``ring`` once after each ``set``; holds a file descriptor from then until ``close``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: _TimerFd | _LoopTimer | None = None
        self.is_set = False

    def set(self, at: int) -> None:
        """Ring at ``at`` (ns, monotonic), never before; at once if that is past."""
        self.is_set = True
        if self._timer is None:
            kind = _TimerFd if HAS_TIMERFD else _LoopTimer
            self._timer = kind(self._loop, self._go_off)
        self._timer.set(at)

    def cancel(self) -> None:
        """Don't ring."""
        self.is_set = False
        if self._timer is not None:
            self._timer.clear()

    def close(self) -> None:
        """Give everything back; ``set`` would start anew."""
        self.is_set = False
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def _go_off(self) -> None:
        self.is_set = False
        self._ring()
        if not self.is_set and self._timer is not None:
            self._timer.clear()


class _TimerFd:
    """Linux: the kernel's high-resolution timer, without the slack that a sleeping thread has."""

    def __init__(self, loop: asyncio.AbstractEventLoop, go_off: Callable[[], None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)  # os.timerfd_create needs Python 3.13
        flags = os.O_NONBLOCK | os.O_CLOEXEC  # TFD_NONBLOCK and TFD_CLOEXEC are the same bits
        self._fd = libc.timerfd_create(time.CLOCK_MONOTONIC, flags)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._loop = loop
        self._setting = _Setting()
        self._reference = ctypes.byref(self._setting)
        self._settime = libc.timerfd_settime
        loop.add_reader(self._fd, go_off)

    def set(self, at: int) -> None:
        """Go off at ``at``. Setting also forgets an expiry, so nothing ever reads from it."""
        value = self._setting.value
        value.seconds, value.ns = divmod(at, 1_000_000_000)
        self._settime(self._fd, _ABSOLUTE, self._reference, None)

    def clear(self) -> None:
        """Disarm it: a timer at 0 never goes off."""
        self.set(0)

    def close(self) -> None:
        """Give the file descriptor back."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)


class _LoopTimer:
    """Elsewhere: the loop's own timer, and spinning for what it is early; as late as 1 ms."""

    def __init__(self, loop: asyncio.AbstractEventLoop, go_off: Callable[[], None]) -> None:
        self._loop = loop
        self._go_off = go_off
        self._handle: asyncio.TimerHandle | None = None

    def set(self, at: int) -> None:
        """Go off at ``at``."""
        self.clear()
        self._handle = self._loop.call_later((at - time.monotonic_ns()) * NS, self._look, at)

    def clear(self) -> None:
        """Don't go off."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def close(self) -> None:
        """Don't go off."""
        self.clear()

    def _look(self, at: int) -> None:
        if time.monotonic_ns() < at:
            self.set(at)
        else:
            self._go_off()
