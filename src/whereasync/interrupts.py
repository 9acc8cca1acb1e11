"""Ctrl-C and SIGTERM end the command once, and never where half of what is done can't be undone.

A newcomer would block the signals meanwhile: any other thread gets them then, as numpy has some,
and Python runs the handler in the main thread all the same.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SAVING = 10.0  # s after one in which another would only lose what is being saved
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class _Handler:
    until: float = 0.0  # of the monotonic clock; till then another is passed over
    depth: int = 0  # of the contexts that nothing may break
    is_waiting: bool = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.is_waiting = True
        if not self.depth:
            self.interrupt()

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt for the one that waits, unless another was raised just now."""
        self.is_waiting = False
        if time.monotonic() > self.until:
            self.until = time.monotonic() + SAVING
            raise KeyboardInterrupt


_HANDLER = _Handler()


def heed() -> None:
    """Have both signals raise KeyboardInterrupt in the main thread, from now on."""
    _HANDLER.until = 0.0
    for number in _NUMBERS:
        signal.signal(number, _HANDLER)


@contextlib.contextmanager
def unbroken() -> Iterator[None]:
    """Let them wait until the context is left; nothing but the main thread is ever broken."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _HANDLER.depth += 1
    try:
        yield
    finally:
        _HANDLER.depth -= 1
        if _HANDLER.is_waiting and not _HANDLER.depth:
            _HANDLER.interrupt()
