"""The one door: arguments in, text and an exit code out.

Errors end here as one line and a next step. Whatever starts slowly (numpy, rich's tables, the
database driver) is imported by the command that needs it, so that any command starts at once.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import traceback
from typing import Any

import click

from whereasync import __version__, interrupts
from whereasync.cli.check import check
from whereasync.cli.demo import demo
from whereasync.cli.doctor import doctor
from whereasync.cli.emulation import test_client
from whereasync.cli.idle import idle
from whereasync.cli.init import init
from whereasync.cli.leaving import leaving
from whereasync.cli.map import map_
from whereasync.cli.orm import orm
from whereasync.cli.race import race
from whereasync.cli.record import record
from whereasync.cli.report import report
from whereasync.cli.selfcheck import selfcheck
from whereasync.cli.streaming import streaming
from whereasync.errors import WhereAsyncError

INTERRUPTED = 130
# What our text is made of beyond ASCII, where stdout can't take it (PYTHONIOENCODING, LC_ALL).
PLAIN = str.maketrans(
    {"×": "x", "÷": "/", "–": "-", "−": "-", "±": "+/-", "≤": "<=", "≥": ">=", "µ": "u", "…": "..."}
    | {"✓": "+", "✗": "x"}
    | {"▲": "+", "▼": "-", "≈": "="}
    | {"“": '"', "”": '"', "─": "-", "│": "|", "●": "o", "·": ".", "├": "|", "┤": "|", "²": "^2"}
)
LOG_LINES = 8


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="whereasync")
@click.pass_context
def app(context: click.Context) -> None:
    """Tell, view by view, whether async would pay, by how much, and what to change."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (check, demo, doctor, init, map_, race, record, report, selfcheck):
    app.add_command(command)
for question in (idle, leaving, orm, streaming, test_client):
    demo.add_command(question)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: see docs/architecture.md for the codes."""
    if sys.platform == "win32":
        _say("whereasync does not run on Windows yet", "use WSL 2", "")
        sys.exit(2)
    _make_printable()
    interrupts.heed()
    try:
        code = _run(arguments)
    except Exception:  # noqa: BLE001 # Python's own exit code would be 1, which is a verdict here
        traceback.print_exc()
        _say("this is a defect of whereasync", "report it with the lines above", "")
        code = 3
    sys.exit(code)


def _make_printable() -> None:
    """Write what a terminal's encoding lacks in ASCII: a report is worth more than its signs."""

    def spell(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeEncodeError)
        missing = error.object[error.start : error.end].translate(PLAIN)
        return missing.encode("ascii", "replace").decode("ascii"), error.end

    codecs.register_error("spell", spell)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="spell")


def _run(arguments: list[str] | None) -> int:
    try:
        # Not app.main(): it takes a reader that left for exit code 1, which here means findings.
        given = sys.argv[1:] if arguments is None else arguments
        with app.make_context("whereasync", given) as context:
            code: Any = app.invoke(context)
    except click.exceptions.Exit as left:  # --help and --version
        return left.exit_code
    except WhereAsyncError as error:
        _say(error.what, error.hint, error.log)
        return error.exit_code
    except click.ClickException as error:
        asked = getattr(error, "ctx", None)
        command = asked.command_path if asked else "whereasync"
        _say(error.format_message(), f"{command} --help", "")
        return 2
    except (KeyboardInterrupt, click.Abort):
        click.echo("whereasync: interrupted", err=True)
        return INTERRUPTED
    except OSError as error:
        return _lose_output(error)
    return code if isinstance(code, int) else 0


def _lose_output(error: OSError) -> int:
    """Say that nobody gets our output, unless the reader has left, as ``| head`` does."""
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
        return 0
    _say(f"the output can't be written: {error.strerror}", "df -h", "")
    return 3


def _say(what: str, hint: str, log: str) -> None:
    click.echo(f"whereasync: {what}", err=True)
    for line in log.splitlines()[-LOG_LINES:]:
        click.echo(f"  | {line}", err=True)
    if hint:
        click.echo(f"  try: {hint}", err=True)
