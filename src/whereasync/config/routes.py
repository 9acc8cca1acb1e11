"""Which routes of a project can be asked for, and how their requests are written. Pure.

A newcomer would ask for every route: one that takes only POST changes something, and the admin's
want a user whom nobody has named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whereasync.model import Request
from whereasync.model.configuration import PARAMETER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from whereasync.model import Config, Recipe, Route

_FORMAT = "{format}"  # REST Framework's FORMAT_SUFFIX_KWARG, as nearly everybody leaves it
_PARAMETER = re.compile(r"<(?:[^<>:]+:)?(\w+)>")


def list_plain(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return the routes that are asked for without being named: GET, and no parameter."""
    return tuple(
        each for each in routes if is_asked(each) and not each.parameters and write_path(each)
    )


def list_parametrised(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return the routes that need a recipe: GET, and something to be filled in.

    Without those that Django REST Framework makes beside another of the same views, to choose a
    format by the path's end.
    """
    asked = [each for each in routes if is_asked(each)]
    paths = {_key(each, write_path(each)) for each in asked}
    return tuple(
        each
        for each in asked
        if (each.parameters or not write_path(each)) and not _is_beside(each, paths)
    )


def _is_beside(route: Route, paths: Collection[tuple[str, ...]]) -> bool:
    """Tell whether a route is another's with a format at the end: "/notes.{format}"."""
    path, found, _ = (write_path(route) or "").rpartition(_FORMAT)
    path = path.removesuffix(".")
    same = (path, f"{path}/", path.removesuffix("/"))
    return bool(found) and any(_key(route, each) in paths for each in same)


def _key(route: Route, path: str | None) -> tuple[str, ...]:
    return (path or route.path, *(each.name for each in route.handlers))


def is_asked(route: Route) -> bool:
    """Return whether a route answers GET, and isn't of Django's admin."""
    is_admins = route.name.startswith("admin:") or route.path.startswith("/admin/")
    handlers = route.handlers
    answers = not handlers or any(not each.methods or "GET" in each.methods for each in handlers)
    return answers and not is_admins


def write_path(route: Route) -> str | None:
    """Return a route's path with {parameters}; None where no request can be written for it."""
    path = route.template
    if not path and not re.search("[{}]", route.path):
        path = _PARAMETER.sub(r"{\1}", route.path)
    is_odd = re.search(r"[^!-~]|[<>#\\^$()*+?|\[\]{}]", PARAMETER.sub("", path))
    return path if path.startswith("/") and not is_odd else None


def write_request(recipe: Recipe, config: Config) -> Request:
    """Return a configured request, its places not yet filled."""
    return Request(
        path=recipe.path,
        method=recipe.method,
        headers=recipe.headers,
        body=recipe.body,
        status=recipe.status,
        volatile=recipe.volatile,
        recipe=recipe.name,
        user=config.users.get(recipe.user, recipe.user),
    )
