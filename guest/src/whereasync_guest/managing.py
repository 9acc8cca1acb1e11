"""Runs the project's management commands, with ours laid over its settings.

A command's own error is one line, and so is a migration's, which is named: Django's traceback
passes through no file of the project's where plain SQL failed.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from whereasync_guest.answer import GuestError
from whereasync_guest.faults import say
from whereasync_guest.services import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BY_HAND = "try it by hand on an empty database: python manage.py {}"


def migrate(aliases: Sequence[str]) -> None:
    """Migrate each of those databases, and make the tables of caches that live in them."""
    for alias in aliases:
        manage(["migrate", "--noinput", f"--database={alias}"])
        manage(["createcachetable", f"--database={alias}"])


def manage(arguments: Sequence[str]) -> None:
    """Run one command as ``manage.py`` would; GuestError, with its own words, if it fails."""
    from django.core.management import call_command, get_commands

    name, *rest = arguments
    if name not in (known := get_commands()):
        near = difflib.get_close_matches(name, known, n=1)
        raise GuestError(
            f"the project has no management command “{name}”",
            f"did you mean {near[0]}?" if near else "python manage.py help lists them",
        )
    _run(lambda: call_command(name, *rest), " ".join(arguments))


def _run(command: Callable[[], Any], name: str) -> None:
    try:
        command()
    except SystemExit as error:
        if error.code not in {None, 0}:
            raise GuestError(
                f"{name} ended with code {error.code}", _BY_HAND.format(name)
            ) from error
    except Exception as error:
        culprit = find_migration(error)
        what, hint = explain(error) or (_say(error), _BY_HAND.format(name))
        doing = f"the migration {culprit}" if culprit else name
        raise GuestError(f"{doing} failed: {what}", _hint(what) or hint) from error


def _say(error: Exception) -> str:
    from django.core.management import CommandError

    if isinstance(error, CommandError):  # its words are for readers already
        return next(iter(str(error).strip().splitlines()), type(error).__name__)
    return say(error)


def _hint(what: str) -> str:
    if "extension" in what and ("not available" in what or "control file" in what):
        return 'name a PostgreSQL that has it: database = "postgres://…"'
    if "permission denied" in what or "must be superuser" in what:
        return "give that role the right, or leave database out to use an embedded PostgreSQL"
    return ""


def find_migration(error: BaseException) -> str:
    """Return the migration that was being applied: "shop.0002_prices"; "" if none was."""
    from django.db.migrations import Migration

    trace, found = error.__traceback__, ""
    while trace:
        held = trace.tb_frame.f_locals.get("migration")
        if isinstance(held, Migration):
            found = str(held)
        trace = trace.tb_next
    return found
