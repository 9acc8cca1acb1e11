"""Makes a process of the project's interpreter the project: settings loaded, ours laid over them.

Everything that runs the project comes through ``enter``. What lies over the settings is laid there
before ``django.setup()``, since applications read them as they load.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from whereasync_guest.answer import GuestError
from whereasync_guest.declared import declare
from whereasync_guest.fence import install
from whereasync_guest.overriding import override

if TYPE_CHECKING:
    from whereasync_guest.order import Order


class Entered(NamedTuple):
    """A project that is set up."""

    settings: Any  # with ours over them
    declared: dict[str, Any]  # what its own said before
    seconds: float = 0.0  # of the project's own import and setup


def enter(order: Order) -> Entered:
    """Load the settings, lay ours over them, and set Django up."""
    began = time.perf_counter()
    install(order)  # first: settings call out as well
    settings = load_settings(order)
    declared = declare(settings)
    override(settings, order)
    import django

    django.setup()
    return Entered(settings, declared, time.perf_counter() - began)


def load_settings(order: Order) -> Any:
    """Return the project's settings, loaded but nothing set up."""
    sys.path[:0] = [path for path in order.paths if path not in sys.path]
    sys.path += [path for path in order.overlay if path not in sys.path]
    os.environ["DJANGO_SETTINGS_MODULE"] = order.settings
    try:
        conf = importlib.import_module("django.conf")
    except ImportError as error:
        raise GuestError(
            f"the interpreter {sys.executable} has no Django: {error}",
            "name the project's interpreter: --python",
        ) from error
    conf.settings.INSTALLED_APPS  # noqa: B018 # loads them
    return conf.settings  # some configuration packages have replaced it meanwhile
