"""Of the dry run of a whole project: what is asked, and how what is answered alike is said."""

from __future__ import annotations

from typing import Any

import pytest

from whereasync.bench.asking import _say_alike, list_requests
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
    said = _say_alike(status, requests, wants_login=wants_login)
    assert (said.health, said.detail) == (Health.NOTE, detail)
    assert hint in said.hint
    assert bool(hint) == bool(said.hint)
