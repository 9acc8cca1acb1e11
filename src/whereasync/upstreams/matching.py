"""Which declared route answers a request: the most specific one.

Segment by segment a literal goes before a ``{parameter}``, and both before a ``*`` that takes all
the rest; then the route that asks more of the query, then the one that names a method, then the
first. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.model import StandInRoute

USAGE = "write /items/{id}, /files/* or /search?page=2"
_PARAMETER = re.compile(r"\{[A-Za-z_]\w*\}")
_LITERAL, _MIXED, _ANY, _REST = range(4)  # the more specific, the lower


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A route's path, compiled."""

    route: StandInRoute
    path: re.Pattern[str]
    query: frozenset[tuple[str, str]]
    rank: tuple[object, ...]

    def fits(self, method: str, path: str, query: frozenset[tuple[str, str]]) -> bool:
        """Say whether it answers that request; a GET route answers HEAD too."""
        wanted = self.route.method
        return (
            (not wanted or wanted == method or (wanted, method) == ("GET", "HEAD"))
            and self.path.fullmatch(path) is not None
            and self.query <= query
        )


def compile_routes(routes: Iterable[StandInRoute]) -> tuple[Pattern, ...]:
    """Return the routes as patterns, the most specific first; BadInputError for a bad path."""
    found = [_compile(route) for route in routes]
    return tuple(sorted(found, key=lambda pattern: pattern.rank))  # stable: then as written


def match(patterns: Iterable[Pattern], method: str, target: str) -> StandInRoute | None:
    """Return the route that answers ``target``, a path with its query; None if none does."""
    path, _, query = target.partition("?")
    path, pairs = unquote(path), frozenset(parse_qsl(query, keep_blank_values=True))
    return next((each.route for each in patterns if each.fits(method, path, pairs)), None)


def _compile(route: StandInRoute) -> Pattern:
    path, _, query = route.path.partition("?")
    if not path.startswith("/"):
        raise BadInputError(f"the path “{route.path}” doesn't begin with a slash", USAGE)
    segments = path.split("/")[1:]
    if any("*" in each for each in segments[:-1]) or "*" in segments[-1].removesuffix("*"):
        raise BadInputError(f"the path “{route.path}” has a * before its end", USAGE)
    if "{" in _PARAMETER.sub("", path) or "}" in _PARAMETER.sub("", path):
        raise BadInputError(f"the path “{route.path}” has a brace without its other", USAGE)
    pairs = frozenset(parse_qsl(query, keep_blank_values=True))
    ranks = tuple(map(_rank, segments))
    return Pattern(
        route=route,
        path=re.compile("".join(map(_translate, re.split(r"(\{\w+\}|\*)", path))), re.DOTALL),
        query=pairs,
        rank=(ranks, -len(pairs), not route.method),
    )


def _rank(segment: str) -> int:
    if segment.endswith("*"):
        return _REST
    if _PARAMETER.fullmatch(segment):
        return _ANY
    return _MIXED if _PARAMETER.search(segment) else _LITERAL


def _translate(part: str) -> str:
    if part == "*":
        return ".*"
    return "[^/]+" if _PARAMETER.fullmatch(part) else re.escape(unquote(part))
