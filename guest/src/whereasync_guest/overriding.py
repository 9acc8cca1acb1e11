"""What lies over the project's settings, so that nothing of the user's is written or reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whereasync_guest.order import Order


def override(settings: Any, order: Order) -> None:
    """Replace databases, caches, sessions and e-mail in loaded settings."""
