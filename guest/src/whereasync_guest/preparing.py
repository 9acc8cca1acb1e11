"""Logs users in, and evaluates what requests are filled with, on a database that is ready.

Users are logged in by Django's own ``login`` with the project's first backend that has users, and
its session engine and cookie names: no password is needed, and none is known.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from whereasync_guest.answer import GuestError
from whereasync_guest.faults import hint_settings, say
from whereasync_guest.replacements.caches import write_caches

if TYPE_CHECKING:
    from whereasync_guest.entering import Entered
    from whereasync_guest.order import Order

NOBODY = ""


def prepare(entered: Entered, order: Order) -> dict[str, Any]:
    """Return the host's ``Prepared`` as JSON has it."""
    from whereasync_guest.filling import fill
    from whereasync_guest.swapping import swap

    settings = entered.settings
    has_users = _has("django.contrib.auth") and _has("django.contrib.sessions")
    if order.users and not has_users:
        raise GuestError(
            "the project logs nobody in: django.contrib.auth or its sessions aren't installed",
            "leave users out of the configuration",
        )
    visitors = {NOBODY: visit(settings), **{name: log_in(name, order) for name in order.users}}
    said = swap(order.swaps)
    filled = {name: fill(name, each) for name, each in order.fills.items()}
    write_caches()
    return {
        "cookies": {name: cookies for name, (cookies, _) in visitors.items() if cookies},
        "tokens": {name: token for name, (_, token) in visitors.items()},
        "csrf_header": settings.CSRF_HEADER_NAME[len("HTTP_") :].replace("_", "-"),
        "filled": filled,
        "said": [*entered.said, *said],
    }


def _has(application: str) -> bool:
    from django.apps import apps

    return bool(apps.is_installed(application))


def log_in(name: str, order: Order) -> tuple[dict[str, str], str]:
    """Return the cookies and the CSRF token of a user, once logged in.

    GuestError where there is no such user, and none is to be made.
    """
    from django.conf import settings
    from django.contrib.auth import login

    user = find_user(name, order.new_users.get(name))
    request, backend = _request(settings), find_backend(settings)
    try:
        login(request, user, backend)
    except Exception as error:
        raise GuestError(
            f"“{name}” can't be logged in: {say(error)}",
            hint_settings(error) or "look at what user_logged_in calls",
        ) from error
    return _carry(request, settings)


def visit(settings: Any) -> tuple[dict[str, str], str]:
    """Return the cookies and the CSRF token of somebody who isn't logged in."""
    return _carry(_request(settings), settings)


def _request(settings: Any) -> Any:
    from django.test import RequestFactory

    host = next((each for each in settings.ALLOWED_HOSTS if "*" not in each), "localhost")
    request = RequestFactory().get("/", HTTP_HOST=host.lstrip("."))
    if _has("django.contrib.sessions"):
        request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    return request


def _carry(request: Any, settings: Any) -> tuple[dict[str, str], str]:
    """Save a request's session, and return its cookies and its masked CSRF token."""
    from django.middleware.csrf import CSRF_SESSION_KEY, get_token

    token = get_token(request)  # and there is a secret from now on
    secret, session = request.META["CSRF_COOKIE"], getattr(request, "session", None)
    cookies = {}
    if settings.CSRF_USE_SESSIONS and session is not None:
        session[CSRF_SESSION_KEY] = secret
    else:
        cookies[settings.CSRF_COOKIE_NAME] = secret
    if session is not None and not session.is_empty():
        session.save()
        cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return cookies, token


def find_backend(settings: Any) -> str:
    """Return the first authentication backend that knows users, as ``force_login`` takes it."""
    from django.contrib.auth import load_backend

    for path in settings.AUTHENTICATION_BACKENDS:
        if hasattr(load_backend(path), "get_user"):
            return str(path)
    raise GuestError(
        "no backend of AUTHENTICATION_BACKENDS has get_user", "leave users out of the configuration"
    )


def find_user(name: str, new: dict[str, Any] | None) -> Any:
    """Return a user by its user name; one that isn't there is made with ``new``'s fields."""
    from django.contrib.auth import get_user_model

    model = get_user_model()
    try:
        return model._default_manager.get_by_natural_key(name)  # noqa: SLF001 # Django's own way
    except model.DoesNotExist:
        if new is None:
            raise GuestError(
                f"there is no user “{name}” in the throwaway database",
                "have a seed command make it, or whereasync: "
                f'users = {{ staff = {{ name = "{name}", make = {{ is_staff = true }} }} }}',
            ) from None
    return make_user(model, name, new)


def make_user(model: Any, name: str, fields: dict[str, Any]) -> Any:
    """Return a new user that has no password."""
    try:
        user = model(**{model.USERNAME_FIELD: name, **fields})
        user.set_unusable_password()
        user.save()
    except Exception as error:
        raise GuestError(
            f"the user “{name}” can't be made: {say(error)}",
            "name the fields that it needs, or have a seed command make it",
        ) from error
    return user
