"""Ctrl-C and SIGTERM, sent to this process."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from whereasync import interrupts

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Heed them, and put the handlers back."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    interrupts.heed()
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def another() -> Iterator[None]:
    """Have another thread, to which the kernel may give a signal."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    yield
    over.set()
    thread.join()


def send(number: int = signal.SIGINT) -> None:
    """Send a signal to the process, whichever thread gets it."""
    os.kill(os.getpid(), number)
    time.sleep(0.02)


@pytest.mark.usefixtures("another")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_waits_until_all_is_done(number: int) -> None:
    """Also where contexts are nested, and where another thread gets it."""
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.unbroken():  # noqa: PT012 # what is done
        with interrupts.unbroken():
            send(number)
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]


def test_many_are_one() -> None:
    """What the first began to save is not broken by those that follow."""
    with pytest.raises(KeyboardInterrupt):
        send()
    send()
    with interrupts.unbroken():
        send()


def test_other_threads_are_never_broken() -> None:
    """A context there holds nothing up here."""
    entered, over = threading.Event(), threading.Event()

    def work() -> None:
        with interrupts.unbroken():
            entered.set()
            over.wait()

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    with pytest.raises(KeyboardInterrupt):
        send()
    over.set()
    thread.join()
