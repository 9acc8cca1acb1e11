"""E-mail to nowhere, and messages between processes in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whereasync_guest.replacements.overlay import Overlay

_NOWHERE = "django.core.mail.backends.dummy.EmailBackend"
_IN_MEMORY = "channels.layers.InMemoryChannelLayer"


def replace_mail(overlay: Overlay) -> None:
    """Have no e-mail sent. Where MAILERS is set (Django 6.1), EMAIL_BACKEND may not be."""
    overlay.say("e-mail: goes nowhere")
    if overlay.has("MAILERS"):
        overlay.lay("MAILERS", {alias: {"BACKEND": _NOWHERE} for alias in overlay.read("MAILERS")})
    else:
        overlay.lay("EMAIL_BACKEND", _NOWHERE)


def replace_channels(overlay: Overlay) -> None:
    """Have channel layers keep to their process."""
    layers: dict[str, Any] = overlay.read("CHANNEL_LAYERS") or {}
    others = [alias for alias, each in layers.items() if each.get("BACKEND") != _IN_MEMORY]
    if others:
        overlay.lay(
            "CHANNEL_LAYERS",
            {alias: {"BACKEND": _IN_MEMORY} for alias in layers},
            f"channel layers: in each process's memory ({', '.join(others)})",
        )
