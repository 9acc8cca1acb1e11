"""``whereasync report``: show a saved run again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whereasync.cli.options import format_options
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from whereasync.results import Results
    from whereasync.store import RunDirectory


@click.command()
@click.argument("run", required=False, type=click.Path(path_type=Path))
@format_options
def report(run: Path | None, format_: str, as_json: bool) -> None:
    """Show a saved RUN again: its directory, or the newest one by default."""
    from whereasync.store import open_run

    show(derive_results(open_run(run)), "json" if as_json else format_)


def derive_results(directory: RunDirectory) -> Results:
    """Return what a run's directory shows; BadInputError for a run of no command we know."""
    from whereasync.results import derive

    run = directory.load()
    if run.command != "demo":
        raise BadInputError(
            f"{directory.path} is a run of {run.command!r}, which this version can't show",
            "pip install --upgrade whereasync",
        )
    return derive(run, directory.samples)


def show(results: Results, format_: str) -> None:
    """Print the results to stdout."""
    from whereasync import serial
    from whereasync.renderers import render
    from whereasync.reports import demo

    if format_ == "json":
        sys.stdout.write(serial.encode(results).decode())
    else:
        sys.stdout.write(render(demo.report(results), format_))
    sys.stdout.flush()
