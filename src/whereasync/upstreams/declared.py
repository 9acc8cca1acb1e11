"""Stand-ins as the configuration declares them: ``[stand-ins."https://api.example.com"]``.

Each route says its answer and how long that takes; a table without routes is one, for all that is
asked below its URL. A newcomer would give the latency a default:
waiting is what async is about, so a figure that nobody chose would decide every verdict.
"""

from __future__ import annotations

import difflib
import json
import mimetypes
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whereasync.errors import BadInputError
from whereasync.model import StandIn, StandInRoute, StandIns
from whereasync.upstreams.latency import parse_latency
from whereasync.upstreams.matching import compile_routes
from whereasync.upstreams.origins import parse_origin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ORIGIN_KEYS = ("routes", "latency", "connect")
_BODIES = ("body", "json", "file")
_ANSWER_KEYS = ("method", "status", "headers", *_BODIES, "latency")
_ROUTE_KEYS = ("path", *_ANSWER_KEYS)
_TOKEN = re.compile(r"[!#$%&'*+.^`|~\w-]+", re.ASCII)
_OURS = {"content-length", "transfer-encoding", "connection"}  # the framing isn't the user's
_LATENCY = 'say how long the real one takes: latency = "20ms"; whereasync record measures it'


def read_stand_ins(table: Mapping[str, Any], directory: Path) -> StandIns:
    """Read the table ``stand-ins``; ``directory`` is what the files of bodies are relative to.

    A key with a ``://`` declares an origin, ``recording`` names a recording. BadInputError says
    which entry can't be, and why.
    """
    recording = table.get("recording", "")
    if not isinstance(recording, str):
        raise BadInputError("stand-ins: recording is no name", 'write recording = "NAME"')
    declared: dict[str, StandIn] = {}
    for key, entry in table.items():
        if key == "recording":
            continue
        if "://" not in key:
            raise BadInputError(
                f"stand-ins: “{key}” is no origin of a service",
                '[stand-ins."https://api.example.com"]',
            )
        found = _read_origin(key, entry, directory)
        declared[found.origin] = _join(declared.get(found.origin), found)
    return StandIns(declared=tuple(declared.values()), recording=recording)


def _join(first: StandIn | None, second: StandIn) -> StandIn:
    """Return one stand-in for the tables of one origin; what a connection costs is the first's."""
    if first is None:
        return second
    return replace(first, routes=(*first.routes, *second.routes))


def _read_origin(key: str, entry: object, directory: Path) -> StandIn:
    address, slash, path = key.partition("://")[2].partition("/")
    below = f"{slash}{path}".rstrip("/")
    origin = str(parse_origin(f"{key.partition('://')[0]}://{address}"))
    where = f"stand-in {origin}{below}"
    is_one = isinstance(entry, dict) and "routes" not in entry
    table = _require_table(entry, (*_ANSWER_KEYS, "connect") if is_one else _ORIGIN_KEYS, where)
    if is_one:
        said = {name: value for name, value in table.items() if name != "connect"}
        paths = dict.fromkeys(filter(None, (below, f"{below}/*")))
        routes: object = [{**said, "path": each} for each in paths]
    elif below:
        raise BadInputError(f"{where} has a path and routes", "put the path into its routes")
    else:
        routes = table["routes"]
    if not isinstance(routes, list) or not routes:
        raise BadInputError(
            f"{where} has no routes", f'[[stand-ins."{origin}".routes]] with path = "/…"'
        )
    found = tuple(_read_route(each, table.get("latency"), directory, where) for each in routes)
    compile_routes(found)
    return StandIn(
        origin=origin,
        routes=found,
        connect=_read_latency(table["connect"], where) if "connect" in table else "0ms",
    )


def _read_route(entry: object, latency: object, directory: Path, where: str) -> StandInRoute:
    table = _require_table(entry, _ROUTE_KEYS, f"a route of {where}")
    path = table.get("path")
    if not isinstance(path, str):
        raise BadInputError(f"a route of {where} has no path", 'write path = "/items/{id}"')
    where = f"{where}, {path}"
    latency = table.get("latency", latency)
    if latency is None:
        raise BadInputError(f"{where} has no latency", _LATENCY)
    body, kind = _read_body(table, directory, where)
    headers = _read_headers(table.get("headers", {}), where)
    if kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (("Content-Type", kind), *headers)
    return StandInRoute(
        path=path,
        method=_read_method(table.get("method", ""), where),
        status=_read_status(table.get("status", 200), where),
        headers=headers,
        body=body,
        latency=_read_latency(latency, where),
    )


def _require_table(entry: object, known: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise BadInputError(f"{where} is no table", f"it takes {', '.join(known)}")
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}"
            raise BadInputError(f"{where}: there is no “{key}”", hint)
    return entry


def _read_latency(given: object, where: str) -> str:
    if not isinstance(given, str):
        raise BadInputError(f"{where}: the latency {given!r} is no text", 'write "20ms"')
    try:
        parse_latency(given)
    except BadInputError as error:
        raise BadInputError(f"{where}: {error.what}", error.hint) from None
    return given


def _read_method(given: object, where: str) -> str:
    if given == "":
        return ""
    if not isinstance(given, str) or given.upper() not in METHODS:
        raise BadInputError(f"{where}: {given!r} is no method", f"it takes {', '.join(METHODS)}")
    return given.upper()


def _read_status(given: object, where: str) -> int:
    if type(given) is not int or not 200 <= given <= 599:
        raise BadInputError(f"{where}: {given!r} is no status", "write one of 200 to 599")
    return given


def _read_headers(given: object, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, dict):
        raise BadInputError(f"{where}: the headers are no table", 'headers = {X-Name = "value"}')
    found = []
    for name, values in given.items():
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(value, str | int) or not str(value).isprintable():
                raise BadInputError(f"{where}: the header {name} is no line of text", "quote it")
            found.append((name, str(value)))
        if not _TOKEN.fullmatch(name):
            raise BadInputError(f"{where}: “{name}” can't name a header", "write X-Name")
        if name.lower() in _OURS:
            raise BadInputError(f"{where}: {name} follows from the body", "leave it out")
    return tuple(found)


def _read_body(table: dict[str, Any], directory: Path, where: str) -> tuple[bytes, str]:
    """Return the body and what type it is by default; "" where it is empty."""
    given = [kind for kind in _BODIES if kind in table]
    if len(given) > 1:
        raise BadInputError(f"{where} has two bodies, {' and '.join(given)}", "leave one")
    match table:
        case {"json": document}:
            return _dump(document, where), "application/json"
        case {"body": str(text)}:
            return text.encode(), "text/plain; charset=utf-8"
        case {"file": str(name)}:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            return _read_file(directory / name, where), kind
    if given:
        raise BadInputError(f"{where}: {given[0]} is no text", f'write {given[0]} = "…"')
    return b"", ""


def _dump(document: object, where: str) -> bytes:
    try:
        return json.dumps(document, allow_nan=False).encode()
    except (TypeError, ValueError) as error:  # TOML's dates, nan and inf
        raise BadInputError(
            f"{where}: that is no JSON: {error}", "quote it, or write it as body"
        ) from None


def _read_file(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise BadInputError(f"{where}: {path} can't be read: {reason}", f"ls -l {path}") from None
