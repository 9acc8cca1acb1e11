"""``whereasync check``: read a project, start no server, and say what costs or breaks async."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.own import go_inside, unguarded_option
from whereasync.cli.project import project_argument, project_options, read_asked
from whereasync.model import Level

if TYPE_CHECKING:
    from whereasync.advise.evidence import Evidence
    from whereasync.advise.review import Review
    from whereasync.model import Finding
    from whereasync.project import Home

FORMATS = ("terminal", "markdown", "json", "sarif", "github")
FOUND = 1


def split_words(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    """Return words that are separated by commas: ``WA001,WA004``."""
    return tuple(filter(None, (word.strip() for word in value.split(","))))


@click.command()
@project_argument
@project_options
@unguarded_option
@click.option(
    "--level",
    type=click.Choice([each.value for each in Level]),
    default=Level.WARNING.value,
    show_default=True,
    help="Exit with 1 where a finding is at or above it.",
)
@click.option(
    "--select", metavar="RULES", default="", callback=split_words, help="Only these: WA001,…"
)
@click.option("--ignore", metavar="RULES", default="", callback=split_words, help="All but these.")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="terminal", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def check(  # one parameter an option
    unguarded: bool,
    level: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    format_: str,
    as_json: bool,
    **_: Any,
) -> int:
    """Read the project at PATH (here by default): views, middleware, settings, how it is served.

    Its code is imported, nothing is served and no database asked. A finding is waived by a comment
    on its line: # whereasync: ignore[WA001]
    """
    from whereasync.advise import advise, choose
    from whereasync.project.opening import open_project

    rules = choose(select, ignore)
    home, _config = open_project(read_asked())
    go_inside(unguarded=unguarded)
    evidence = _gather(home)
    made = _review(evidence, advise(evidence, rules))
    show(made, "json" if as_json else format_)
    return FOUND if made.reaches(Level(level)) else 0


def show(review: Review, format_: str) -> None:
    """Print a review to stdout."""
    sys.stdout.write(_render(review, format_))
    sys.stdout.flush()


def _render(review: Review, format_: str) -> str:
    if format_ == "json":
        from whereasync import serial

        return serial.encode(review).decode()
    if format_ == "sarif":
        from whereasync.renderers import sarif

        return sarif.render(review)
    if format_ == "github":
        from whereasync.renderers import github

        return github.render(review)
    from whereasync.renderers import render
    from whereasync.reports.check import report

    return render(report(review), format_)


# ---------------------------------------------------------------- what is judged


def _gather(home: Home) -> Evidence:
    from whereasync.advise import gather
    from whereasync.processes import supervised
    from whereasync.project import settle_in
    from whereasync.project.texts import read_deployment, read_settings, read_tests

    with supervised() as supervisor:
        inventory = settle_in(home, supervisor).ask("inventory").inventory
    assert inventory is not None  # an answer without a fault has it
    is_async = any(view.is_called_async for route in inventory.routes for view in route.handlers)
    roots = (home.directory, *map(Path, home.paths))
    return gather(
        inventory,
        deployment=read_deployment(home.directory),
        settings=read_settings(home.settings, roots),
        tests=read_tests(home.directory) if is_async else (),
    )


def _review(evidence: Evidence, found: tuple[Finding, ...]) -> Review:
    from whereasync.advise import suppress
    from whereasync.advise.review import review
    from whereasync.project.texts import read_all

    files = read_all(Path(file) for file in dict.fromkeys(each.file for each in found) if file)
    standing, waived = suppress(found, {file.path: file for file in files})
    return review(evidence, standing, waived, base=str(Path.cwd()))
