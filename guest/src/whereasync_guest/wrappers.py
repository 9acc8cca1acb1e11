"""Takes a callable out of what it is wrapped in: decorators, partials, adapters, lazy objects.

A wrapper usually takes the wrapped one's name (``functools.wraps``), so a newcomer would believe
``__name__`` and ``__qualname__``. What it really is stands in its code object.
"""

from __future__ import annotations

import functools
import inspect
import sys
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 100  # wrappers; an object that answers anything to __wrapped__ would go on for ever
# What decorators without functools.wraps call the function they were given.
GIVEN = {"callback", "f", "fn", "func", "function", "handler", "method", "original", "view"}
GIVEN |= {"view_fn", "view_func", "viewfunc", "wrapped", "wrapped_view"}
# Django makes these from middleware, and what they are called is kept nowhere.
FROM_MIDDLEWARE = {
    "CacheMiddleware": "django.views.decorators.cache.cache_page",
    "ConditionalGetMiddleware": "django.views.decorators.http.conditional_page",
    "CsrfViewMiddleware": "django.views.decorators.csrf.csrf_protect",
    "GZipMiddleware": "django.views.decorators.gzip.gzip_page",
    "_EnsureCsrfCookie": "django.views.decorators.csrf.ensure_csrf_cookie",
    "_EnsureCsrfToken": "django.views.decorators.csrf.requires_csrf_token",
}


class Peeled(NamedTuple):
    """What was found inside, and what it was wrapped in."""

    inner: Any
    owner: type | None  # whose method it was, where it was bound
    decorators: tuple[str, ...]  # the outermost first


def is_coroutine(thing: Any) -> bool:
    """Whether Django's handler would await what a callable returns: asked as Django asks it.

    Django 4.1 asks asyncio, later ones asgiref, 6.1 inspect: the answers differ by Python version.
    """
    from django.core.handlers import base

    ask = getattr(base, "iscoroutinefunction", None)
    return bool(ask(thing) if ask else base.asyncio.iscoroutinefunction(thing))


def is_function(thing: Any) -> bool:
    """Whether it really is one: a lazy object says so of what is inside."""
    return type(thing) is FunctionType


def is_written_async(function: Any) -> bool:
    """Whether the code of a function itself is async, a generator included."""
    return is_coroutine(function) or inspect.isasyncgenfunction(function)


def peel(thing: Any, is_core: Callable[[Any], bool] = lambda _: False) -> Peeled:
    """Unwrap a callable until nothing is left to unwrap, or until ``is_core`` says so."""
    owner: type | None = None
    names: list[str] = []
    for _ in range(DEEPEST):
        if is_core(thing):
            break
        if inspect.ismethod(thing):
            itself = thing.__self__
            owner = itself if isinstance(itself, type) else type(itself)
            thing = thing.__func__
            continue
        opened = _open(thing)
        if opened is None:
            break
        names += name_wrapper(thing)
        thing = opened
    return Peeled(thing, owner, tuple(names))


def _open(thing: Any) -> Any:
    """Return what a wrapper wraps, or None where it is none."""
    from asgiref.sync import AsyncToSync, SyncToAsync
    from django.utils.functional import LazyObject

    if isinstance(thing, type):
        return None
    if issubclass(type(thing), LazyObject):  # isinstance would ask what is inside
        return _open_lazy(thing)
    if isinstance(thing, (functools.partial, SyncToAsync)):
        return thing.func
    if isinstance(thing, AsyncToSync):
        return thing.awaitable
    wrapped = getattr(thing, "__wrapped__", None)
    if wrapped is not None:
        return wrapped if callable(wrapped) and not isinstance(wrapped, type) else None
    return _open_closure(thing)


def _open_lazy(thing: Any) -> Any:
    from django.utils.functional import empty

    if thing._wrapped is empty:  # noqa: SLF001 # Django's own name for it, since 1.0
        thing._setup()  # noqa: SLF001
    return thing._wrapped  # noqa: SLF001


def _open_closure(thing: Any) -> Any:
    """Return the one function that a nested function was given, where its decorator forgot wraps.

    Only under the usual names: a view may well hold callables that it isn't a wrapper of.
    """
    if not is_function(thing):
        return None
    given = [cell for name, cell in read_cells(thing).items() if name in GIVEN and callable(cell)]
    return given[0] if len(given) == 1 and not isinstance(given[0], type) else None


def read_cells(function: FunctionType) -> dict[str, Any]:
    """Return what a nested function holds of those around it, name → value."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or ())
    return {name: _read(cell) for name, cell in cells}


def _read(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


def name_wrapper(wrapper: Any) -> list[str]:
    """Return what a wrapper stands for, or a decorator, as dotted names, the outermost first.

    Several for ``method_decorator`` of several.
    """
    return _name_function(wrapper) if is_function(wrapper) else [_name_object(wrapper)]


def _name_object(wrapper: Any) -> str:
    kind = type(wrapper)
    by = getattr(wrapper, "_self_wrapper", None)  # wrapt's
    if isinstance(by, FunctionType) and kind.__module__.startswith("wrapt"):
        return _name_function(by)[0]
    known = {
        "asgiref.sync.AsyncToSync": "asgiref.sync.async_to_sync",
        "asgiref.sync.SyncToAsync": "asgiref.sync.sync_to_async",
        "functools._lru_cache_wrapper": "functools.lru_cache",
    }
    name = f"{kind.__module__}.{kind.__qualname__}"
    return known.get(name, name)


def _name_function(wrapper: FunctionType) -> list[str]:
    module = str(wrapper.__globals__.get("__name__", ""))
    name = f"{module}.{_find_qualname(wrapper.__code__, module).split('.<locals>')[0]}"
    cells = read_cells(wrapper)
    if name == "django.utils.decorators._multi_decorate":
        return _name_several(cells.get("decorators"))
    if name == "django.utils.decorators.make_middleware_decorator":
        return [_name_middleware(wrapper) or name]
    if name == "django.contrib.auth.decorators.user_passes_test":
        return [_name_test(cells.get("test_func")) or name]
    if name == "contextlib.ContextDecorator.__call__":
        return [_name_context(cells.get("self")) or name]
    return [name]


def _name_several(decorators: Any) -> list[str]:
    """Name what ``method_decorator`` was given; it applies its list from the end."""
    given = decorators if isinstance(decorators, (list, tuple)) else [decorators]
    return [name for each in reversed(given) for name in name_wrapper(each)]


def _name_test(test: Any) -> str:
    """Return which decorator made a test for user_passes_test: login_required, say."""
    qualname = getattr(test, "__qualname__", "")
    return f"{test.__module__}.{qualname.split('.<locals>')[0]}" if ".<locals>" in qualname else ""


def _name_context(manager: Any) -> str:
    function = getattr(manager, "func", None)  # @contextmanager's
    if isinstance(function, FunctionType):
        return f"{function.__module__}.{function.__qualname__}"
    named = f"{type(manager).__module__}.{type(manager).__qualname__}"
    return {"django.db.transaction.Atomic": "django.db.transaction.atomic"}.get(named, named)


def _name_middleware(wrapper: FunctionType) -> str:
    """Name a decorator made from a middleware, which it holds, or functions hold that it holds."""
    for function in (wrapper, *filter(is_function, read_cells(wrapper).values())):
        cells = read_cells(function)
        kind = cells.get("middleware_class") or type(cells.get("middleware"))
        if kind is not type(None):
            return FROM_MIDDLEWARE.get(kind.__name__, f"{kind.__module__}.{kind.__qualname__}")
    return ""


def _find_qualname(code: CodeType, module: str) -> str:
    qualname = getattr(code, "co_qualname", None)  # from Python 3.11
    return str(qualname or _index(module).get(code, code.co_name))


@functools.cache
def _index(module: str) -> dict[CodeType, str]:
    """Return the qualified name of all code in a module, for Pythons that don't keep it."""
    found: dict[CodeType, str] = {}
    home = vars(sys.modules[module]) if module in sys.modules else {}
    for value in list(home.values()):
        is_class = issubclass(type(value), type) and value.__module__ == module
        prefix = f"{value.__qualname__}." if is_class else ""
        for thing in list(vars(value).values()) if is_class else [value]:
            for function in _list_functions(thing, home):
                _add(found, function.__code__, prefix + function.__code__.co_name)
    return found


def _list_functions(thing: Any, home: dict[str, Any]) -> Iterator[FunctionType]:
    """Yield a function, and what it wraps, if written in the module; asks nothing of others.

    A lazy object in the module, the settings for one, would be made by any question.
    """
    inner = thing.__func__ if issubclass(type(thing), (classmethod, staticmethod)) else thing
    while is_function(inner):
        if inner.__globals__ is home:
            yield inner
        inner = vars(inner).get("__wrapped__")


def _add(found: dict[CodeType, str], code: CodeType, name: str) -> None:
    found.setdefault(code, name)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _add(found, constant, f"{name}.<locals>.{constant.co_name}")
