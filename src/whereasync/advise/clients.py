"""What tests do with Django's test clients, read from their source.

``Client`` runs an async view as WSGI would, in a new loop a call; ``AsyncClient`` keeps one thread
for all requests. Both are right for asking *whether* a view works, and say little about how fast or
how concurrently a server runs it. Only what the source spells out is told: a path or a route's name
that stands there, a clock or a gather in the same function.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whereasync.model import SourceText

METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace", "generic"}
SYNC = {"client", "Client"}
ASYNC = {"async_client", "aclient", "AsyncClient"}
CLOCKS = {"perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "time", "timeit"}
REVERSES = {"reverse", "reverse_lazy"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ASKS = ("lient.", "lient(")
CLOCK_OR_GATHER = re.compile(r"perf_counter|monotonic|timeit|\btime\(|\b(?:gather|create_task)\(")
LITERAL = re.compile(r"[\"']([^\"'?\n]+)")


class Misuse(StrEnum):
    """What is done with a test client that a server would do otherwise."""

    TIMED = "timed"  # requests stand in a function that reads a clock
    GATHERED = "gathered"  # several at once through AsyncClient
    ASKED = "asked"  # an async view through Client


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientUse:
    """A request through a test client, and what is misunderstood about it."""

    misuse: Misuse
    is_async: bool  # through AsyncClient
    file: str
    line: int
    test: str  # the function's name
    view: str = ""  # the async view's path or route name, as it stands there


def find_uses(tests: Iterable[SourceText], views: frozenset[str]) -> tuple[ClientUse, ...]:
    """Return the telling uses in the tests' source.

    ``views`` are paths and route names of async views; files that can't be parsed are passed over.
    """
    return tuple(use for file in tests for use in _read(file, views))


def _read(file: SourceText, views: frozenset[str]) -> Iterator[ClientUse]:
    if not _is_worth_parsing(file.text, views):
        return
    try:
        tree = ast.parse(file.text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            yield from _read_function(node, file.path, views)


def _is_worth_parsing(text: str, views: frozenset[str]) -> bool:
    """Tell whether there may be something: parsing takes a hundred times as long as looking."""
    if not any(word in text for word in ASKS):
        return False
    return bool(CLOCK_OR_GATHER.search(text)) or not views.isdisjoint(LITERAL.findall(text))


def _read_function(
    function: ast.FunctionDef | ast.AsyncFunctionDef, path: str, views: frozenset[str]
) -> Iterator[ClientUse]:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    requests = [(call, is_async) for call in calls if (is_async := _ask(call)) is not None]
    if not requests:
        return
    first, is_async = min(requests, key=lambda each: each[0].lineno)
    if any(_is_clock(call) for call in calls):
        yield _use(Misuse.TIMED, first, path, function.name, is_async=is_async)
    for call in calls:
        inside = {id(node) for node in ast.walk(call)} if _is_gather(call) else set()
        if any(is_async and id(request) in inside for request, is_async in requests):
            yield _use(Misuse.GATHERED, call, path, function.name, is_async=True)
    for call, is_async in requests:
        view = _find_view(call, views)
        if view and not is_async:
            yield _use(Misuse.ASKED, call, path, function.name, is_async=False, view=view)


def _use(  # noqa: PLR0913 # a field of the noun each
    misuse: Misuse, call: ast.Call, path: str, test: str, *, is_async: bool, view: str = ""
) -> ClientUse:
    return ClientUse(
        misuse=misuse, is_async=is_async, file=path, line=call.lineno, test=test, view=view
    )


def _ask(call: ast.Call) -> bool | None:
    """Tell whether a call is a request through AsyncClient; None where it is no request.

    A bare ``client`` may be anybody's, of a cache or a broker: that one must be asked for a path.
    """
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in METHODS:
        return None
    asked = call.func.value
    name = _last_name(asked)
    if name not in SYNC | ASYNC or (isinstance(asked, ast.Name) and not _has_path(call)):
        return None
    return name in ASYNC


def _has_path(call: ast.Call) -> bool:
    """Tell whether the first argument is a path, or reversed from a route's name."""
    target = next(iter(call.args), None)
    if isinstance(target, ast.JoinedStr):
        target = next(iter(target.values), None)
    if isinstance(target, ast.Call):
        return _last_name(target) in REVERSES
    return isinstance(target, ast.Constant) and str(target.value).startswith("/")


def _last_name(node: ast.expr) -> str:
    """Return "client" of ``self.client``, of ``client`` and "Client" of ``Client()``."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_clock(call: ast.Call) -> bool:
    """Tell whether a call reads a clock; of ``time`` only ``time.time()`` and ``time()`` do."""
    return _last_name(call) in CLOCKS and not call.args


def _is_gather(call: ast.Call) -> bool:
    return _last_name(call) in {"gather", "create_task"}


def _find_view(call: ast.Call, views: frozenset[str]) -> str:
    """Return the async view that is asked: its path is written out, or its name reversed."""
    target = next(iter(call.args), None)
    if isinstance(target, ast.Call) and _last_name(target) in REVERSES:
        target = next(iter(target.args), None)
    if isinstance(target, ast.Constant) and isinstance(target.value, str):
        asked = target.value.partition("?")[0]
        return asked if asked in views else ""
    return ""
