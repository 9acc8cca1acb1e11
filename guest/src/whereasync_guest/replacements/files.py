"""Files that the project would write: uploads, logs. They go to a private directory.

Logs are redirected where they are opened, and not in LOGGING: some settings open theirs by
themselves, as they are imported, and an earlier log would be truncated by then.
"""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whereasync_guest.replacements.overlay import Overlay

_STORAGE = "django.core.files.storage"
_SENDING = ("SysLogHandler", "SMTPHandler", "SocketHandler", "DatagramHandler", "HTTPHandler")
_KEPT = ("level", "filters", "formatter")


def redirect_logs(private: str) -> None:
    """Have every log file from now on opened below the private directory, by its own name."""
    if hasattr(logging.FileHandler.__init__, "__wrapped__"):
        return
    directory = Path(private) / "logs"
    directory.mkdir(parents=True, exist_ok=True)
    original = logging.FileHandler.__init__

    @functools.wraps(original)
    def init(self: logging.FileHandler, filename: Any, *arguments: Any, **options: Any) -> None:
        device = str(filename).startswith("/dev/")  # /dev/stdout is no file of the user's
        name = filename if device else directory / Path(filename).name
        original(self, name, *arguments, **options)

    logging.FileHandler.__init__ = init  # type: ignore[method-assign]


def replace_files(overlay: Overlay) -> None:
    """Have uploads written to a private directory, and no log sent to a service."""
    had = overlay.read("MEDIA_ROOT")
    said = "uploads: MEDIA_ROOT is an empty directory of whereasync's, yours isn't read or written"
    overlay.lay("MEDIA_ROOT", overlay.make("media"), said if had else "")
    if overlay.read("FILE_UPLOAD_TEMP_DIR"):
        overlay.lay("FILE_UPLOAD_TEMP_DIR", overlay.make("uploads"))
    if overlay.has("STORAGES"):
        storages = overlay.read("STORAGES")
        laid = {alias: _move(alias, dict(each), overlay) for alias, each in storages.items()}
        overlay.lay("STORAGES", laid)
    _silence_senders(overlay)


def _move(alias: str, storage: dict[str, Any], overlay: Overlay) -> dict[str, Any]:
    options = dict(storage.get("OPTIONS") or {})
    is_files = str(storage.get("BACKEND", "")).startswith(_STORAGE)
    if not is_files or alias == "staticfiles" or "location" not in options:
        return storage  # static files are only read by a server
    overlay.say(f"uploads: storage “{alias}” is an empty directory of whereasync's")
    return {**storage, "OPTIONS": {**options, "location": overlay.make("storages", alias)}}


def _silence_senders(overlay: Overlay) -> None:
    config = overlay.read("LOGGING")
    if not isinstance(config, dict) or not config.get("handlers"):
        return
    handlers = {}
    for name, each in config["handlers"].items():
        handlers[name] = handler = dict(each)
        if str(handler.get("class", "")).endswith(_SENDING):
            overlay.say(f"logging: handler “{name}” sends nothing")
            handlers[name] = {key: handler[key] for key in _KEPT if key in handler}
            handlers[name]["class"] = "logging.NullHandler"
    overlay.lay("LOGGING", {**config, "handlers": handlers})
