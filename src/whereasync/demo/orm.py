"""Does any way make async ORM work pay? One race of each way against the same work done sync.

The reference is sync as production has it: 16 threads that keep their connections. A newcomer would
compare ways that keep connections with a sync view that doesn't, and credit async with what a
setting did. So sync without is in the race too, and ``STEPS`` says what is worth comparing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whereasync.model import Arm, Cell, Experiment, Interface, Request, Side, SliceRules, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CHAPTER = 1
OBJECTS = 10
THREADS = 16  # gunicorn's, and as many connections in the pools and threads in the executor
# What a way doesn't say is so, whatever is set outside.
BARE = {"CONN_MAX_AGE": "0", "DATABASE_POOL": "", "DATABASE_ASYNC": "", "MIDDLEWARE": ""}
NO_MIDDLEWARE = {"MIDDLEWARE": "none"}
KEPT = {"CONN_MAX_AGE": "600"}  # s: longer than any run
POOL = {"DATABASE_POOL": str(THREADS)}
GUNICORN = Arm(
    server="gunicorn",
    interface=Interface.WSGI,
    options={"worker": "gthread", "threads": str(THREADS)},
)
UVICORN = Arm(server="uvicorn", interface=Interface.ASGI)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A distribution that a way can't do without."""

    distribution: str
    least: tuple[int, ...] = ()  # its oldest version that will do; empty: any


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to do ORM work: a form of the view, a server, and the project's settings."""

    role: str  # also part of its database's name
    label: str
    does: str  # what it is, in a sentence
    watch: str = ""  # what to be careful with
    form: str = "async"  # the last part of the view's path
    arm: Arm = UVICORN
    env: Mapping[str, str] = field(default_factory=dict)  # what its settings read, beside BARE
    asgi: str = ""  # the application, where it isn't the project's own
    needs: tuple[Need, ...] = ()

    @property
    def is_async(self) -> bool:
        """Whether it is one that might make async pay."""
        return self.arm.interface is Interface.ASGI


BOUNDED = "demosite.bounded:application"
NEEDS_POOL = (Need(distribution="django", least=(5, 1)), Need(distribution="psycopg-pool"))
NEEDS_BACKEND = (*NEEDS_POOL, Need(distribution="django-async-backend"))
NEEDS_BOUNDED = (Need(distribution="asgiref", least=(3, 13)),)
REFERENCE = Way(
    role="sync",
    label="sync",
    does=f"the sync view on gunicorn, {THREADS} threads that keep their connections "
    "(CONN_MAX_AGE): what the others are compared with",
    form="sync",
    arm=GUNICORN,
    env=KEPT,
)
WAYS = (
    Way(
        role="fresh",
        label="sync, fresh",
        does="the same with Django's default, a connection for each request",
        form="sync",
        arm=GUNICORN,
    ),
    Way(
        role="written",
        label="as written",
        does="each query awaited: a thread for each request, a hop to it and back for each query, "
        "a connection for each request",
        watch="nothing bounds threads or connections; CONN_MAX_AGE leaks here: the thread ends, "
        "and its connection stays open though no request can use it again",
    ),
    Way(
        role="coalesced",
        label="coalesced",
        does="all queries in one sync_to_async, so one hop",
        watch="it is a sync view in async clothes: what it awaits must lie before or after",
        form="async-coalesced",
    ),
    Way(
        role="pool",
        label="pool",
        does=f"as written, on psycopg's pool of {THREADS} connections",
        watch="threads stay unbounded: whoever gets no connection waits in one, and gives up with "
        "an error after 30 s",
        env=POOL,
        needs=NEEDS_POOL,
    ),
    Way(
        role="bounded",
        label="bounded",
        does=f"as written, on {THREADS} threads that stay (ThreadSensitiveContext of asgiref "
        "3.13) and keep their connections",
        watch="one executor for each thread, for a single one of 16 would spread a request over "
        "threads and connections; a task that outlives its request can't query; what user code "
        "leaves in a threading.local meets the thread's next request",
        env={**KEPT, "THREADS": str(THREADS)},
        asgi=BOUNDED,
        needs=NEEDS_BOUNDED,
    ),
    Way(
        role="coalesced_pool",
        label="coalesced + pool",
        does="one hop, on psycopg's pool",
        form="async-coalesced",
        env=POOL,
        needs=NEEDS_POOL,
    ),
    Way(
        role="coalesced_bounded",
        label="coalesced + bounded",
        does="one hop, to one of the threads that stay",
        form="async-coalesced",
        env={**KEPT, "THREADS": str(THREADS)},
        asgi=BOUNDED,
        needs=NEEDS_BOUNDED,
    ),
    Way(
        role="backend",
        label="async backend",
        does="django-async-backend: the database itself is awaited, in no thread, on a pool of "
        f"{THREADS} connections; middleware keeps its thread for each request",
        watch="it has its own managers (async_objects), no related managers and no "
        "prefetch_related; a task's connection is its own, so gather over queries raises",
        env={**POOL, "DATABASE_ASYNC": "1"},
        needs=NEEDS_BACKEND,
    ),
    Way(
        role="backend_bounded",
        label="backend + bounded",
        does="the same, and what Django itself does in threads on threads that stay",
        env={**POOL, "DATABASE_ASYNC": "1", "THREADS": str(THREADS)},
        asgi=BOUNDED,
        needs=(*NEEDS_BOUNDED, *NEEDS_BACKEND),
    ),
)
# The same roles, the most telling first: what a budget leaves out is at the end.
TELLING = (
    *("written", "bounded", "coalesced_bounded", "backend_bounded", "fresh"),
    *("backend", "pool", "coalesced", "coalesced_pool"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Two ways that differ in one thing, and what that thing is."""

    base: str  # the role it is compared with
    role: str
    means: str


STEPS = (
    Step(base="sync", role="fresh", means="sync: a connection for each request"),
    Step(base="fresh", role="written", means="async as written, connections alike"),
    Step(base="written", role="coalesced", means="one hop instead of one a query"),
    Step(base="written", role="pool", means="the pool"),
    Step(base="written", role="bounded", means="threads and connections that stay"),
    Step(base="pool", role="coalesced_pool", means="one hop, with the pool"),
    Step(base="bounded", role="coalesced_bounded", means="one hop, with threads that stay"),
    Step(base="pool", role="backend", means="awaiting the database itself"),
    Step(base="coalesced_bounded", role="backend_bounded", means="the same, threads that stay"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is asked of the view."""

    name: str
    topic: str
    query: str


WORKS = (
    Work(name="query", topic="one query", query="queries=1"),
    Work(name="queries", topic="10 queries", query="queries=10"),
    Work(name="slow", topic="one query of 50 ms", query="queries=1&wait=50"),
)
# Which work at which of the clients asked for, the most telling first.
ORDER = (
    *(("query", "middle"), ("query", "most"), ("queries", "middle"), ("query", "fewest")),
    *(("slow", "most"), ("queries", "fewest"), ("slow", "middle"), ("queries", "most")),
    *(("slow", "fewest"),),
)


# Effects are large here, and the ways are many.
SHORT = SliceRules(window=0.15, latencies=1.0, slices=2, warm_up=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How much one length of the question measures."""

    budget: float | None  # s; None: as long as it takes
    clients: tuple[int, ...] = (1, 8, 64)
    works: tuple[str, ...] = tuple(work.name for work in WORKS)
    looks: tuple[int, ...] = (6,)
    rules: SliceRules = SHORT


LENGTHS = {
    "quick": Length(budget=150.0, clients=(8,), works=("query",)),
    "default": Length(budget=290.0),
    "full": Length(budget=None, looks=(6, 12, 24), rules=SliceRules(slices=4)),
}


def find_missing(versions: Mapping[str, str]) -> dict[str, str]:
    """Return role → what it needs, of the ways that can't run where these versions are."""
    found = {way.role: [_ask_for(need, versions) for need in way.needs] for way in WAYS}
    return {role: ", ".join(filter(None, asked)) for role, asked in found.items() if any(asked)}


def _ask_for(need: Need, versions: Mapping[str, str]) -> str:
    here = versions.get(need.distribution)
    if here is not None and read_version(here) >= need.least:
        return ""
    least = f" {'.'.join(map(str, need.least))} or later" if need.least else ""
    return f"{need.distribution}{least}" + (f" (here {here})" if here else "")


def read_version(version: str) -> tuple[int, ...]:
    """Return major and minor: "5.2rc1" is (5, 2)."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def build(
    roles: Iterable[str],
    *,
    length: Length,
    clients: Sequence[int] | None,
    budget: float | None,
    seed: int,
) -> Experiment:
    """Return the race of these roles' ways against the reference."""
    chosen = set(roles)
    ways = sorted(
        (way for way in WAYS if way.role in chosen), key=lambda way: TELLING.index(way.role)
    )
    numbers = sorted(set(clients or length.clients))
    position = {"fewest": numbers[0], "middle": numbers[len(numbers) // 2], "most": numbers[-1]}
    wanted = [(name, position[where]) for name, where in ORDER]
    wanted += [(work.name, number) for work in WORKS for number in numbers]
    works = {work.name: work for work in WORKS if work.name in length.works}
    cells = tuple(
        _cell(works[name], way, number)
        for name, number in dict.fromkeys(wanted)
        if name in works
        for way in ways
    )
    return Experiment(
        seed=seed,
        budget=budget,
        objects=OBJECTS,
        upstream=Upstream(latency="20ms", rates="small", seed=seed),
        candidates={way.role: (way.arm,) for way in (REFERENCE, *ways)},
        cells=cells,
        looks=length.looks,
        rules=length.rules,
        is_ascending=True,
    )


def _cell(work: Work, way: Way, clients: int) -> Cell:
    return Cell(
        name=f"{work.name}-{way.role}-{clients}",
        chapter=CHAPTER,
        topic=work.topic,
        clients=clients,
        a=_side(work, REFERENCE),
        b=_side(work, way),
    )


def _side(work: Work, way: Way) -> Side:
    request = Request(path=f"/orm/{way.form}/?{work.query}")
    return Side(role=way.role, label=way.label, request=request)
