"""Evaluates the one-line expressions that fill a request's path from the database.

Every model of the project stands in them by its name, and by its application's: ``shop.Item``. A
name that two models share is neither's, so it is refused instead of guessed.
"""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from whereasync_guest.answer import GuestError
from whereasync_guest.faults import say

_EMPTY = "has the database such an object? A seed command can make it"


def fill(request: str, expressions: dict[str, str]) -> dict[str, str]:
    """Return parameter → text; GuestError names the expression that fails or gives nothing."""
    return {name: _evaluate(request, name, each) for name, each in expressions.items()}


def _evaluate(request: str, parameter: str, expression: str) -> str:
    about = f"{parameter} of “{request}”: {expression}"
    names = gather_models()
    try:
        value = eval(expression.strip(), names)  # noqa: S307 # the user's own configuration
    except NameError as error:
        raise GuestError(f"{about} fails: {say(error)}", _name_models(error, names)) from error
    except Exception as error:
        raise GuestError(f"{about} fails: {say(error)}", _EMPTY) from error
    value = getattr(value, "pk", value)  # of an object, what a path names it by
    if value is None or not str(value):
        raise GuestError(f"{about} gives {value!r}", _EMPTY)
    return str(value)


def gather_models() -> dict[str, Any]:
    """Return the names that an expression may use."""
    from django.apps import apps

    models = apps.get_models()
    shared = Counter(model.__name__ for model in models)
    homes: dict[str, SimpleNamespace] = {}
    for model in models:
        home = homes.setdefault(model._meta.app_label, SimpleNamespace())  # noqa: SLF001 # public
        setattr(home, model.__name__, model)
    alone = {each.__name__: each for each in models if shared[each.__name__] == 1}
    return {**homes, **alone}


def _name_models(error: NameError, names: dict[str, Any]) -> str:
    wanted = str(error).split("'")[1] if "'" in str(error) else ""
    homes = [
        f"{label}.{wanted}"
        for label, home in names.items()
        if isinstance(home, SimpleNamespace) and hasattr(home, wanted)
    ]
    return f"say which: {' or '.join(homes)}" if homes else "models stand there by their names"
