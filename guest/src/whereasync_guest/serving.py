"""The application that a server is given: the project's own, or Django's where it names none.

The project's own is handed on as it is, so that whatever it does with ASGI's lifespan or with
websockets stays.
"""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING, Any

from whereasync_guest.answer import GuestError
from whereasync_guest.entering import enter
from whereasync_guest.order import read_order
from whereasync_guest.overriding import settle
from whereasync_guest.swapping import swap

TOLD = 5  # server errors a process

if TYPE_CHECKING:
    from collections.abc import Callable


def load(kind: str) -> Any:
    """Return the "asgi" or "wsgi" application of the order in the environment."""
    order = read_order()
    enter(order)
    application = find(getattr(order, kind)) or _default(kind)()
    tell_errors()
    swap(order.swaps)
    settle(order)  # whatever the application's module has brought with it
    return application


def tell_errors() -> None:
    """Write the first server errors to stderr: a project with DEBUG off mails them to nobody."""
    from django.core.signals import got_request_exception

    left = iter(range(TOLD))

    def tell(**_: Any) -> None:
        if next(left, None) is not None:
            traceback.print_exc()

    got_request_exception.connect(tell, weak=False)


def find(name: str) -> Any:
    """Return what "shop.asgi:application" or "shop.asgi.application" names; None for ""."""
    if not name:
        return None
    module, separator, attribute = name.partition(":")
    if not separator:
        module, _, attribute = name.rpartition(".")
    try:
        return getattr(import_module(module), attribute or "application")
    except AttributeError as error:
        raise GuestError(
            f"{module} has no “{attribute}”", "name the application: package.asgi:application"
        ) from error


def _default(kind: str) -> Callable[[], Any]:
    core = import_module(f"django.core.{kind}")
    made: Callable[[], Any] = getattr(core, f"get_{kind}_application")
    return made


def run_development_server(arguments: list[str]) -> None:
    """Run ``manage.py runserver``, which serves the application of this room like any server."""
    order = read_order()
    settings = enter(order).settings
    settings.WSGI_APPLICATION = "whereasync_guest.wsgi.application"
    if getattr(settings, "ASGI_APPLICATION", None):  # daphne's own command serves it
        settings.ASGI_APPLICATION = "whereasync_guest.asgi.application"
    from django.core.management import execute_from_command_line

    sys.argv = ["manage.py", "runserver", *arguments]
    execute_from_command_line(sys.argv)
