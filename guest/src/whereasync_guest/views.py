"""A URL pattern's callback as the handlers in it: the user's code, by HTTP method.

One callback can hide several: a class has a method each, a view set its actions, a path of
django-ninja its operations. A newcomer would take ``iscoroutinefunction`` of the callback for the
whole answer: it says how Django calls it, not what the user wrote.
"""

from __future__ import annotations

import inspect
from types import CodeType, FunctionType
from typing import Any

from whereasync_guest.places import NOWHERE, Place, is_installed, locate
from whereasync_guest.wrappers import is_coroutine, is_written_async, peel, read_cells

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
FRAMEWORKS = ("django", "rest_framework")
API_VIEWS = {"rest_framework.decorators.api_view", "adrf.decorators.api_view"}

Handler = dict[str, Any]


def find_handlers(callback: Any) -> list[Handler]:
    """Return what answers at a URL pattern, as the host's ``Handler`` has it."""
    peeled = peel(callback, _is_core)
    common = {
        "is_called_async": is_coroutine(callback),
        "is_csrf_exempt": bool(getattr(callback, "csrf_exempt", False)),
        "is_atomic": _is_atomic(callback),
    }
    found = _describe(callback, peeled.inner, peeled.owner)
    for handler in found:
        handler["decorators"] = [*peeled.decorators, *handler["decorators"]]
        handler.update(common)
    return found


def _describe(callback: Any, core: Any, owner: type | None) -> list[Handler]:
    operations = _find_operations(core)
    if operations is not None:
        return [_describe_operation(each) for each in operations]
    kind = _find_class(core) or getattr(callback, "view_class", None)
    if isinstance(kind, type):
        return _describe_class(kind, core if _find_class(core) else callback)
    if isinstance(core, FunctionType):
        return [_handler(_name(core, owner), "function", core, _locate(core, owner))]
    return [_describe_object(core)]


def _is_core(thing: Any) -> bool:
    return _find_class(thing) is not None or _find_operations(thing) is not None


def _is_atomic(callback: Any) -> bool:
    """Whether ATOMIC_REQUESTS would hold, where a database says it."""
    from django.db import connections

    spared = getattr(callback, "_non_atomic_requests", ())
    asked = [name for name, told in connections.settings.items() if told.get("ATOMIC_REQUESTS")]
    return any(alias not in spared for alias in asked or ["default"])


# ---------------------------------------------------------------- functions and objects


def _name(function: FunctionType, owner: type | None) -> str:
    if owner is not None:
        return f"{owner.__module__}.{owner.__qualname__}.{function.__name__}"
    return f"{function.__module__}.{function.__qualname__}"


def _locate(function: FunctionType, owner: type | None) -> Place:
    """Return a function's place; its class's where a framework's method was merely inherited."""
    place = locate(function)
    if owner is None or not is_installed(place.file):
        return place
    is_own = _package(owner.__module__) == _package(function.__module__)
    inherited = NOWHERE if is_own else locate(owner)
    return inherited if inherited.file else place


def _package(module: str) -> str:
    return module.partition(".")[0]


def _handler(name: str, kind: str, code: Any, place: Place) -> Handler:
    return {
        "name": name,
        "kind": kind,
        "is_async": is_written_async(code),
        "methods": [],
        "file": place.file,
        "line": place.line,
        "decorators": [],
    }


def _describe_object(thing: Any) -> Handler:
    """Describe an object that is called, as a feed, or a class that is."""
    kind = thing if isinstance(thing, type) else type(thing)
    called = peel(None if isinstance(thing, type) else inspect.getattr_static(kind, "__call__"))
    code = called.inner if isinstance(called.inner, FunctionType) else None
    place = _locate(code, kind) if code else locate(kind)
    handler = _handler(f"{kind.__module__}.{kind.__qualname__}", "other", code or thing, place)
    handler["decorators"] = list(called.decorators)
    return handler


# ---------------------------------------------------------------- classes


def _find_class(thing: Any) -> type | None:
    """Return the class if a function is what its ``as_view`` made, and no wrapper round that.

    Wrappers carry ``view_class`` too, and what ``as_view`` made carries the ``__wrapped__`` of a
    decorated dispatch: only the code tells them apart.
    """
    if not isinstance(thing, FunctionType):
        return None
    kind = getattr(thing, "view_class", None) or getattr(thing, "cls", None)
    if not isinstance(kind, type):
        return None
    makers = (vars(each)["as_view"] for each in kind.__mro__ if "as_view" in vars(each))
    is_made = any(_is_inside(thing.__code__, maker) for maker in makers)
    return kind if is_made else None


def _is_inside(code: CodeType, maker: Any) -> bool:
    function = getattr(maker, "__func__", None)
    if not isinstance(function, FunctionType):
        return False
    return code in peel(function).inner.__code__.co_consts


def _describe_class(kind: type, view: Any) -> list[Handler]:
    told = {**getattr(view, "view_initkwargs", {}), **getattr(view, "initkwargs", {})}
    named = getattr(kind, "http_method_names", METHODS)
    allowed: list[str] = list(told.get("http_method_names", named))
    actions = getattr(view, "actions", None)
    methods: dict[str, str] = actions if isinstance(actions, dict) else {m: m for m in METHODS}
    answered = _group(kind, {key: name for key, name in methods.items() if key in allowed})
    if "head" in allowed and not any("HEAD" in each for each in answered.values()):
        for each in answered.values():
            each.extend(["HEAD"] * ("GET" in each))  # as both frameworks do for one without
    dispatch = peel(getattr(kind, "dispatch", None))
    found = [
        _describe_method(kind, name, of, is_action=isinstance(actions, dict))
        for name, of in answered.items()
    ]
    if not found:
        code = dispatch.inner
        place = _locate(code, kind) if isinstance(code, FunctionType) else locate(kind)
        found = [_handler(f"{kind.__module__}.{kind.__qualname__}", "class", code, place)]
    for handler in found:
        handler["decorators"] = [*dispatch.decorators, *handler["decorators"]]
    return found


def _group(kind: type, methods: dict[str, str]) -> dict[str, list[str]]:
    """Return attribute → HTTP methods; those that share a function share an entry."""
    found: dict[int, tuple[str, list[str]]] = {}
    for method in sorted(methods, key=lambda name: METHODS.index(name) if name in METHODS else 99):
        function = getattr(kind, methods[method], None)
        if callable(function) and not (method == "options" and _is_frameworks(function)):
            found.setdefault(id(function), (methods[method], []))[1].append(method.upper())
    return dict(found.values())


def _is_frameworks(function: Any) -> bool:
    return _package(getattr(function, "__module__", None) or "") in FRAMEWORKS


def _describe_method(kind: type, name: str, answered: list[str], *, is_action: bool) -> Handler:
    peeled = peel(getattr(kind, name))
    code = peeled.inner
    if API_VIEWS & {*peeled.decorators} and isinstance(code, FunctionType):
        handler = _handler(_name(code, None), "function", code, locate(code))
    else:
        place = _locate(code, kind) if isinstance(code, FunctionType) else locate(kind)
        written = f"{kind.__module__}.{kind.__qualname__}.{name}"
        handler = _handler(written, "action" if is_action else "class", code, place)
    handler["methods"] = answered
    handler["decorators"] = list(peeled.decorators)
    return handler


# ---------------------------------------------------------------- django-ninja


def _find_operations(thing: Any) -> list[Any] | None:
    """Return the operations of the path of django-ninja that a callback closes over or is of."""
    path = getattr(thing, "__self__", None)
    if path is None and isinstance(thing, FunctionType):
        path = read_cells(thing).get("self")
    operations = getattr(path, "operations", None)
    is_path = isinstance(operations, list) and hasattr(path, "get_view")
    return operations if is_path else None


def _describe_operation(operation: Any) -> Handler:
    peeled = peel(operation.view_func)
    code = peeled.inner
    if isinstance(code, FunctionType):
        name, place = _name(code, peeled.owner), _locate(code, peeled.owner)
    else:
        name, place = f"{type(code).__module__}.{type(code).__qualname__}", locate(code)
    handler = _handler(name, "operation", code, place)
    handler["methods"] = [str(method).upper() for method in operation.methods]
    handler["decorators"] = list(peeled.decorators)
    return handler
