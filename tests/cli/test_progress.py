from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from whereasync.cli.progress import Bar, Lines, Silent, watch

if TYPE_CHECKING:
    from collections.abc import Iterator

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def follow(observer: Silent) -> None:
    """Let an observer hear what a run says."""
    observer.stage("start the database")
    observer.expect(7200.0)
    observer.notice("The race: 6 blocks.")


def test_quiet_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither on stdout nor on stderr."""
    with watch(quiet=True) as observer:
        follow(observer)
    assert capfd.readouterr() == ("", "")


def test_a_pipe_gets_one_line_a_stage(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stderr, so that stdout holds the report alone; no escape codes."""
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.FileIO(os.dup(2), "w"), "utf-8"))
    with watch(quiet=False) as observer:
        assert isinstance(observer, Lines)
        follow(observer)
    sys.stderr.close()
    assert capfd.readouterr() == ("", "… start the database\nThe race: 6 blocks.\n")


@dataclass
class Screen:
    """What was seen on a terminal; whole once it hung up."""

    seen: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        """Return it without its colours and its movements."""
        return ESCAPES.sub("", self.seen.decode())

    def watch(self, end: int) -> None:
        """Look until the other end hangs up."""
        with contextlib.suppress(OSError):  # which is how a terminal says so
            while chunk := os.read(end, 4096):
                self.seen.extend(chunk)


@contextlib.contextmanager
def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """Make stderr a terminal while the context lasts.

    No fixture: between set-up and test, pytest puts its own stderr back.
    """
    screen = Screen()
    ours, theirs = pty.openpty()
    thread = threading.Thread(target=screen.watch, args=(ours,))
    thread.start()
    try:
        with open(theirs, "w", encoding="utf-8") as stderr, monkeypatch.context() as patch:  # noqa: PTH123 # a descriptor
            patch.setattr(sys, "stderr", stderr)
            patch.setenv("TERM", "xterm")
            patch.setenv("COLUMNS", "100")
            yield screen
    finally:
        thread.join(10)
        os.close(ours)


def set_clock(bar: Bar, seconds: float) -> None:
    """Let the bar's clock stand still, so many seconds after its start."""
    [task] = bar._progress.tasks
    task.start_time = 1000.0
    task._get_time = lambda: 1000.0 + seconds


def test_a_terminal_gets_a_bar_with_the_stage_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two hours are expected, so some two hours are left; a notice stays above the bar."""
    with open_terminal(monkeypatch) as screen, watch(quiet=False) as observer:
        assert isinstance(observer, Bar)
        observer.stage("start the database")
        observer._progress.refresh()
        observer.expect(7200.0)
        observer.notice("The race: 6 blocks.")
        observer._progress.refresh()
        [task] = observer._progress.tasks
        assert task.completed < 7200
    said = screen.text
    assert "start the database" in said
    assert re.search(r"(120:00|119:\d\d) left", said)
    assert "The race: 6 blocks." in said


@pytest.mark.parametrize(
    ("left", "said"),
    [(0.3, "almost done"), (59.7, "1:00 left"), (119.6, "2:00 left"), (61.2, "1:01 left")],
)
def test_the_time_left_is_rounded_to_whole_seconds(
    monkeypatch: pytest.MonkeyPatch, left: float, said: str
) -> None:
    """Never 1:60; and a run that takes longer than expected is almost done, not late."""
    with open_terminal(monkeypatch) as screen, watch(quiet=False) as observer:
        assert isinstance(observer, Bar)
        set_clock(observer, 0.0)
        observer.expect(left)
        observer._progress.refresh()
    assert said in screen.text


def test_a_bar_is_never_full_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is moved by the clock, which knows nothing of the work."""
    with open_terminal(monkeypatch) as screen, watch(quiet=False) as observer:
        assert isinstance(observer, Bar)
        set_clock(observer, 60.0)
        observer.expect(10.0)
        observer._progress.refresh()
        [task] = observer._progress.tasks
        assert task.completed == pytest.approx(9.9)
    assert "almost done" in screen.text
    assert screen.seen.endswith(b"\x1b[2K"), "at the end the bar is wiped off"
