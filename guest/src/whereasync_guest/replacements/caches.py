"""CACHES that nobody else shares: a Redis of the user's, a local one too, must see nothing.

A cache that holds sessions must be known to the next process too: whoever is logged in here, by
``prepare``, is asked for by a server that starts later. So that one is written down.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from whereasync_guest.replacements.overlay import Overlay

_DJANGO = "django.core.cache.backends."
_LOCAL = f"{_DJANGO}locmem.LocMemCache"
_FILES = f"{_DJANGO}filebased.FileBasedCache"
_STAYING = (f"{_DJANGO}dummy.DummyCache", f"{_DJANGO}db.DatabaseCache")
_IN_CACHE = ("django.contrib.sessions.backends.cache", "django.contrib.sessions.backends.cached_db")
_COMMON = ("TIMEOUT", "KEY_PREFIX", "VERSION", "KEY_FUNCTION")


class WrittenCache(LocMemCache):  # type: ignore[misc] # Django has no types
    """A cache in memory that begins with what ``write`` kept of it; its name is a file's path."""

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        """Read the file, unless this process did already."""
        super().__init__(name, params)
        self.path = Path(name)
        with self._lock:
            if not self._cache and self.path.exists():
                held, expire = pickle.loads(self.path.read_bytes())  # noqa: S301 # ours
                self._cache.update(held)
                self._expire_info.update(expire)

    def write(self) -> None:
        """Keep what it holds for the processes to come."""
        with self._lock:
            held = pickle.dumps((dict(self._cache), dict(self._expire_info)))
        self.path.write_bytes(held)


def replace_caches(overlay: Overlay) -> None:
    """Make every cache private; what another process would share becomes this one's memory."""
    sessions = ""
    if overlay.read("SESSION_ENGINE") in _IN_CACHE:
        sessions = overlay.read("SESSION_CACHE_ALIAS", "default")
    theirs: dict[str, Any] = overlay.read("CACHES") or {}
    laid = {}
    for alias, setting in theirs.items():
        laid[alias] = _replace(alias, dict(setting), overlay)
        if alias == sessions and laid[alias]["BACKEND"] == _LOCAL:
            path = Path(overlay.make("caches")) / f"{alias}.pickle"
            name = f"{WrittenCache.__module__}.{WrittenCache.__name__}"
            laid[alias] = {**laid[alias], "BACKEND": name, "LOCATION": str(path)}
    overlay.lay("CACHES", laid)


def _replace(alias: str, theirs: dict[str, Any], overlay: Overlay) -> dict[str, Any]:
    backend = str(theirs.get("BACKEND", ""))
    if backend in _STAYING or backend == _LOCAL or _is_private(backend):
        return theirs
    if backend == _FILES:
        return {**theirs, "LOCATION": overlay.make("caches", alias)}
    overlay.say(
        f"cache “{alias}”: each process's own memory instead of {backend.rpartition('.')[2]}"
    )
    common = {key: theirs[key] for key in _COMMON if key in theirs}
    return {**common, "BACKEND": _LOCAL, "LOCATION": f"whereasync-{alias}"}


def _is_private(backend: str) -> bool:
    """Tell whether a backend of the project's own holds nothing, or holds it in memory.

    Only one whose name says so is imported: others may open connections as they are.
    """
    if not re.search("dummy|locmem", backend.rpartition(".")[2], re.IGNORECASE):
        return False
    try:
        kind = import_string(backend)
    except Exception:  # noqa: BLE001 # whatever its module does: it is replaced, then
        return False
    return isinstance(kind, type) and issubclass(kind, (DummyCache, LocMemCache))


def write_caches() -> None:
    """Keep the caches that hold sessions, for the servers that start later."""
    from django.core.cache import caches

    for cache in caches.all():
        if isinstance(cache, WrittenCache):
            cache.write()
