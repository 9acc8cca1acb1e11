"""Sessions in a private place. Those in the database or in a cache follow these."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whereasync_guest.replacements.overlay import Overlay

_DJANGO = "django.contrib.sessions.backends."
_SERVICES = ("redis", "memcache", "mongo", "dynamo")


def replace_sessions(overlay: Overlay) -> None:
    """Move files of sessions to a private directory, and a service's into our database."""
    engine = str(overlay.read("SESSION_ENGINE", ""))
    if engine == f"{_DJANGO}file":
        overlay.lay("SESSION_FILE_PATH", overlay.make("sessions"))
    elif any(service in engine.lower() for service in _SERVICES):
        overlay.lay(
            "SESSION_ENGINE", f"{_DJANGO}db", f"sessions: in the database instead of {engine}"
        )
