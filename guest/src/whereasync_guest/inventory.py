"""What the project is: its routes, its views, its middleware as Django builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whereasync_guest.entering import Entered
    from whereasync_guest.order import Order


def take_inventory(entered: Entered, order: Order) -> dict[str, Any]:
    """Return the host's ``Inventory`` as JSON has it."""
    return {
        **entered.declared,
        "settings": order.settings,
        "versions": {},
        "routes": [],
        "middleware": [],
        "sessions": "",
        "email": "",
        "installed_apps": [],
    }
