"""Would streaming be faster still? A year of rates passed through, in every combination.

A variant is how the view fetches, how it answers, how it is written, and what serves it. Variants
meet in pairs that answer the same bytes; what each gains is told against the reference of its own
block. A newcomer would measure 1 and 64 clients on one server: its peak memory is then the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from whereasync.model import Arm, Cell, Experiment, Interface, Request, Side, SliceRules, Upstream

if TYPE_CHECKING:
    from collections.abc import Sequence

CHAPTER = 1
CLIENTS = (1, 64)
LOOKS = (6,)
RULES = SliceRules(window=0.2, latencies=1.0, slices=2, warm_up=0.1)
WAIT = "20ms"  # until the API sends its first piece
PIECES, PAUSE = 6, 0.01  # then one every 10 ms, so that the last is there after 70 ms
WHOLE, STREAMED = "whole", "streamed"
WSGI = Arm(server="gunicorn", interface=Interface.WSGI, options={"threads": "16"})
ASGI = Arm(server="uvicorn", interface=Interface.ASGI)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to pass the rates through."""

    fetch: str  # WHOLE or STREAMED …
    answer: str  # … and so is this
    view: str  # "sync" or "async"
    interface: Interface

    @property
    def is_native(self) -> bool:
        """Whether the server calls that kind of view directly: sync under WSGI, async under ASGI.

        A streamed answer of the other kind is consumed whole before its first byte is sent.
        """
        return (self.view == "sync") == (self.interface is Interface.WSGI)

    @property
    def is_reference(self) -> bool:
        """Whether it is what all others are compared with: everything whole, sync under WSGI."""
        return self.is_native and self.view == "sync" and self.fetch == self.answer == WHOLE

    @property
    def arm(self) -> Arm:
        """What serves it."""
        return WSGI if self.interface is Interface.WSGI else ASGI

    def side(self, clients: int) -> Side:
        """Return the variant as the side of a cell; each number of clients has its own server."""
        way = f"{self.fetch}-{self.answer}"
        role = f"{self.fetch[0]}{self.answer[0]}_{self.view}_{self.interface}_{clients}"
        return Side(
            role=role,
            request=Request(path=f"/streaming/{way}/{self.view}/"),
            label=f"{self.view} under {self.interface.upper()}",
        )


def read_variant(side: Side) -> Variant:
    """Return the variant whose side that is."""
    fetch, _, answer = side.request.path.split("/")[2].partition("-")
    _, view, interface, _ = side.role.split("_")
    return Variant(fetch=fetch, answer=answer, view=view, interface=Interface(interface))


class Length(StrEnum):
    """How much is measured."""

    QUICK = "quick"  # what is all whole, and what is all streamed
    DEFAULT = "default"  # the others too, by the most clients only
    FULL = "full"  # everything by every number of clients


def build(*, clients: Sequence[int], rates: str, length: Length, seed: int) -> Experiment:
    """Return the experiment."""
    cells = tuple(
        _cell(a, b, number)
        for a, b in PAIRS
        for number in clients
        if _is_measured(a, length, is_most=number == max(clients))
    )
    sides = [side for cell in cells for side in (cell.a, cell.b)]
    return Experiment(
        seed=seed,
        budget=None,
        objects=1,  # no view reads them
        upstream=Upstream(latency=WAIT, rates=rates, seed=seed, pieces=PIECES, pause=PAUSE),
        candidates={side.role: (read_variant(side).arm,) for side in sides},
        cells=cells,
        looks=LOOKS,
        rules=RULES,
    )


def _is_measured(variant: Variant, length: Length, *, is_most: bool) -> bool:
    is_telling = variant.is_native and variant.fetch == variant.answer
    return is_telling or length is Length.FULL or (length is Length.DEFAULT and is_most)


def _pair(
    fetch: str, answer: str, of_sync: Interface, of_async: Interface
) -> tuple[Variant, Variant]:
    return (
        Variant(fetch=fetch, answer=answer, view="sync", interface=of_sync),
        Variant(fetch=fetch, answer=answer, view="async", interface=of_async),
    )


WAYS = ((WHOLE, WHOLE), (STREAMED, STREAMED), (WHOLE, STREAMED), (STREAMED, WHOLE))
PAIRS = (  # sync beside async, each under its own interface; at the end under the other's
    *(_pair(fetch, answer, Interface.WSGI, Interface.ASGI) for fetch, answer in WAYS),
    _pair(STREAMED, STREAMED, Interface.ASGI, Interface.WSGI),
)


def _cell(a: Variant, b: Variant, clients: int) -> Cell:
    kind = "" if a.is_native else "-crossed"
    return Cell(
        name=f"{a.fetch}-{a.answer}{kind}-{clients}",
        chapter=CHAPTER,
        topic=f"fetched {a.fetch}, answered {a.answer}",
        clients=clients,
        a=a.side(clients),
        b=b.side(clients),
    )
