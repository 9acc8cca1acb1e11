"""Did async get cheaper since Django 4.1? The same project on several stacks, in one race.

Each stack is a role with one arm, Hypercorn, which serves sync and async views alike, as the
article's did. Its cells say what async costs there; cells between two stacks say what has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync.demo.cells import FORM
from whereasync.model import (
    Arm,
    Cell,
    Experiment,
    Interface,
    Request,
    Side,
    SliceRules,
    Stack,
    Upstream,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

CHAPTER = 1
ARM = Arm(server="hypercorn", interface=Interface.ASGI)
OBJECTS = 10
WITHIN, BETWEEN, AADD = "async", "since", "aadd"  # how a family's name begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A pair of views that do the same, one of them async."""

    name: str
    topic: str
    path: str  # of both, up to "sync/" and "async/"
    clients: int  # so many that the server's core is busy
    method: str = "GET"

    @property
    def writes(self) -> bool:
        """Whether it changes the database."""
        return self.method == "POST"


# Hypercorn 0.14 holds back each answer on a kept connection for some 40 ms, until the client has
# acknowledged its head: 4 clients get 100 requests/s at most, which a dearer view never reaches.
WORKS = (
    Work(name="get", topic="GET", path="/same-work/cars/", clients=4),
    Work(name="post", topic="POST", path="/same-work/cars/", clients=4, method="POST"),
    Work(name="query", topic="one query", path="/plain/query/", clients=16),
    Work(name="hello", topic="hello", path="/plain/hello/", clients=64),
)
AROUND = {"through": "acreate", "wrapped": "in a thread"}  # as the article did; the other way
AADD_CLIENTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How much one length measures."""

    budget: float | None  # s, making environments excluded
    looks: tuple[int, ...]
    rules: SliceRules
    works: tuple[str, ...]
    between: tuple[str, ...]  # works that are also raced between the stacks


LENGTHS = {
    "quick": Length(
        budget=56.0,
        looks=(6,),
        rules=SliceRules(window=0.15, slices=2, warm_up=0.1),
        works=("get",),
        between=(),
    ),
    "default": Length(
        budget=330.0,
        looks=(6, 12),
        rules=SliceRules(slices=2),
        works=("get", "post", "query"),
        between=("get", "post"),
    ),
    "full": Length(
        budget=None,
        looks=(6, 12, 24),
        rules=SliceRules(slices=4),
        works=("get", "post", "query", "hello"),
        between=("get", "post", "query", "hello"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user chose on the command line."""

    length: str = "default"  # a key of LENGTHS
    clients: tuple[int, ...] | None = None  # None: each work's own
    seed: int = 0
    writers: int | None = None  # the most clients that may write at once; SQLite takes one


def build(stacks: Mapping[str, Stack], with_aadd: Collection[str], choices: Choices) -> Experiment:
    """Return the experiment: role → stack, the oldest first; ``with_aadd`` are roles that have it.

    The stacks are compared with the first one.
    """
    length = LENGTHS[choices.length]
    cells = [
        *_within_all(stacks, choices, length),
        *_between_all(stacks, choices, length),
        *_aadd_all(with_aadd, choices, length),
    ]
    return Experiment(
        seed=choices.seed,
        budget=length.budget,
        objects=OBJECTS,
        upstream=Upstream(latency="20ms", rates="small", seed=choices.seed),
        candidates=dict.fromkeys(stacks, (ARM,)),
        cells=tuple(cells),
        looks=length.looks,
        rules=length.rules,
        stacks=dict(stacks),
    )


def within(work: str, role: str, clients: int) -> str:
    """Return the name of the cell of async against sync on a stack."""
    return f"{WITHIN}-{work}-{role}-{clients}"


def _within_all(stacks: Iterable[str], choices: Choices, length: Length) -> Iterator[Cell]:
    for work, number in _works(choices, length.works):
        for role in stacks:
            yield _within(work, role, number)


def _between_all(stacks: Iterable[str], choices: Choices, length: Length) -> Iterator[Cell]:
    first, *others = stacks
    for work, number in _works(choices, length.between):
        for role in others:
            for variant in ("sync", "async"):
                yield _between(work, first, role, variant, number)


def _aadd_all(roles: Collection[str], choices: Choices, length: Length) -> Iterator[Cell]:
    if length.between:
        for number in choices.clients or (AADD_CLIENTS,):
            if _may_write(number, choices):
                yield from (_aadd(role, around, number) for role in roles for around in AROUND)


def _works(choices: Choices, names: Collection[str]) -> Iterator[tuple[Work, int]]:
    """Yield each work of those with each number of clients that it is asked at."""
    for work in WORKS:
        for number in choices.clients or (work.clients,):
            if work.name in names and (not work.writes or _may_write(number, choices)):
                yield work, number


def _may_write(clients: int, choices: Choices) -> bool:
    return choices.writers is None or clients <= choices.writers


def _within(work: Work, role: str, clients: int) -> Cell:
    a, b = (_side(work, role, variant, variant) for variant in ("sync", "async"))
    return _cell(within(work.name, role, clients), work.topic, clients, a, b)


def _between(work: Work, first: str, role: str, variant: str, clients: int) -> Cell:
    a, b = (_side(work, each, variant, label) for each, label in ((first, "first"), (role, "then")))
    name = f"{BETWEEN}-{work.name}-{variant}-{role}-{clients}"
    return _cell(name, f"{work.topic}, {variant}", clients, a, b)


def _aadd(role: str, around: str, clients: int) -> Cell:
    a, b = (
        _ask(role, f"/relation/async-{name}/", "POST", label)
        for name, label in ((around, AROUND[around]), ("aadd", "aadd"))
    )
    name = f"{AADD}-{around}-{role}-{clients}"
    return _cell(name, "add to a relation", clients, a, b)


def _side(work: Work, role: str, variant: str, label: str) -> Side:
    return _ask(role, f"{work.path}{variant}/", work.method, label)


def _ask(role: str, path: str, method: str, label: str) -> Side:
    body = FORM if method == "POST" else ""
    return Side(role=role, label=label, request=Request(path=path, method=method, body=body))


def _cell(name: str, topic: str, clients: int, a: Side, b: Side) -> Cell:
    return Cell(name=name, chapter=CHAPTER, topic=topic, clients=clients, a=a, b=b)
