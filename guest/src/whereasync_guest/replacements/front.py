"""What would turn away a client that asks over plain HTTP on the loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whereasync_guest.replacements.overlay import Overlay

_LOOPBACK = ("127.0.0.1", ".localhost")  # as Django has it where DEBUG is on


def open_front(overlay: Overlay) -> None:
    """Let the loopback's names in, and answer plain HTTP where it stands."""
    hosts = list(overlay.read("ALLOWED_HOSTS") or [])
    if "*" not in hosts:
        overlay.lay("ALLOWED_HOSTS", [*hosts, *(each for each in _LOOPBACK if each not in hosts)])
    if overlay.read("SECURE_SSL_REDIRECT"):
        overlay.lay(
            "SECURE_SSL_REDIRECT", False, "SECURE_SSL_REDIRECT is off: requests are plain HTTP"
        )
