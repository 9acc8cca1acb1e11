"""``whereasync report``: show a saved run again."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whereasync.cli.options import format_options
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from whereasync.document import Document
    from whereasync.results import Results
    from whereasync.store import RunDirectory

REPORTS = {  # command that made the run → module of ``reports`` that shows it
    "demo": "demo",
    "race": "race",
    "selfcheck": "selfcheck",
    "stacks": "stacks",
}


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
    if run.command not in REPORTS:
        raise BadInputError(
            f"{directory.path} is a run of {run.command!r}, which this version can't show",
            "pip install --upgrade whereasync",
        )
    return derive(run, directory.samples)


def has_figures(results: Results) -> bool:
    """Tell whether anything was measured that can be shown."""
    sent = [clocks for row in results.article for clocks in row.clocks.values()]
    checked = results.run.checks
    return bool(results.cells or checked or any(clocks.client for clocks in sent))


def show(results: Results, format_: str) -> None:
    """Print the results to stdout."""
    from whereasync import serial
    from whereasync.renderers import render

    if format_ == "json":
        sys.stdout.write(serial.encode(results).decode())
    else:
        sys.stdout.write(render(_report(results), format_))
    sys.stdout.flush()


def _report(results: Results) -> Document:
    module = import_module(f"whereasync.reports.{REPORTS[results.run.command]}")
    document: Document = module.report(results)
    return document
