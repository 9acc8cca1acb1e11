"""Inventories by hand: what a guest would have said of small projects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whereasync.advise import Evidence, gather
from whereasync.advise.chain import build
from whereasync.model import (
    DatabaseSetting,
    Handler,
    Inventory,
    Middleware,
    Route,
    SourceText,
    ViewKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = "/srv/shop"
REQUEST, VIEW, RESPONSE = "process_request", "process_view", "process_response"
SECURITY = "django.middleware.security.SecurityMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
FRAMES = "django.middleware.clickjacking.XFrameOptionsMiddleware"
HOOKS = {
    SECURITY: (REQUEST, RESPONSE),
    SESSION: (REQUEST, RESPONSE),
    COMMON: (REQUEST, RESPONSE),
    CSRF: (REQUEST, VIEW, RESPONSE),
    AUTH: (REQUEST,),
    MESSAGES: (REQUEST, RESPONSE),
    FRAMES: (RESPONSE,),
}


def mixed(name: str, hooks: Iterable[str] = (REQUEST, RESPONSE), **fields: Any) -> Middleware:
    """Make a middleware that is either sync or async, and hops for its hooks."""
    made = Middleware(
        name=name, can_sync=True, can_async=True, is_async=True, is_adapted=False, **fields
    )
    return replace(made, hooks=tuple(hooks))


def django(name: str) -> Middleware:
    """Make one of Django's own."""
    return mixed(name, HOOKS.get(name, (REQUEST, RESPONSE)), file="/x/site-packages/django/m.py")


def sync_only(name: str = "shop.middleware.Tenant", **fields: Any) -> Middleware:
    """Make one of the project's that can't be awaited."""
    file = fields.pop("file", f"{ROOT}/shop/middleware.py")
    return replace(mixed(name, (), file=file, line=7, **fields), can_async=False)


def default() -> tuple[Middleware, ...]:
    """Make what ``startproject`` writes into the settings."""
    return tuple(map(django, HOOKS))


def lay(middleware: Iterable[Middleware]) -> tuple[Middleware, ...]:
    """Give middleware the modes that Django would, as the guest tells them."""
    used = tuple(middleware)
    links = {id(link.middleware): link for link in build(used).links}
    return tuple(
        replace(each, is_async=link.is_async, is_adapted=link.is_adapted)
        if (link := links.get(id(each)))
        else each
        for each in used
    )


def view(name: str = "shop.views.detail", *, is_async: bool = True, **fields: Any) -> Handler:
    """Make a view function of the project's."""
    made = Handler(
        name=name,
        kind=ViewKind.FUNCTION,
        is_async=is_async,
        is_called_async=is_async,
        file=f"{ROOT}/shop/views.py",
        line=12,
    )
    return replace(made, **fields)


def route(path: str, *views: Handler, name: str = "") -> Route:
    """Make a route."""
    return Route(path=path, name=name, handlers=views)


def database(**fields: Any) -> DatabaseSetting:
    """Make a PostgreSQL database."""
    made = DatabaseSetting(
        alias="default", engine="django.db.backends.postgresql", vendor="postgresql", name="shop"
    )
    return replace(made, **fields)


def inventory(*views: Handler, **fields: Any) -> Inventory:
    """Make a project with those views, a route each, on a Django whose chain was counted."""
    made = Inventory(
        settings="shop.settings",
        versions={"python": "3.12.1", "django": "5.2.3"},
        routes=tuple(route(f"/{each.name}/", each, name=each.name) for each in views),
        middleware=lay(fields.pop("middleware", ())),
        databases=fields.pop("databases", (database(),)),
        caches=(),
        sessions="",
        email="",
        installed_apps=("shop",),
        wsgi="shop.wsgi:application",
        asgi="shop.asgi:application",
    )
    return replace(made, **fields)


def evidence(made: Inventory, files: Mapping[str, str] | None = None) -> Evidence:
    """Read those files, path below the root → text, with the inventory.

    ``shop/settings.py`` is the settings, what lies in ``tests`` are tests, the rest starts servers.
    """
    texts = {
        name: SourceText(path=f"{ROOT}/{name}", text=text) for name, text in (files or {}).items()
    }
    tests = {name for name in texts if name.startswith("tests/")}
    settings = {name for name in texts if name == "shop/settings.py"}
    return gather(
        made,
        deployment=[texts[name] for name in texts if name not in tests | settings],
        settings=[texts[name] for name in settings],
        tests=[texts[name] for name in tests],
    )
