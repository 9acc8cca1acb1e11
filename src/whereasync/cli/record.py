"""``whereasync record``: one pass over the project's outbound calls, with consent."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from whereasync.cli.options import format_options
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from whereasync.bench.recording import Passage
    from whereasync.model import RecordedPass, Request
    from whereasync.processes import Supervisor

    Plan = Callable[[Supervisor], AbstractContextManager[Passage]]

NAME = "calls"
INTERRUPTED = 130
CONSENT = """\
This makes real calls. Each of the project's requests ({count}) is asked once, one after another,
and whatever its code sends by HTTP really goes out, with its real keys, a POST as well as a GET.
Which services those are is seen only then; one with a declared stand-in isn't called. The database
is a private one, nothing is put under load, and credentials are masked in what is kept."""


def record_calls(
    plan: Plan,
    requests: tuple[Request, ...],
    project: Path,
    *,
    name: str = NAME,
    consents: bool = False,
    is_quiet: bool = False,
    format_: str = "terminal",
) -> int:
    """Ask for consent, make the pass, show it, and return the exit code.

    ``plan`` prepares the project privately while its context lasts. 3 where calls are missing
    from the recording, 130 where it was interrupted.
    """
    from whereasync.upstreams import recordings
    from whereasync.upstreams.company import require_extra

    require_extra()
    file = recordings.locate(project, name)
    if not requests:
        raise BadInputError("there is no request to ask", "whereasync init")
    if not consents:
        _ask(len(requests), file)
    found = _make(plan, file, is_quiet=is_quiet)
    _show(found, format_)
    if not found.is_whole:
        return INTERRUPTED
    return 3 if found.account.unanswered or found.account.refusals else 0


def _ask(count: int, file: Path) -> None:
    click.echo(CONSENT.format(count=count), err=True)
    if file.exists():
        click.echo(f"{file} is replaced.", err=True)
    if not sys.stdin.isatty():
        raise BadInputError("nobody is there to agree to real calls", "whereasync record --yes")
    if not click.confirm("Make them?", err=True):
        raise click.Abort


def _make(plan: Plan, file: Path, *, is_quiet: bool) -> RecordedPass:
    from datetime import UTC, datetime

    from whereasync.bench.recording import record
    from whereasync.processes import supervised

    def tell(request: Request) -> None:
        if not is_quiet:
            click.echo(f"{request.method} {request.path}", err=True)

    with supervised() as supervisor, plan(supervisor) as passage:
        return record(passage, supervisor, file, datetime.now(UTC), tell)


def _show(found: RecordedPass, format_: str) -> None:
    from whereasync import serial
    from whereasync.renderers import render
    from whereasync.reports.recording import report

    if format_ == "json":
        sys.stdout.write(serial.encode(found).decode())
    else:
        sys.stdout.write(render(report(found), format_))


@click.command()
@click.option("--name", default=NAME, show_default=True, help="What to call the recording.")
@click.option("--yes", is_flag=True, help="Agree to real calls.")
@click.option("--quiet", is_flag=True, help="No progress, only the result.")
@format_options
def record(name: str, yes: bool, quiet: bool, format_: str, as_json: bool) -> int:
    """Call the project's real services once, and keep their answers and times as stand-ins.

    Each request of the project is asked once, one after another: never load.
    """
    plan, requests, project = find_project()
    return record_calls(
        plan,
        requests,
        project,
        name=name,
        consents=yes,
        is_quiet=quiet,
        format_="json" if as_json else format_,
    )


def find_project() -> tuple[Plan, tuple[Request, ...], Path]:
    """Return how the project here is prepared, what is asked of it, and where it lives.

    The seam to configuration and preparation, which this command gets with them.
    """
    raise BadInputError("there is no project here that can be recorded yet", "whereasync doctor")
