"""``whereasync doctor``: says what is missing, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.options import format_options
from whereasync.cli.project import project_argument, project_options, read_asked

if TYPE_CHECKING:
    from whereasync.project.examining import LookAtRequests, LookAtSystem

SYSTEM: tuple[LookAtSystem, ...] = ()  # the guard's look comes here
REQUESTS: tuple[LookAtRequests, ...] = ()  # … and the dry run


@click.command()
@project_argument
@project_options
@format_options
def doctor(format_: str, as_json: bool, **_: Any) -> int:
    """Say what the project in PATH, or here, lacks to be measured, and the command that mends it.

    Nothing is changed. Exit code 1 if something is missing.
    """
    import sys

    from whereasync import serial
    from whereasync.project.examining import examine

    diagnosis = examine(read_asked(), SYSTEM, REQUESTS)
    if as_json or format_ == "json":
        sys.stdout.write(serial.encode(diagnosis).decode())
    else:
        from whereasync.renderers import render
        from whereasync.reports.doctor import report

        sys.stdout.write(render(report(diagnosis), format_))
    return 1 if diagnosis.missing else 0
