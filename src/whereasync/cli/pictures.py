"""A map's pictures, beside its run.json: drawn once it is measured, and again where one is missing.

They are an extra. A newcomer would let a run of minutes end in an error because altair is missing:
the table in the terminal says the same.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import click

from whereasync.errors import WhereAsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from whereasync.document import Text
    from whereasync.results import Results
    from whereasync.store import RunDirectory

FORMATS = ("html", "svg", "png")
WIDE = 150  # characters of the title's lines
SIGNS = (
    "Number and colour: requests/s, async ÷ sync. Hatched: inconclusive. Red cross: void. "
    "Dashed: not measured. Black line: from where on async pays, grey band: its interval."
)


def keep_pictures(directory: RunDirectory, results: Results) -> tuple[Path, ...]:
    """Draw what is missing of a map's pictures into its directory, and return their paths.

    Nothing for a run of another command, or one without a cell. Where they can't be drawn, that is
    said in a line on stderr.
    """
    if results.run.command != "map" or not results.cells:
        return ()
    paths = [directory.path / f"map.{name}" for name in FORMATS]
    if all(path.exists() for path in paths):
        return tuple(paths)
    try:
        _draw(directory, results)
    except WhereAsyncError as error:
        click.echo(f"whereasync: {error.what}\n  try: {error.hint}", err=True)
        return ()
    return tuple(paths)


def _draw(directory: RunDirectory, results: Results) -> None:
    from whereasync.renderers import chart
    from whereasync.reports.map import answer

    chart.require()
    title = [line for sentence in answer(results) for line in _write(sentence)]
    spec = chart.specify(results, title, (SIGNS, _say_arms(results)))
    for name, data in chart.draw(spec).items():
        directory.attach(f"map.{name}", data)


def _write(sentence: Text) -> Iterator[str]:
    from whereasync.renderers import figures

    yield from wrap("".join(figures.write(span.content) for span in sentence), WIDE)


def _say_arms(results: Results) -> str:
    run = results.run
    named = [
        f"{name}: {run.arms[role]}"
        for role, name in (("wsgi", "sync"), ("asgi", "async"))
        if role in run.arms
    ]
    django = f"Django {run.versions['django']}" if "django" in run.versions else "Django"
    machine = f"{run.machine.python}, {run.machine.cpu}, {run.machine.cores} cores"
    return ", ".join([*named, django, machine])
