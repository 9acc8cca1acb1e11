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
    from collections.abc import Iterable

    from whereasync.model import Config, Recipe, Route

_PARAMETER = re.compile(r"<(?:[^<>:]+:)?(\w+)>")


def list_plain(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return the routes that are asked for without being named: GET, and no parameter."""
    return tuple(
        each for each in routes if is_asked(each) and not each.parameters and write_path(each)
    )


def list_parametrised(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return the routes that need a recipe: GET, and something to be filled in."""
    return tuple(
        each for each in routes if is_asked(each) and (each.parameters or not write_path(each))
    )


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
