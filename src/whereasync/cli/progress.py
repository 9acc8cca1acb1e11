"""What a user sees while something long runs: what is done now, and the time left.

On stderr, so that a report can be piped. Without a terminal each stage is one plain line.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType
    from rich.progress import Progress, TaskID


class Silent:
    """Nobody watches."""

    def stage(self, what: str) -> None:
        """Say nothing."""

    def expect(self, seconds: float) -> None:
        """Say nothing."""

    def notice(self, what: str) -> None:
        """Say nothing."""


class Lines(Silent):
    """A file or a pipe watches: one line a stage."""

    def stage(self, what: str) -> None:
        """Print the stage."""
        click.echo(f"… {what}", err=True)

    def notice(self, what: str) -> None:
        """Print it."""
        click.echo(what, err=True)


class Bar(Silent):
    """A person watches: one bar for the whole run."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        """Take the bar and its one task."""
        self._progress, self._task = progress, task

    def stage(self, what: str) -> None:
        """Name it beside the bar."""
        self._progress.update(self._task, description=what)

    def expect(self, seconds: float) -> None:
        """Set the bar's length."""
        self._progress.update(self._task, total=seconds)

    def notice(self, what: str) -> None:
        """Print it above the bar, where it stays."""
        self._progress.console.print(what, highlight=False)


@contextlib.contextmanager
def watch(*, quiet: bool) -> Iterator[Silent]:
    """Give the observer that suits what stderr is."""
    if quiet:
        yield Silent()
    elif not sys.stderr.isatty():
        yield Lines()
    else:
        with _bar() as progress:
            yield Bar(progress, progress.add_task("start", total=None))


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    class TimeLeft(ProgressColumn):
        def render(self, task: Task) -> Text:
            if task.total is None:
                return Text("")
            left = round(max(0.0, task.total - (task.elapsed or 0.0)))
            return Text(f"{left // 60}:{left % 60:02} left" if left else "almost done")

    class Elapsing(Progress):
        """A bar that is moved by the clock, since a race is planned in seconds."""

        def get_renderables(self) -> Iterable[RenderableType]:
            for task in self.tasks:
                if task.total is not None:
                    task.completed = min(task.elapsed or 0.0, 0.99 * task.total)
            return super().get_renderables()

    return Elapsing(
        BarColumn(24),
        TimeLeft(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=4,  # it shares a core with the load client
    )
