"""Makes a process of the project's interpreter the project: settings loaded, ours laid over them.

Everything that runs the project comes through ``enter``. What lies over the settings is laid there
before ``django.setup()``, since applications read them as they load.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from whereasync_guest.answer import GuestError
from whereasync_guest.declared import declare
from whereasync_guest.faults import say
from whereasync_guest.fence import install
from whereasync_guest.overriding import override, prepare_ground, settle
from whereasync_guest.places import FETCHED, GROUNDS
from whereasync_guest.services import is_database_missing

if TYPE_CHECKING:
    from whereasync_guest.order import Order


class Entered(NamedTuple):
    """A project that is set up."""

    settings: Any  # with ours over them
    declared: dict[str, Any]  # what its own said before
    said: list[str]  # what was replaced, to be said aloud
    seconds: float = 0.0  # of the project's own import and setup
    started: frozenset[threading.Thread] = frozenset()  # what it runs beside, from now on


_ENTERED: list[Entered] = []  # a server's launcher enters, and so does the application it imports


def enter(order: Order) -> Entered:
    """Load the settings, lay ours over them, and set Django up; once a process."""
    if not _ENTERED:
        _ENTERED.append(_enter(order))
    return _ENTERED[0]


def _enter(order: Order) -> Entered:
    install(order)  # first: settings call out as well
    prepare_ground(order)
    began = time.perf_counter()
    settings = load_settings(order)
    declared = declare(settings)
    said = override(settings, order)
    _set_up(order)
    seconds = time.perf_counter() - began
    said += settle(order)
    return Entered(settings, declared, said, seconds, frozenset(threading.enumerate()))


def find_started() -> frozenset[threading.Thread] | None:
    """Return the threads that were there once the project was entered; None if it never was."""
    return _ENTERED[0].started if _ENTERED else None


def _set_up(order: Order) -> None:
    import django

    try:
        django.setup()
    except Exception as error:
        if order.databases or not is_database_missing(error):
            raise
        raise GuestError(
            f"the project asks its database while it starts: {say(error)}",
            "catch OperationalError and ProgrammingError there: migrate would fail there too",
        ) from error


def add_paths(order: Order) -> None:
    """Put the project's paths before the interpreter's own, and the overlay of servers after."""
    sys.path[:0] = [path for path in order.paths if path not in sys.path]
    sys.path += [path for path in order.overlay if path not in sys.path]
    GROUNDS[:] = [_close(path) for path in order.paths if "-packages" in path]
    FETCHED[:] = [_close(path) for path in order.overlay]


def _close(directory: str) -> str:
    return directory.rstrip(os.sep) + os.sep


def load_settings(order: Order) -> Any:
    """Return the project's settings, loaded but nothing set up."""
    add_paths(order)
    os.environ["DJANGO_SETTINGS_MODULE"] = order.settings
    try:
        conf = importlib.import_module("django.conf")
    except ImportError as error:
        raise GuestError(
            f"the interpreter {sys.executable} has no Django: {error}",
            "name the project's interpreter: --python",
        ) from error
    if os.environ.get("DJANGO_CONFIGURATION") and find_spec("configurations"):
        importlib.import_module("configurations.importer").install()
    conf.settings.INSTALLED_APPS  # noqa: B018 # loads them
    return sys.modules["django.conf"].settings  # dynaconf has put its own there meanwhile
