"""What the project is: its routes, its views, its middleware as Django builds it.

Whatever imports more of the project comes first, and counts as the project's own time. A newcomer
would count it as ours: half of a project is imported by its URLs.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from whereasync_guest.distributions import find_versions
from whereasync_guest.entry_points import find_entry
from whereasync_guest.middleware import observe_chain
from whereasync_guest.routes import find_routes, load_patterns

if TYPE_CHECKING:
    from whereasync_guest.entering import Entered
    from whereasync_guest.order import Order


def take_inventory(entered: Entered, order: Order) -> dict[str, Any]:
    """Return the host's ``Inventory`` as JSON has it.

    Raises GuestError where the URLs can't be loaded, or the middleware can't be built.
    """
    warnings: list[str] = []
    began = time.perf_counter()
    load_patterns()
    middleware = observe_chain(warnings)
    imported = time.perf_counter()
    found = {
        **entered.declared,
        "settings": order.settings,
        "versions": find_versions(order.overlay),
        "routes": find_routes(warnings),
        "middleware": middleware,
        "wsgi": find_entry(entered.settings, order.settings, "wsgi", warnings),
        "asgi": find_entry(entered.settings, order.settings, "asgi", warnings),
        "login_url": _find_login(entered.settings, warnings),
    }
    return {
        **found,
        "import_seconds": entered.seconds + imported - began,
        "walk_seconds": time.perf_counter() - imported,
        "warnings": warnings,
    }


def _find_login(settings: Any, warnings: list[str]) -> str:
    """Return the path of LOGIN_URL, which may be the name of a view."""
    from django.shortcuts import resolve_url

    if "/" in str(settings.LOGIN_URL):  # no name: spare Django the walk that reverse() needs
        return str(settings.LOGIN_URL)
    try:
        return str(resolve_url(settings.LOGIN_URL))
    except Exception as error:  # noqa: BLE001 # a view's name that isn't there, or anything
        warnings.append(f"LOGIN_URL names {settings.LOGIN_URL}, which is no path: {error}")
        return str(settings.LOGIN_URL)
