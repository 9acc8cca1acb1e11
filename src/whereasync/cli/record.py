"""``whereasync record``: one pass over the project's outbound calls, with consent.

The order matters: a supervisor stays outside, where it runs what reaches the real services; then
this process goes inside, makes the project ready there, and only then asks for consent.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.measuring import shorten_path
from whereasync.cli.options import format_options
from whereasync.cli.own import find_packages, go_inside, lay_over, open_own
from whereasync.cli.project import project_options
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from whereasync.bench.recording import Passage
    from whereasync.cli.own import Opened
    from whereasync.guard import Guard
    from whereasync.model import RecordedPass, Request
    from whereasync.upstreams.company import Wanted

    Plan = Callable[[], AbstractContextManager[Passage]]

NAME = "calls"
ARM = "gunicorn,threads=1"  # one request after another
INTERRUPTED = 130
CONSENT = """\
This makes real calls. Your project is asked, one request after another:
{requests}
Whatever its code sends by HTTP meanwhile really goes out, with its real keys,
a POST as well as a GET. Which services those are is seen only then; one with a
declared stand-in isn't called. The database is a private one, nothing is put
under load, and credentials are masked in what is kept."""
DECLINED = "Nothing was called."


def record_calls(
    plan: Plan,
    project: Path,
    *,
    name: str = NAME,
    consents: bool = False,
    is_quiet: bool = False,
    format_: str = "terminal",
) -> int:
    """Ask for consent, make the pass, show it, and return the exit code.

    ``plan`` takes this process inside and has the project ready while its context lasts. 3 where
    calls are missing from the recording, 130 where it was interrupted; 0 for a no, too.
    """
    from whereasync.upstreams import recordings
    from whereasync.upstreams.company import require_extra

    require_extra()
    file = recordings.locate(project, name)
    if not consents and not sys.stdin.isatty():
        raise BadInputError("nobody is there to agree to real calls", "whereasync record --yes")
    found = _make(plan, file, consents=consents, is_quiet=is_quiet)
    if found is None:
        click.echo(DECLINED, err=True)
        return 0
    _show(found, format_)
    if not found.is_whole:
        return INTERRUPTED
    return 3 if found.account.unanswered or found.account.refusals else 0


def _make(plan: Plan, file: Path, *, consents: bool, is_quiet: bool) -> RecordedPass | None:
    """Make the pass; None where nobody agreed to it."""
    from datetime import UTC, datetime

    from whereasync.processes import supervised

    def say(what: str) -> None:
        if not is_quiet:
            click.echo(what, err=True)

    def tell(request: Request) -> None:
        say(f"{request.method} {request.path}")

    say("Making the project ready on data of ours …")
    with supervised() as outside, plan() as passage:
        from whereasync.bench.recording import record  # not before: numpy starts threads

        if not passage.requests:
            raise BadInputError("there is no request to ask", "whereasync init")
        if not consents and not _ask(passage.requests, file):
            return None
        return record(passage, outside, file, datetime.now(UTC), tell)


def _ask(requests: tuple[Request, ...], file: Path) -> bool:
    lines = [f"  {each.method} {each.path}" for each in requests]  # all: that is agreed to
    click.echo(CONSENT.format(requests="\n".join(lines)), err=True)
    if file.exists():
        click.echo(f"{shorten_path(file)} is replaced.", err=True)
    return click.confirm("Make them?", err=True)


def _show(found: RecordedPass, format_: str) -> None:
    from whereasync import serial
    from whereasync.renderers import render
    from whereasync.reports.recording import report

    if format_ == "json":
        sys.stdout.write(serial.encode(found).decode())
    else:
        file = str(shorten_path(Path(found.file))) if found.file else ""
        sys.stdout.write(render(report(replace(found, file=file)), format_))


# ---------------------------------------------------------------- the project


def plan_own(opened: Opened, wanted: Wanted, user: str = "") -> Plan:
    """Return how the user's project is made ready; what it lacks is fetched now.

    ``wanted`` are its stand-ins while it is recorded, and ``user`` asks for what names nobody.
    """
    from whereasync.servers.table import parse_arm_server

    arm = parse_arm_server(ARM)
    overlay = lay_over(opened, [arm])

    @contextmanager
    def plan() -> Iterator[Passage]:
        guard = _enter(opened, wanted)
        from whereasync.bench.own import OwnSetting  # not before: numpy starts threads
        from whereasync.bench.passage import make_ready

        recipes = opened.config.requests
        users = (user, *(opened.find_user(each.user) for each in recipes if each.user))
        setting = OwnSetting(
            home=opened.home,
            config=opened.config,
            recipes=recipes,
            users=tuple(dict.fromkeys(filter(None, users))),
            overlay=overlay,
            database=guard.urls[0] if guard.urls else opened.config.database or None,
            guard=guard,
            stand_ins=wanted if wanted.stand_ins.declared else None,
        )
        with make_ready(setting, wanted, arm, user) as passage:
            yield passage

    return plan


def _enter(opened: Opened, wanted: Wanted) -> Guard:
    from whereasync.guard.obstacles import UNGUARDED

    try:
        return go_inside(unguarded=False, database=opened.config.database or None, stand_ins=wanted)
    except BadInputError as error:
        hint = error.hint.replace(UNGUARDED, "declare what is called in [stand-ins]")
        raise BadInputError(error.what, hint) from error


def find_wanted(opened: Opened) -> Wanted:
    """Return which services aren't called, since they are declared; no recording is replayed."""
    from whereasync.upstreams.company import Wanted
    from whereasync.upstreams.declared import read_stand_ins

    declared = read_stand_ins(opened.config.stand_ins, Path(opened.config.home))
    return Wanted(
        stand_ins=declared,
        theirs=opened.home.environment,
        paths=find_packages(opened.home.python),
    )


@click.command()
@click.option("--name", metavar="NAME", help=f"What to call the recording.  [default: {NAME}]")
@click.option("--yes", is_flag=True, help="Agree to real calls.")
@click.option(
    "--as", "user", metavar="NAME", default="", help="Ask as this user what names none itself."
)
@click.option("--unguarded", is_flag=True, hidden=True)
@project_options
@click.option("--quiet", is_flag=True, help="No progress, only the result.")
@format_options
def record(  # a command has that many options
    *,
    name: str | None,
    yes: bool,
    user: str,
    unguarded: bool,
    quiet: bool,
    format_: str,
    as_json: bool,
    **_: Any,
) -> int:
    """Call the project's real services once, and keep their answers and times as stand-ins.

    Each configured request and each GET route without parameters is asked once, one after another:
    never load. whereasync race then replays the recording by itself.
    """
    if unguarded:
        raise BadInputError(
            "recording needs a network of its own, in which every name leads to whereasync",
            "leave out --unguarded",
        )
    opened = open_own()
    wanted = find_wanted(opened)
    return record_calls(
        plan_own(opened, wanted, opened.find_user(user)),
        Path(opened.config.home),
        name=name or wanted.stand_ins.recording or NAME,
        consents=yes,
        is_quiet=quiet,
        format_="json" if as_json else format_,
    )
