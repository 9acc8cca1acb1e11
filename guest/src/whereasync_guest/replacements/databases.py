"""DATABASES that lead to ours, or nowhere. What isn't the address stays as the project has it.

A newcomer would give the driver our address and keep the rest: OPTIONS and the environment may name
another host, a service file or a role, and libpq prefers some of them.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from whereasync_guest.answer import GuestError

if TYPE_CHECKING:
    from whereasync_guest.replacements.overlay import Overlay

_SQLITE = "sqlite:///"
# OPTIONS that say where to connect, as whom, or with which files of the user's.
_ROUTING = {
    *("service", "passfile", "host", "hostaddr", "port", "user", "password", "dbname", "database"),
    *("dsn", "conninfo", "assume_role", "target_session_attrs", "channel_binding", "require_auth"),
    *("db", "passwd", "unix_socket", "read_default_file", "read_default_group", "requiressl"),
}
_ROUTING_PREFIXES = ("ssl", "gss", "krb")
_VARIABLES = ("PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGTARGETSESSIONATTRS")


def replace_databases(overlay: Overlay, dsns: dict[str, str]) -> None:
    """Lead each alias to its DSN, and one without a DSN nowhere: not even a file is opened."""
    for name in _VARIABLES:
        os.environ.pop(name, None)
    theirs: dict[str, Any] = overlay.read("DATABASES") or {}
    laid = {}
    for alias, setting in theirs.items():
        own = dict(setting)
        dsn = dsns.get(alias)
        laid[alias] = lead(own, dsn) if dsn else lead_nowhere(own, overlay)
        dropped = sorted(set(own.get("OPTIONS") or {}) - set(laid[alias].get("OPTIONS") or {}))
        if dsn and dropped:
            overlay.say(f"database “{alias}”: without its OPTIONS {', '.join(dropped)}")
    overlay.lay("DATABASES", laid)
    _forget_connections()


def verify_databases(dsns: dict[str, str]) -> None:
    """Raise GuestError if Django would ask anything but ours; nothing has been asked yet."""
    from django.db import connections

    for alias, found in connections.settings.items():
        ours = {lead({}, dsns[alias])["NAME"]} if alias in dsns else {":memory:", "nowhere", ""}
        if found["NAME"] not in ours:
            raise GuestError(
                f"the project's settings bring their own database “{alias}” back in",
                "look for what sets DATABASES once the settings are loaded",
            )


def lead(theirs: dict[str, Any], dsn: str) -> dict[str, Any]:
    """Return a setting that leads to a DSN: ``postgres://…`` or ``sqlite:///path``."""
    options = {key: value for key, value in (theirs.get("OPTIONS") or {}).items() if _stays(key)}
    if dsn.startswith(_SQLITE):
        if "attach" in str(options.get("init_command", "")).lower():
            del options["init_command"]
        return {**theirs, **_address(name=dsn[len(_SQLITE) :]), "OPTIONS": options}
    parts = urlsplit(dsn)
    said = dict(parse_qsl(parts.query))
    address = _address(
        name=unquote(parts.path[1:]),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=said.pop("host", "") or parts.hostname or "",
        port=said.pop("port", "") or str(parts.port or ""),
    )
    return {**theirs, **address, "OPTIONS": {**options, **said}}


def lead_nowhere(theirs: dict[str, Any], overlay: Overlay) -> dict[str, Any]:
    """Return a setting with the same engine that reaches nothing: what asks it gets an error.

    The engine stays, since projects look at it as they load.
    """
    engine = str(theirs.get("ENGINE", ""))
    if "sqlite" in engine or "spatialite" in engine:
        return {**theirs, **_address(name=":memory:"), "OPTIONS": {}}
    if any(word in engine for word in ("postg", "psql", "mysql")):
        nowhere = str(overlay.private / "nowhere")  # a socket's directory that doesn't exist
        # A pool would wait half a minute for its first connection.
        return {**theirs, **_address(name="nowhere", host=nowhere), "OPTIONS": {}}
    return {**theirs, **_address(), "ENGINE": "django.db.backends.dummy", "OPTIONS": {}}


def _stays(option: str) -> bool:
    return option not in _ROUTING and not option.startswith(_ROUTING_PREFIXES)


def _address(
    name: str = "", user: str = "", password: str = "", host: str = "", port: str = ""
) -> dict[str, str]:
    return {"NAME": name, "USER": user, "PASSWORD": password, "HOST": host, "PORT": port}


def _forget_connections() -> None:
    """Have Django read DATABASES anew, if settings that asked a database made it read them."""
    database = sys.modules.get("django.db")
    if database is None:
        return
    handler = database.connections
    read = handler.__dict__.pop("settings", None)
    handler._settings = None  # noqa: SLF001 # Django keeps them there as well
    for alias in read or ():
        with suppress(AttributeError):
            connection = getattr(handler._connections, alias)  # noqa: SLF001 # no other way
            connection.close()
            del handler[alias]
