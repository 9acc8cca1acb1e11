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
    from collections.abc import Mapping

CHAPTER = 4
ARM = Arm(server="hypercorn", interface=Interface.ASGI)
OBJECTS = 10
CLIENTS = (8,)
RULES = SliceRules(slices=4)
LOOKS = (6, 12)
WITHIN, BETWEEN, AADD = "async", "since", "aadd"  # how a family's name begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A pair of views that do the same, one of them async."""

    name: str
    topic: str
    path: str  # of both, up to "sync/" and "async/"
    method: str = "GET"


WORKS = (
    Work(name="hello", topic="hello", path="/plain/hello/"),
    Work(name="query", topic="one query", path="/plain/query/"),
    Work(name="get", topic="GET", path="/same-work/cars/"),
    Work(name="post", topic="POST", path="/same-work/cars/", method="POST"),
)
AROUND = {"through": "acreate through the car", "wrapped": "add in a thread"}


def build(
    stacks: Mapping[str, Stack],
    *,
    clients: tuple[int, ...] | None,
    with_aadd: tuple[str, ...],
    budget: float | None,
    seed: int,
) -> Experiment:
    """Return the experiment: role → stack, the oldest first; ``with_aadd`` are roles that have it.

    The stacks are compared with the first one.
    """
    first, *others = stacks
    cells = [
        cell
        for number in clients or CLIENTS
        for cell in (
            *(_within(work, role, number) for role in stacks for work in WORKS),
            *(
                _between(work, first, role, variant, number)
                for role in others
                for work in WORKS
                for variant in ("sync", "async")
            ),
            *(_aadd(role, around, number) for role in with_aadd for around in AROUND),
        )
    ]
    return Experiment(
        seed=seed,
        budget=budget,
        objects=OBJECTS,
        upstream=Upstream(latency="20ms", rates="small", seed=seed),
        candidates=dict.fromkeys(stacks, (ARM,)),
        cells=tuple(cells),
        looks=LOOKS,
        rules=RULES,
        stacks=dict(stacks),
    )


def _within(work: Work, role: str, clients: int) -> Cell:
    a, b = (_side(work, role, variant, variant) for variant in ("sync", "async"))
    return _cell(f"{WITHIN}-{work.name}-{role}", work.topic, clients, a, b)


def _between(work: Work, first: str, role: str, variant: str, clients: int) -> Cell:
    a, b = (_side(work, each, variant, each) for each in (first, role))
    return _cell(f"{BETWEEN}-{work.name}-{variant}-{role}", work.topic, clients, a, b)


def _aadd(role: str, around: str, clients: int) -> Cell:
    a, b = (
        _ask(role, f"/relation/async-{name}/", "POST", label)
        for name, label in ((around, AROUND[around]), ("aadd", "aadd"))
    )
    return _cell(f"{AADD}-{around}-{role}", "aadd", clients, a, b)


def _side(work: Work, role: str, variant: str, label: str) -> Side:
    return _ask(role, f"{work.path}{variant}/", work.method, label)


def _ask(role: str, path: str, method: str, label: str) -> Side:
    body = FORM if method == "POST" else ""
    return Side(role=role, label=label, request=Request(path=path, method=method, body=body))


def _cell(family: str, topic: str, clients: int, a: Side, b: Side) -> Cell:
    return Cell(name=f"{family}-{clients}", chapter=CHAPTER, topic=topic, clients=clients, a=a, b=b)
