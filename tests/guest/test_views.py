"""A callback's handlers: the user's code with its line, however it is wrapped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

AUTH = "django.contrib.auth.decorators."
VIEWS = "django.views.decorators."
CSRF = f"{VIEWS}csrf.csrf_exempt"
POLITE = "nasty.views.polite"


class Expected(NamedTuple):
    """What is expected of the first handler at a route."""

    name: str
    kind: str = "function"
    is_async: bool = False
    is_called_async: bool = False
    decorators: tuple[str, ...] = ()


EXPECTED = {
    "enter": Expected("views.waiting", is_async=True, is_called_async=True),
    "decorated": Expected(
        "views.decorated",
        decorators=(f"{AUTH}login_required", f"{VIEWS}http.require_http_methods", POLITE),
    ),
    "permitted": Expected(
        "views.permitted",
        decorators=(
            f"{AUTH}permission_required",
            f"{VIEWS}cache.cache_page",
            f"{VIEWS}csrf.csrf_protect",
        ),
    ),
    "exempt": Expected("views.exempt", decorators=(CSRF,)),
    "whole": Expected("views.whole", decorators=("django.db.transaction.atomic",)),
    "counted": Expected("views.counted", decorators=("nasty.views.Counted",)),
    "politely": Expected("views.politely_hidden", is_async=True, decorators=(POLITE,)),
    "forgotten": Expected("views.forgotten", is_async=True, decorators=("nasty.views.forgetful",)),
    "blocking": Expected(
        "views.waiting", is_async=True, decorators=("asgiref.sync.async_to_sync",)
    ),
    "threaded": Expected(
        "views.plain", is_called_async=True, decorators=("asgiref.sync.sync_to_async",)
    ),
    "flavoured": Expected("views.plain", decorators=("functools.partial", POLITE)),
    "later": Expected(
        "views.waiting", is_async=True, is_called_async=True, decorators=("nasty.views.Later",)
    ),
    "short": Expected("views.<lambda>"),
    "made": Expected("views.make.<locals>.made"),
    "teller": Expected("views.Teller", kind="other", is_async=True),
    "reply": Expected("views.Reply", kind="other"),
    "news": Expected("views.News", kind="other"),
    "desk": Expected("views.Desk.receive"),
    "sync": Expected("classes.Sync.get", kind="class"),
    "async": Expected("classes.Async.get", kind="class", is_async=True, is_called_async=True),
    "guarded": Expected(
        "classes.Guarded.get", kind="class", decorators=(POLITE, CSRF, f"{AUTH}login_required")
    ),
    "people": Expected("classes.People.get", kind="class"),
    "dispatching": Expected("classes.Dispatching", kind="class"),
    "things": Expected("rest.Things.get", kind="class", decorators=(CSRF,)),
    "functional": Expected(
        "rest.functional", decorators=(CSRF, "rest_framework.decorators.api_view")
    ),
    "rest:user-list": Expected("rest.Users.list", kind="action", decorators=(CSRF,)),
    "rest:user-detail": Expected(
        "rest.Users.retrieve", kind="action", decorators=(CSRF, f"{VIEWS}cache.never_cache")
    ),
    "api-1.0.0:read_thing": Expected(
        "operations.read_thing", kind="operation", is_called_async=True
    ),
    "api-1.0.0:deep": Expected("operations.change_deep", kind="operation", decorators=(POLITE,)),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_users_code_is_found_inside(by_name: dict[str, dict[str, Any]], name: str) -> None:
    """By name, kind, what it is wrapped in, what it is and how Django calls it."""
    handler, expected = by_name[name]["handlers"][0], EXPECTED[name]
    assert handler["name"] == f"nasty.{expected.name}"
    found = Expected(
        expected.name,
        handler["kind"],
        handler["is_async"],
        handler["is_called_async"],
        tuple(handler["decorators"]),
    )
    assert found == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_the_line_is_that_of_the_code(by_name: dict[str, dict[str, Any]], name: str) -> None:
    """The def of a function or a method; the class where a framework's method is inherited."""
    inherited = {"people": "People", "news": "News", "rest:user-list": "Users"}
    handler = by_name[name]["handlers"][0]
    line = Path(handler["file"]).read_text(encoding="utf-8").splitlines()[handler["line"] - 1]
    last = handler["name"].rpartition(".")[2]
    wanted = {
        "short": r"short = lambda",
        "reply": r"class Reply",
        "teller": r"    async def __call__",
        "dispatching": r"    def dispatch",
    }
    found = f"class {inherited[name]}" if name in inherited else rf"\s*(async )?def {last}\("
    assert re.match(wanted.get(name, found), line), line


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sync", {"Sync.get": ["GET"], "Sync.post": ["POST", "PUT"], "Sync.head": ["HEAD"]}),
        (
            "async",
            {
                "Async.get": ["GET", "HEAD"],
                "Async.delete": ["DELETE"],
                "Async.options": ["OPTIONS"],
            },
        ),
        ("guarded", {"Guarded.get": ["GET", "HEAD"]}),
        ("people", {"People.get": ["GET", "HEAD"]}),
        ("dispatching", {"Dispatching": []}),
        ("things", {"Things.get": ["GET", "HEAD"], "Things.patch": ["PATCH"]}),
        ("functional", {"functional": ["GET", "POST"]}),
        ("rest:user-list", {"Users.list": ["GET", "HEAD"], "Users.create": ["POST"]}),
        ("rest:user-promote", {"Users.promote": ["POST"], "Users.demote": ["DELETE"]}),
        ("api-1.0.0:write_thing", {"read_thing": ["GET"], "write_thing": ["POST"]}),
        ("api-1.0.0:deep", {"change_deep": ["PUT", "PATCH"]}),
        ("exempt", {"exempt": []}),
    ],
)
def test_each_method_has_its_own_code(
    by_name: dict[str, dict[str, Any]], name: str, expected: dict[str, list[str]]
) -> None:
    """Also a class's, a view set's and a path's of django-ninja; none that isn't answered."""
    found = {each["name"].split(".", 2)[2]: each["methods"] for each in by_name[name]["handlers"]}
    assert found == expected


def test_operations_that_share_a_path_are_sync_or_async_each(
    by_name: dict[str, dict[str, Any]],
) -> None:
    """Though Django awaits both."""
    handlers = by_name["api-1.0.0:write_thing"]["handlers"]
    assert [each["is_async"] for each in handlers] == [False, True]
    assert [each["is_called_async"] for each in handlers] == [True, True]


def test_admins_views_are_the_methods_of_their_class(
    by_name: dict[str, dict[str, Any]],
) -> None:
    """Through its wrapper, and named after the class that was registered."""
    handler = by_name["admin:auth_user_changelist"]["handlers"][0]
    assert handler["name"] == "django.contrib.auth.admin.UserAdmin.changelist_view"
    assert handler["file"].endswith("django/contrib/admin/options.py")
    assert (
        "def changelist_view"
        in Path(handler["file"]).read_text(encoding="utf-8").splitlines()[handler["line"] - 1]
    )


def test_what_django_reads_from_the_callback_is_read(
    by_name: dict[str, dict[str, Any]],
) -> None:
    """Exemption from CSRF, and from ATOMIC_REQUESTS."""
    exempt = {
        name
        for name, route in by_name.items()
        for each in route["handlers"]
        if each["is_csrf_exempt"]
    }
    assert {"exempt", "guarded", "things", "api-1.0.0:deep"} <= exempt
    assert not {"enter", "sync", "decorated"} & exempt
    spared = {
        name
        for name, route in by_name.items()
        for each in route["handlers"]
        if not each["is_atomic"]
    }
    assert spared == {"free"}
