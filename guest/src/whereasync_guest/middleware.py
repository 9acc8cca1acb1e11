"""MIDDLEWARE as Django builds it into the chain that serves ASGI: what runs on the loop, what hops.

Django itself builds it and is watched at that. A newcomer would read ``async_capable``: one
sync-only middleware makes all those outside it sync, whatever they can.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable

from whereasync_guest.answer import GuestError
from whereasync_guest.faults import explain
from whereasync_guest.places import locate
from whereasync_guest.wrappers import is_coroutine, peel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

HOOKS = (
    "process_request",
    "process_view",
    "process_template_response",
    "process_exception",
    "process_response",
)
BY_MIXIN = ("process_request", "process_response")  # the mixin calls these, Django the others


class Entry:
    """One middleware while Django builds it; takes the place of its factory."""

    def __init__(self, name: str, factory: Any) -> None:
        self.name = name
        self.factory = factory
        self.sync_capable = getattr(factory, "sync_capable", True)
        self.async_capable = getattr(factory, "async_capable", False)
        self.built: Any = None
        self.is_async = False
        self.is_adapted = False
        self.is_unused = False
        self.is_given_async = False  # what it calls is marked as a coroutine function
        self.adapted: list[Any] = []  # its hooks that Django put a change of mode round

    def __call__(self, get_response: Any) -> Any:
        """Build it as Django asked."""
        from django.core.exceptions import MiddlewareNotUsed

        self.is_given_async = is_coroutine(get_response)
        try:
            self.built = self.factory(get_response)
        except MiddlewareNotUsed:
            self.is_unused = True
            raise
        return self.built

    def note(self, method: Any, adapted: Any, *, is_async: bool) -> None:
        """Take down what Django adapts: first what this one calls, then its hooks."""
        if self.built is None:
            self.is_async, self.is_adapted = is_async, adapted is not method
        elif adapted is not method:
            self.adapted.append(method)


def observe_chain(warnings: list[str]) -> list[dict[str, Any]]:
    """Build the chain for ASGI; return the host's ``Middleware``, the outermost first.

    Raises GuestError where Django can't build it: no server would start either.
    """
    from django.core.handlers.base import BaseHandler

    entries: list[Entry] = []
    asked: list[str] = []
    handler = BaseHandler()
    adapt = handler.adapt_method_mode

    def watch(is_async: bool, method: Any, *rest: Any, **named: Any) -> Any:
        adapted = adapt(is_async, method, *rest, **named)
        if entries:
            entries[-1].note(method, adapted, is_async=is_async)
        return adapted

    handler.adapt_method_mode = watch
    with _watched_imports(handler, entries, asked):
        try:
            handler.load_middleware(is_async=True)
        except Exception as error:
            named = f"the middleware {asked[-1]}" if asked else "the middleware"
            fault = explain(error)
            raise GuestError(f"{named} can't be built: {fault.what}", fault.hint) from error
    for entry in entries:
        warnings += _doubt(entry)
    return [_describe(entry) for entry in reversed(entries)]


@contextmanager
def _watched_imports(handler: Any, entries: list[Entry], asked: list[str]) -> Iterator[None]:
    """Watch what that handler brings in: a module among it may build another."""
    from django.core.handlers import base

    bring: Callable[[str], Any] = base.import_string

    def watched(name: str) -> Any:
        if not _is_building(handler):
            return bring(name)
        asked.append(name)
        entries.append(Entry(name, bring(name)))
        return entries[-1]

    base.import_string = watched
    try:
        yield
    finally:
        base.import_string = bring


def _is_building(handler: Any) -> bool:
    """Whether it is this handler that loads its middleware: the innermost that does."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 # Django doesn't say who asks
    while frame is not None and frame.f_code.co_name != "load_middleware":
        frame = frame.f_back
    return frame is not None and frame.f_locals.get("self") is handler


def _describe(entry: Entry) -> dict[str, Any]:
    is_async = entry.is_async and not entry.is_unused
    place = locate(peel(entry.factory).inner)
    return {
        "name": entry.name,
        "can_sync": bool(entry.sync_capable),
        "can_async": bool(entry.async_capable),
        "is_async": is_async,
        "is_adapted": entry.is_adapted and not entry.is_unused,
        "hooks": [hook for hook in HOOKS if hasattr(entry.built, hook)],
        "hops": _find_hops(entry),
        "async_hooks": _find_async_hooks(entry),
        "file": place.file,
        "line": place.line,
        "is_unused": entry.is_unused,
    }


def _find_hops(entry: Entry) -> list[str]:
    """Return the hooks at which a request leaves the loop for a thread, as the chain is built.

    ``process_exception`` always runs in a thread, but then only after an exception.
    """
    found = []
    for hook in HOOKS:
        method = getattr(entry.built, hook, None)
        is_by_mixin = hook in BY_MIXIN and is_coroutine(entry.built) and _is_mixins(entry.built)
        is_adapted = hook not in BY_MIXIN and any(method == each for each in entry.adapted)
        if method is not None and (is_by_mixin or is_adapted or hook == "process_exception"):
            found.append(hook)
    return found


def _find_async_hooks(entry: Entry) -> list[str]:
    """Return the hooks that are never a hop, whatever the order: its own code awaits them."""
    found = []
    for hook in HOOKS:
        method = getattr(entry.built, hook, None)
        is_own = not _is_mixins(entry.built) if hook in BY_MIXIN else is_coroutine(method)
        if method is not None and is_own:
            found.append(hook)
    return found


def _is_mixins(built: Any) -> bool:
    """Whether Django's own mixin calls its hooks: in a thread each, when it runs on the loop."""
    from django.utils.deprecation import MiddlewareMixin

    kind = type(built)
    if not isinstance(built, MiddlewareMixin) or kind.__acall__ is not MiddlewareMixin.__acall__:
        return False
    called = getattr(kind.__call__, "__code__", None)
    passes_on = called is not None and {"super", "__acall__"} & set(called.co_names)
    return kind.__call__ is MiddlewareMixin.__call__ or bool(passes_on)


def _doubt(entry: Entry) -> list[str]:
    """Say where what a middleware says of itself isn't what Django sees in what it made.

    Of several in a row only the innermost: the others take over what it began.
    """
    if entry.built is None or entry.is_async == is_coroutine(entry.built):
        return []
    if entry.is_async and not entry.is_given_async:
        return []
    if entry.is_async:
        doubt = "says that it can be async, but isn't marked so: those outside take it for sync"
    else:
        doubt = "is a coroutine function, but Django calls it as a sync one"
    return [f"{entry.name} {doubt}"]
