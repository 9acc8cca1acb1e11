"""Django's test tools against servers: what they say, and why it differs.

Sentences are made from the figures of the run, and left out where those don't bear them. A newcomer
would show one ratio: whether a tool can be trusted depends on how many requests are under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.demo.emulation import ARMS, CLIENTS, VIEWS, WAIT
from whereasync.document import (
    Count,
    Document,
    Ratio,
    Seconds,
    bad,
    caveat,
    code,
    dim,
    fault,
    heading,
    items,
    left,
    next_step,
    paragraph,
    qualify,
    right,
    strong,
    table,
)
from whereasync.model import Way
from whereasync.reports.cells import CUT_SHORT
from whereasync.results.emulation import find_timings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whereasync.document import Block, Line, Part
    from whereasync.results import Results, Timing

ONE, MANY = CLIENTS
FAR = 1.5  # × or ÷ as much as the server, with its whole interval: not to be trusted
SHOWN = (Way.WSGI, Way.CLIENT, Way.ASGI, Way.ASYNC_CLIENT, Way.FACTORY)
UNDER = (Way.ASYNC_CLIENT, Way.WRAPPED, Way.HANDLER, Way.ASGI)
TITLES = {
    Way.WSGI: ARMS[Way.WSGI].server,
    Way.ASGI: ARMS[Way.ASGI].server,
    Way.WRAPPED: "in a ThreadSensitiveContext",
    Way.HANDLER: "ASGI handler, no server",
}
STACK = ("django", "asgiref", "psycopg", "psycopg2-binary", "gunicorn", "uvicorn")
CAPTIONS = {
    ONE: "One request at a time",
    MANY: f"{MANY} requests at once, until the last answer",
}
STANDS_FOR = (
    "× is of the server that it stands for: gunicorn for Client and RequestFactory on a sync view, "
    "uvicorn for the rest."
)
ONE_THREAD = (
    "AsyncClient never enters asgiref's ThreadSensitiveContext, as the ASGI handler does for each "
    "request. So every sync view, and every ORM call of an async view, waits for the same thread."
)
ANOTHER_LOOP = (
    "Client runs an async view in an event loop of its own for each request, as a WSGI server "
    "would, and not as the ASGI server you mean."
)
ONE_CONNECTION = (
    "The test tools keep their database connection; a server with CONN_MAX_AGE=0 connects for each "
    "request. One query, sync:"
)
PAIRS = (  # title, what is so, then the two timings that show it
    (
        "One connection.",
        ONE_CONNECTION,
        ("query", "sync", Way.CLIENT),
        "through Client, on the server",
        ("query", "sync", Way.WSGI),
    ),
    (
        "No server.",
        "Neither socket nor parser: hello, async, takes the bare ASGI handler",
        ("hello", "async", Way.HANDLER),
        "and the server",
        ("hello", "async", Way.ASGI),
    ),
    (
        "No middleware.",
        "The request factories call the view itself: hello, async, in",
        ("hello", "async", Way.FACTORY),
        "instead of the handler's",
        ("hello", "async", Way.HANDLER),
    ),
)


def report(results: Results) -> Document:
    """Return the report of a run of ``demo test-client``."""
    return Document(title="Can the test client time a view?", blocks=tuple(_walk(results)))


def _walk(results: Results) -> Iterator[Block]:
    run, timings = results.run, Timings(results.timings)
    yield from _answer(timings)
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)
    for clients in CLIENTS:
        yield from _tabulate(timings, clients)
    yield from _explain(timings)
    yield from _close(results)


class Timings:
    """The run's timings, by what they are of."""

    def __init__(self, timings: tuple[Timing, ...]) -> None:
        """Take all of them."""
        self.all = timings
        self._known = {(each.view, each.variant, each.way, each.clients): each for each in timings}

    def get(self, view: str, variant: str, way: Way, clients: int) -> Timing | None:
        """Return one, or None where there is none, or it was never answered."""
        found = self._known.get((view, variant, way, clients))
        return found if found and found.seconds else None

    def seconds(self, view: str, variant: str, way: Way, clients: int) -> Part:
        """Return its median as a figure; None where there is none."""
        found = self.get(view, variant, way, clients)
        return Seconds(found.seconds.value) if found and found.seconds else None


def is_far(timing: Timing) -> bool:
    """Tell whether a tool is surely too far from its server to be trusted."""
    ratio = timing.ratio
    if ratio is None or ratio.low is None or ratio.high is None:
        return False
    return ratio.low > FAR or ratio.high < 1 / FAR


# ---------------------------------------------------------------- the answer


def _answer(timings: Timings) -> Iterator[Block]:
    queue = timings.get("wait", "sync", Way.ASYNC_CLIENT, MANY)
    parts: list[Part] = []
    if queue and queue.seconds and queue.ratio and is_far(queue):
        parts += [strong("Not with several requests at once: "), "AsyncClient takes "]
        parts += [Seconds(queue.seconds.value), " for ", Count(MANY)]
        parts += [f" to a sync view that waits {WAIT} ms, a server "]
        parts += [timings.seconds("wait", "sync", Way.ASGI, MANY)]
        parts += [" (", Ratio(queue.ratio.value), "), since it has one thread for all of them. "]
    parts += [*_range(timings, Way.ASYNC_CLIENT), *_range(timings, Way.CLIENT)]
    yield paragraph(*parts or [bad("Nothing was measured that could be compared.")])


def _range(timings: Timings, way: Way) -> Iterator[Part]:
    """Say between which parts of a server's time a tool takes for one request, and for which."""
    alone = {
        each.ratio.value: each
        for each in find_timings(timings.all, way=way, clients=ONE)
        if each.ratio
    }
    if alone:
        yield from (f"One at a time, {way.value} takes from ", Ratio(min(alone)))
        yield from (f" ({_name(alone[min(alone)])}) to ", Ratio(max(alone)))
        yield f" ({_name(alone[max(alone)])}) of a server's time. "


def _name(timing: Timing) -> str:
    (view,) = (each for each in VIEWS if each.name == timing.view)
    return f"{view.label}, {timing.variant}"


# ---------------------------------------------------------------- tables


def _tabulate(timings: Timings, clients: int) -> Iterator[Block]:
    def show(view: str, variant: str) -> list[Line]:
        return [_show(timings, view, variant, way, clients) for way in SHOWN]

    rows = _rows(show)
    if rows:
        yield table(
            [left("view"), *(right(TITLES.get(way, way.value)) for way in SHOWN)],
            rows,
            caption=CAPTIONS[clients],
            notes=(STANDS_FOR,) if clients == MANY else (),
        )


def _rows(show: Callable[[str, str], list[Line]]) -> list[list[Line]]:
    """Return a row for each view that has any figure, its name before what ``show`` gives."""
    shown = (
        (view, variant, show(view.name, variant)) for view in VIEWS for variant in view.variants
    )
    return [[f"{view.label}, {variant}", *cells] for view, variant, cells in shown if any(cells)]


def _show(timings: Timings, view: str, variant: str, way: Way, clients: int) -> Line:
    found = timings.get(view, variant, way, clients)
    if found is None or found.seconds is None:
        return None
    if found.ratio is None:
        return strong(Seconds(found.seconds.value))
    ratio = Ratio(found.ratio.value)
    return Seconds(found.seconds.value), " ", bad(ratio) if is_far(found) else dim(ratio)


# ---------------------------------------------------------------- why


def _explain(timings: Timings) -> Iterator[Block]:
    def show(view: str, variant: str) -> list[Line]:
        cells: list[Line] = [timings.seconds(view, variant, way, MANY) for way in UNDER]
        return cells if all(cells) else []

    yield heading("Why")
    rows = _rows(show)
    if rows:
        yield table(
            [left("view"), *(right(TITLES.get(way, way.value)) for way in UNDER)],
            rows,
            caption=f"From AsyncClient to a server in three steps, {MANY} requests at once",
        )
    yield items(*_reasons(timings))


def _reasons(timings: Timings) -> Iterator[Line]:
    """Yield each reason with the two figures that show it; tests prove them one by one."""
    yield strong("One thread. "), ONE_THREAD
    inside = [timings.get("wait", "sync", way, MANY) for way in (Way.ASYNC_CLIENT, Way.ASGI)]
    emulated, served = (each.in_view if each else None for each in inside)
    if emulated and served:
        yield (
            *(strong("The view's own clock doesn't see it. "), "It says ", Seconds(emulated)),
            *(" under AsyncClient and ", Seconds(served), " on the server: "),
            "the wait comes before the view.",
        )
    for title, said, first, between, second in PAIRS:
        yield (
            *(strong(f"{title} "), f"{said} ", timings.seconds(*first, ONE)),
            *(f" {between} ", timings.seconds(*second, ONE), "."),
        )
    yield strong("Another loop. "), ANOTHER_LOOP


def _close(results: Results) -> Iterator[Block]:
    run = results.run
    for each in results.timings:
        if each.fault:
            yield fault(each.fault)
            break
    if run.database and run.database.vendor == "SQLite":
        yield caveat("SQLite has no query that waits, so that view was left out")
    for found in run.caveats:
        yield qualify(found)
    yield next_step("Time concurrency on a server: ", code("whereasync race A B"), ".")
    yield next_step(
        *("In a test of your own, put ", code("async with ThreadSensitiveContext():")),
        *(" around each ", code("await client.get(…)"), ": each has its thread then. "),
        "Not in Django's TestCase, whose async tests run under async_to_sync.",
    )
    number = max((each.runs for each in results.timings), default=0)
    stack = [f"{name} {run.versions[name]}" for name in STACK if name in run.versions]
    yield paragraph(
        *(dim(f"Medians of {number} runs; red: surely over "), dim(Ratio(FAR)), dim(" off. ")),
        *(dim(", ".join(stack)), dim(f". Seed {run.seed}, "), dim(Seconds(run.elapsed)), dim(".")),
    )
