"""Of the dry run of a whole project: what is asked, and how what is answered alike is said."""

from __future__ import annotations

from typing import Any

import pytest

from whereasync.bench.asking import _hint, _say_alike, list_requests
from whereasync.model import Config, Health, Inventory, Recipe, Request, Route

INVENTORY: dict[str, Any] = {
    "settings": "shop.settings",
    "versions": {},
    "middleware": (),
    "databases": (),
    "caches": (),
    "sessions": "",
    "email": "",
    "installed_apps": (),
}


def test_who_asks_where_nothing_is_said() -> None:
    """The user that was typed; a configured request's own comes first, and each path once."""
    inventory = Inventory(routes=(Route(path="/"), Route(path="/new/")), **INVENTORY)
    config = Config(
        users={"ann": "ann@example.com"},
        requests=(Recipe(name="new", path="/new/", user="ann"), Recipe(name="old", path="/old/")),
    )
    asked = list_requests(inventory, config, "boss")
    expected = [("/new/", "ann@example.com"), ("/old/", "boss"), ("/", "boss")]
    assert [(each.path, each.user) for each in asked] == expected
    assert {each.user for each in list_requests(inventory, config)} == {"ann@example.com", ""}


def test_who_would_be_logged_out_is_so_at_last() -> None:
    """Routes are in the order of the URLconf, in which a logout may come first."""
    paths = ("/logout", "/me/sign-off/", "/signoffice/", "/")
    inventory = Inventory(routes=tuple(Route(path=path) for path in paths), **INVENTORY)
    asked = [each.path for each in list_requests(inventory, Config())]
    assert asked == ["/signoffice/", "/", "/logout", "/me/sign-off/"]


@pytest.mark.parametrize(
    ("status", "wants_login", "user", "count", "detail", "hint"),
    [
        (302, True, "", 5, "5 redirect to a login: /0, /1, /2 and 2 more", "as a user: --as NAME"),
        (302, True, "ann", 1, "1 redirects to a login: /0", "another user"),
        (401, False, "", 3, "3 answer 401: /0, /1, /2", "as a user: --as NAME"),
        (401, False, "ann", 1, "1 answers 401: /0", "headers in [[requests]]"),
        (403, False, "ann", 1, "1 answers 403: /0", "another user"),
        (400, False, "", 1, "1 answers 400: /0", "host ="),
        (404, False, "", 1, "1 answers 404: /0", ""),
    ],
)
def test_routes_that_are_answered_alike_are_one_line(
    *, status: int, wants_login: bool, user: str, count: int, detail: str, hint: str
) -> None:
    """With what can be done; nothing is missing, for nobody configured them."""
    requests = [Request(path=f"/{number}", user=user) for number in range(count)]
    found = _hint(status, requests[0], wants_login=wants_login, is_only=status == 400)
    said = _say_alike(status, requests, found, wants_login=wants_login)
    assert (said.health, said.detail, said.hint) == (Health.NOTE, detail, found)
    assert hint in found
    assert bool(hint) == bool(found)


def test_it_is_not_the_host_where_others_were_answered() -> None:
    """Some view misses a parameter."""
    assert not _hint(400, Request(path="/"), wants_login=False, is_only=False)
