"""Did async get cheaper since Django 4.1? The same project on several stacks, in one race.

Each stack is a role with one arm, Hypercorn, which serves sync and async views alike, as the
article's did. Its cells say what async costs there; cells between two stacks say what has changed.
A newcomer would take few clients: Hypercorn 0.14 pauses some 40 ms at each answer on a connection
that stays open, and eight clients leave its core idle a third of the time.
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
    from collections.abc import Iterator, Mapping

CHAPTER = 4
ARM = Arm(server="hypercorn", interface=Interface.ASGI)
OBJECTS = 5  # of each model: 17 queries for a GET
WITHIN, BETWEEN, AADD = "async", "since", "aadd"  # how a family's name begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A pair of views that do the same, one of them async."""

    name: str
    topic: str
    path: str  # of both, up to "sync/" and "async/"
    method: str = "GET"


WORKS = (  # the most telling first
    Work(name="get", topic="GET", path="/same-work/cars/"),
    Work(name="query", topic="one query", path="/plain/query/"),
    Work(name="post", topic="POST", path="/same-work/cars/", method="POST"),
    Work(name="hello", topic="hello", path="/plain/hello/"),
)
AROUND = {"through": "acreate", "wrapped": "add in a thread"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How much one length of the comparison measures."""

    budget: float | None  # s for the run, environments not counted; None: no limit
    each: float = 0.0  # s more for every stack beyond two
    clients: tuple[int, ...]
    works: int  # how many of ``WORKS``
    between: int = 1  # of how many of them sync and async are compared with themselves
    has_aadd: bool = True
    looks: tuple[int, ...]
    rules: SliceRules


LENGTHS = {
    "quick": Length(
        budget=52.0,
        clients=(4,),
        works=1,
        has_aadd=False,
        looks=(6,),
        rules=SliceRules(slices=2, warm_up=0.1),
    ),
    "default": Length(
        budget=290.0,
        each=145.0,
        clients=(16,),
        works=3,
        looks=(6, 12),
        rules=SliceRules(slices=4),
    ),
    "full": Length(
        budget=None,
        clients=(1, 8, 32),
        works=len(WORKS),
        between=len(WORKS),
        looks=(24,),
        rules=SliceRules(slices=4),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user chose, and what the stacks have."""

    stacks: Mapping[str, Stack]  # role → stack; the others are compared with the first
    with_aadd: tuple[str, ...] = ()  # roles whose Django has ``aadd``
    length: str = "default"  # a key of LENGTHS
    clients: tuple[int, ...] | None = None  # None: the length's
    writers: int | None = None  # the most clients that may write at once; SQLite takes one
    seed: int = 0


def build(choices: Choices) -> Experiment:
    """Return the experiment, its cells in the order in which a budget that is small takes them."""
    length = LENGTHS[choices.length]
    stacks = choices.stacks
    extra = length.each * max(0, len(stacks) - 2)
    return Experiment(
        seed=choices.seed,
        budget=None if length.budget is None else length.budget + extra,
        objects=OBJECTS,
        upstream=Upstream(latency="20ms", rates="small", seed=choices.seed),
        candidates=dict.fromkeys(stacks, (ARM,)),
        cells=tuple(
            cell
            for number in choices.clients or length.clients
            for cell in _cells(choices, length, number)
            if choices.writers is None or number <= choices.writers or not _writes(cell)
        ),
        looks=length.looks,
        rules=length.rules,
        stacks=dict(stacks),
        is_paired=True,
    )


def _cells(choices: Choices, length: Length, clients: int) -> Iterator[Cell]:
    first, *others = choices.stacks
    for place, work in enumerate(WORKS[: length.works]):
        for role in choices.stacks:
            yield _within(work, role, clients)
        for role in others if place < length.between else ():
            for variant in ("sync", "async"):
                yield _between(work, (first, role), variant, clients)
    for role in choices.with_aadd if length.has_aadd else ():
        for around in AROUND:
            yield _aadd(role, around, clients)


def _writes(cell: Cell) -> bool:
    return cell.a.request.method == "POST"


def _within(work: Work, role: str, clients: int) -> Cell:
    a, b = (_side(work, role, variant) for variant in ("sync", "async"))
    return _cell(f"{WITHIN}-{work.name}-{role}", work.topic, clients, a, b)


def _between(work: Work, roles: tuple[str, str], variant: str, clients: int) -> Cell:
    a, b = (_side(work, role, variant) for role in roles)
    return _cell(f"{BETWEEN}-{work.name}-{variant}-{roles[1]}", work.topic, clients, a, b)


def _aadd(role: str, around: str, clients: int) -> Cell:
    a, b = (
        _ask(role, f"/relation/async-{name}/", "POST", label)
        for name, label in ((around, AROUND[around]), ("aadd", "aadd"))
    )
    return _cell(f"{AADD}-{around}-{role}", "aadd", clients, a, b)


def _side(work: Work, role: str, variant: str) -> Side:
    return _ask(role, f"{work.path}{variant}/", work.method, variant)


def _ask(role: str, path: str, method: str, label: str) -> Side:
    body = FORM if method == "POST" else ""
    return Side(role=role, label=label, request=Request(path=path, method=method, body=body))


def _cell(family: str, topic: str, clients: int, a: Side, b: Side) -> Cell:
    return Cell(name=f"{family}-{clients}", chapter=CHAPTER, topic=topic, clients=clients, a=a, b=b)
