"""Puts another view in a view's place, without touching the URLconf.

A newcomer would replace the name in its module: the URLconf holds the function itself, imported
long before. So the patterns are changed, or the class whose method it is.
"""

from __future__ import annotations

import functools
import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

from whereasync_guest.answer import GuestError
from whereasync_guest.faults import say

if TYPE_CHECKING:
    from collections.abc import Iterator


def swap(swaps: dict[str, str]) -> list[str]:
    """Replace each view by another, both by their dotted names; return what to say.

    GuestError for a name that leads nowhere, and for a view that no route serves.
    """
    return [sentence for old, new in swaps.items() for sentence in _swap(old, new)]


def _swap(old: str, new: str) -> list[str]:
    owner, attribute, view = find(old)
    _, _, replacement = find(new)
    if inspect.isclass(owner):
        served = [each for each in patterns() if owner in _classes_of(each.callback)]
        setattr(owner, attribute, replacement)
    else:
        served = [each for each in patterns() if strip(each.callback) is strip(view)]
    if not served:
        raise GuestError(
            f"no route serves {old}, so nothing can be swapped for it",
            "name what the URLconf names, by the module that defines it: shop.views.detail",
        )
    if inspect.isclass(owner):
        return []
    wrapped = any(each.callback is not view and not _class_of(each.callback) for each in served)
    for pattern in served:
        pattern.callback = _shape(replacement, pattern.callback)
    said = f"{new}: what the URLconf wraps {old} in is left out; wrap the replacement if need be"
    return [said] if wrapped else []


def find(name: str) -> tuple[Any, str, Any]:
    """Return where a dotted name's last part is an attribute, that part, and what it is."""
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:count])
        try:
            owner: Any = import_module(module)
        except ModuleNotFoundError as error:
            if error.name and (module == error.name or module.startswith(f"{error.name}.")):
                continue
            raise GuestError(f"{name} can't be imported: {say(error)}", "mend that") from error
        try:
            for part in parts[count:-1]:
                owner = getattr(owner, part)
            return owner, parts[-1], getattr(owner, parts[-1])
        except AttributeError:
            break
    raise GuestError(f"there is no {name}", "write package.module.view")


def patterns() -> Iterator[Any]:
    """Yield every URL pattern of the project's root URLconf."""
    from django.urls import get_resolver

    def walk(resolver: Any) -> Iterator[Any]:
        for each in resolver.url_patterns:
            if hasattr(each, "url_patterns"):
                yield from walk(each)
            else:
                yield each

    return walk(get_resolver())


def strip(view: Any) -> Any:
    """Return the code below decorators and partials: a function, or a class of views."""
    while True:
        if isinstance(view, functools.partial):
            view = view.func
        elif _class_of(view):
            return _class_of(view)
        elif hasattr(view, "__wrapped__"):
            view = view.__wrapped__
        else:
            return view


def _class_of(view: Any) -> Any:
    """Return the class behind ``as_view()``; None if there is none."""
    while isinstance(view, functools.partial):
        view = view.func
    if inspect.isclass(view):
        return view
    return getattr(view, "view_class", None) or getattr(view, "cls", None)


def _classes_of(view: Any) -> tuple[type, ...]:
    """Return that class and all that it inherits from."""
    return getattr(_class_of(view), "__mro__", ())


def _shape(replacement: Any, callback: Any) -> Any:
    """Return a replacement as a URL pattern takes it."""
    if not inspect.isclass(replacement):
        return replacement
    actions = getattr(callback, "actions", None)
    options = getattr(callback, "view_initkwargs", None) or getattr(callback, "initkwargs", {})
    as_view: Any = replacement.as_view  # type: ignore[attr-defined] # a class of views
    return as_view(actions, **options) if actions else as_view(**options)
