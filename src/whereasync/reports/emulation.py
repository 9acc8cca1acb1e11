"""Django's test tools against servers: what they say, and why it differs.

Sentences are made from the figures of the run, and left out where those don't bear them. A newcomer
would show one ratio: whether a tool can be trusted depends on how many requests are under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.demo.emulation import ARMS, CLIENTS, VIEWS
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
from whereasync.reports.demo import CUT_SHORT
from whereasync.results.emulation import find_timings

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    parts: list[Part] = []
    queue = timings.get("wait", "sync", Way.ASYNC_CLIENT, MANY)
    if queue and queue.ratio and is_far(queue):
        server = timings.seconds("wait", "sync", Way.ASGI, MANY)
        parts += [
            strong("Not with several requests at once: "), Count(MANY),
            " to a sync view that waits take AsyncClient ", queue.seconds and
            Seconds(queue.seconds.value), ", a server ", server, " (", Ratio(queue.ratio.value),
            "), because AsyncClient has one thread for all of them. ",
        ]  # fmt: skip
    for way in (Way.ASYNC_CLIENT, Way.CLIENT):
        alone = [
            each.ratio.value
            for each in find_timings(timings.all, way=way, clients=ONE)
            if each.ratio
        ]
        if alone:
            parts += [
                "One at a time, ", way.value, " takes ", Ratio(min(alone)), " to ",
                Ratio(max(alone)), " of a server's time. ",
            ]  # fmt: skip
    if parts:
        yield paragraph(*parts)
    else:
        yield paragraph(bad("Nothing was measured that could be compared."))


# ---------------------------------------------------------------- tables


def _tabulate(timings: Timings, clients: int) -> Iterator[Block]:
    rows = [
        [f"{view.label}, {variant}", *(_show(timings, view.name, variant, way, clients) for way in SHOWN)]
        for view in VIEWS
        for variant in view.variants
        if any(timings.get(view.name, variant, way, clients) for way in SHOWN)
    ]  # fmt: skip
    if rows:
        yield table(
            [left("view"), *(right(TITLES.get(way, way.value)) for way in SHOWN)],
            rows,
            caption="One request at a time" if clients == ONE else f"{clients} requests at once, "
            "until the last answer",
            notes=(_note(),) if clients == MANY else (),
        )


def _note() -> Line:
    return (
        "× is of the server that it stands for: gunicorn for Client and RequestFactory on a sync "
        "view, uvicorn for the rest.",
    )


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
    yield heading("Why")
    rows = [
        [f"{view.label}, {variant}", *(timings.seconds(view.name, variant, way, MANY) for way in UNDER)]
        for view in VIEWS
        for variant in view.variants
        if all(timings.get(view.name, variant, way, MANY) for way in UNDER)
    ]  # fmt: skip
    if rows:
        yield table(
            [left("view"), *(right(TITLES.get(way, way.value)) for way in UNDER)],
            rows,
            caption=f"From AsyncClient to a server in three steps, {MANY} requests at once",
        )
    yield items(*_reasons(timings))


def _reasons(timings: Timings) -> Iterator[Line]:
    yield (
        strong("One thread. "), "AsyncClient never enters asgiref's ThreadSensitiveContext, as the "
        "ASGI handler does for each request. So every sync view, and every ORM call of an async "
        "view, waits for the same thread.",
    )  # fmt: skip
    inside = [timings.get("wait", "sync", way, MANY) for way in (Way.ASYNC_CLIENT, Way.ASGI)]
    clocks = [each.in_view for each in inside if each and each.in_view]
    if len(clocks) == len(inside):
        yield (
            strong("The view's own clock doesn't see it. "), "It says ", Seconds(clocks[0]),
            " under AsyncClient and ", Seconds(clocks[1]), " on the server: the wait comes before "
            "the view.",
        )  # fmt: skip
    yield (
        strong("One connection. "), "The test tools keep their database connection; a server with "
        "CONN_MAX_AGE=0 connects for each request. One query, sync: ",
        timings.seconds("query", "sync", Way.CLIENT, ONE), " through Client, ",
        timings.seconds("query", "sync", Way.WSGI, ONE), " on the server.",
    )  # fmt: skip
    yield (
        strong("No server. "), "Neither socket nor parser: hello, async, takes the bare handler ",
        timings.seconds("hello", "async", Way.HANDLER, ONE), ", the server ",
        timings.seconds("hello", "async", Way.ASGI, ONE), ".",
    )  # fmt: skip
    yield (
        strong("No middleware. "), "The request factories call the view itself: hello, async, in ",
        timings.seconds("hello", "async", Way.FACTORY, ONE), " instead of ",
        timings.seconds("hello", "async", Way.HANDLER, ONE), ".",
    )  # fmt: skip
    yield (
        strong("Another loop. "), "Client runs an async view in an event loop of its own for each "
        "request, as a WSGI server would, and not as the ASGI server you mean.",
    )  # fmt: skip


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
    yield next_step(
        "Time concurrency on a server: ", code("whereasync race A B"), ". In a test of your own, ",
        code("async with ThreadSensitiveContext(): await client.get(…)"), " around each request "
        "gives it its thread; not in Django's TestCase, whose async tests run under async_to_sync.",
    )  # fmt: skip
    number = max((each.runs for each in results.timings), default=0)
    stack = [f"{name} {run.versions[name]}" for name in STACK if name in run.versions]
    yield paragraph(
        dim(f"Medians of {number} runs; red: surely over "), dim(Ratio(FAR)), dim(" off. "),
        dim(", ".join(stack)), dim(f". Seed {run.seed}, "), dim(Seconds(run.elapsed)), dim("."),
    )  # fmt: skip


STACK = ("django", "asgiref", "psycopg", "psycopg2-binary", "gunicorn", "uvicorn")
