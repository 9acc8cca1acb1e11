"""What the project's own settings say, taken before ours are laid over them.

No password leaves here: an answer is a file. A newcomer would look for passwords under PASSWORD
alone, and give away those in the URL of a cache.
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

_KNOWN = {
    "postgresql": "postgresql",
    "postgis": "postgresql",
    "sqlite3": "sqlite",
    "spatialite": "sqlite",
    "mysql": "mysql",
    "oracle": "oracle",
}
_BACKEND = re.compile(r"django\.(?:contrib\.gis\.)?db\.backends\.(\w+)(?:\.base)?")
_USERINFO = re.compile(r"(?<=://)\S*@")  # up to the last @: a password may hold one itself
_SECRET = re.compile(
    r"(?i)(\b\w*(?:pass|passwd|password|pwd|secret|token)\s*=\s*)('[^']*'|[^\s&;,]+)"
)


def declare(settings: Any) -> dict[str, Any]:
    """Return the fields of the host's ``Inventory`` that settings alone decide; no password."""
    apps = [str(app) for app in settings.INSTALLED_APPS]
    return {
        "databases": [declare_database(*each) for each in (settings.DATABASES or {}).items()],
        "caches": [declare_cache(*each) for each in (settings.CACHES or {}).items()],
        "sessions": settings.SESSION_ENGINE if _has_sessions(settings, apps) else "",
        "email": str(settings.EMAIL_BACKEND),
        "installed_apps": apps,
        "is_debug": bool(settings.DEBUG),
        "hosts": [str(host) for host in settings.ALLOWED_HOSTS or ()],
        "session_cookie": str(settings.SESSION_COOKIE_NAME),
        "csrf_cookie": str(settings.CSRF_COOKIE_NAME),
    }


def _has_sessions(settings: Any, apps: list[str]) -> bool:
    named = (app == "django.contrib.sessions" or "sessions.apps." in app for app in apps)
    return any(named) or any(name.endswith("SessionMiddleware") for name in settings.MIDDLEWARE)


def declare_database(alias: str, told: dict[str, Any]) -> dict[str, Any]:
    """Return one entry of DATABASES, as the host's ``DatabaseSetting`` has it."""
    engine = str(told.get("ENGINE") or "")
    vendor = find_vendor(engine)
    options = told.get("OPTIONS") or {}
    return {
        "alias": alias,
        "engine": engine,
        "vendor": vendor,
        "name": _name_database(told.get("NAME"), vendor),
        "host": scrub(str(told.get("HOST") or "")),
        "port": str(told.get("PORT") or ""),
        "user": str(told.get("USER") or ""),
        "conn_max_age": _as_seconds(told.get("CONN_MAX_AGE", 0)),
        "is_atomic": bool(told.get("ATOMIC_REQUESTS", False)),
        "has_pool": bool(options.get("pool")) or "pool" in engine,
        "mirror": str((told.get("TEST") or {}).get("MIRROR") or ""),
    }


def find_vendor(engine: str) -> str:
    """Return which of Django's vendors an engine is, or is made from; else "unknown"."""
    if match := _BACKEND.fullmatch(engine):
        return _KNOWN.get(match[1], "unknown")
    try:
        kind = import_module(f"{engine}.base").DatabaseWrapper
        names = [_BACKEND.fullmatch(each.__module__) for each in kind.__mro__]
        return next(_KNOWN[name[1]] for name in names if name and name[1] in _KNOWN)
    except Exception:  # noqa: BLE001 # its driver may be missing: its name must do
        words = re.split(r"[._]", engine)
        return next((vendor for word, vendor in _KNOWN.items() if word in words), "unknown")


def _name_database(name: Any, vendor: str) -> str:
    text = scrub(os.fspath(name) if isinstance(name, os.PathLike) else str(name or ""))
    is_file = vendor == "sqlite" and text and text != ":memory:" and not text.startswith("file:")
    return str(Path(text).absolute()) if is_file else text


def _as_seconds(told: Any) -> float | None:
    if told is None:
        return None
    try:
        return float(told)
    except (TypeError, ValueError):
        return 0.0


def declare_cache(alias: str, told: dict[str, Any]) -> dict[str, Any]:
    """Return one entry of CACHES, as the host's ``CacheSetting`` has it."""
    location = told.get("LOCATION") or ""
    several = location if isinstance(location, (list, tuple)) else [location]
    return {
        "alias": alias,
        "backend": str(told.get("BACKEND") or ""),
        "location": ", ".join(scrub(str(each)) for each in several),
    }


def scrub(text: str) -> str:
    """Return a location without the users, passwords and tokens in it."""
    return _SECRET.sub(r"\1…", _USERINFO.sub("", text))
