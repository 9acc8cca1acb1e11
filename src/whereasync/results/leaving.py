"""What became of a request whose client left, fact by fact. Pure.

A step that is missing counts only where the client who stayed came by it; what can't be told so is
a fault, never a "stopped".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from whereasync.demo.leaving import CASES, Sign
from whereasync.model import Fault, Interface, Void

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whereasync.demo.leaving import Case, Look
    from whereasync.model import Departure, Trail


class Outcome(StrEnum):
    """What became of a thing that the client left in the middle."""

    RAN_ON = "ran on"
    STOPPED = "stopped"
    AT_ONCE = "at once"
    AT_END = "at the end"
    NEVER = "never"
    CANCELLED = "cancelled"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"
    BOTH = "both written"
    FIRST = "only the first"
    NEITHER = "neither written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What became of one thing on one server, trial by trial."""

    case: str
    look: str
    role: str
    server: str
    interface: Interface
    outcomes: tuple[Outcome, ...] = ()  # one a trial that was seen
    fault: Fault | None = None  # why a trial could not be seen

    @property
    def outcome(self) -> Outcome | None:
        """What all trials agree on, else None."""
        return self.outcomes[0] if len(set(self.outcomes)) == 1 else None


def find_facts(departures: Sequence[Departure]) -> tuple[Fact, ...]:
    """Return each fact of each server, in the order of the cases."""
    return tuple(_facts(departures))


def _facts(departures: Sequence[Departure]) -> Iterator[Fact]:
    places = list(dict.fromkeys((each.role, each.server, each.interface) for each in departures))
    for case in CASES:
        for place in places:
            seen = [
                each
                for each in departures
                if each.case == case.name and (each.role, each.server, each.interface) == place
            ]
            if seen:
                yield from (_find(case, look, seen) for look in case.looks)


def _find(case: Case, look: Look, seen: Sequence[Departure]) -> Fact:
    outcomes = [(each, judge(look, each)) for each in seen]
    faults = [each.fault or _UNSEEN for each, outcome in outcomes if outcome is None]
    return Fact(
        case=case.name,
        look=look.name,
        role=seen[0].role,
        server=seen[0].server,
        interface=seen[0].interface,
        outcomes=tuple(outcome for _, outcome in outcomes if outcome is not None),
        fault=next(iter(faults), None),
    )


_UNSEEN = Fault(
    kind=Void.NOTHING_COMPLETED,
    detail="not even the client who stayed was seen to come by it",
    hint="run it again on a quieter machine",
)


def judge(look: Look, departure: Departure) -> Outcome | None:
    """Return what became of it, or None where that could not be seen."""
    left, stayed, at = departure.left, departure.stayed, departure.left_after
    if departure.fault or left is None or stayed is None or at is None:
        return None
    match look.sign:
        case Sign.STEP:
            return _judge_step(look.step, left, stayed)
        case Sign.CLEANUP:
            return _judge_cleanup(look.step, left, stayed, at)
        case Sign.QUERY:
            return _judge_query(left, stayed, at)
        case Sign.TRANSACTION:
            return _judge_rows(left, stayed, (Outcome.ROLLED_BACK, Outcome.COMMITTED))
        case Sign.PAIR:
            return _judge_rows(left, stayed, (Outcome.NEITHER, Outcome.FIRST, Outcome.BOTH))


def _judge_step(step: str, left: Trail, stayed: Trail) -> Outcome | None:
    if step not in stayed.marks:
        return None
    return Outcome.RAN_ON if step in left.marks else Outcome.STOPPED


def _judge_cleanup(step: str, left: Trail, stayed: Trail, at: float) -> Outcome:
    if step not in left.marks:
        return Outcome.NEVER
    end = stayed.marks["after"]
    return Outcome.AT_ONCE if left.marks[step] < (at + end) / 2 else Outcome.AT_END


def _judge_query(left: Trail, stayed: Trail, at: float) -> Outcome | None:
    if stayed.active is None or stayed.active < at:
        return None
    is_running = left.active is not None and left.active > (at + stayed.active) / 2
    return Outcome.RAN_ON if is_running else Outcome.CANCELLED


def _judge_rows(left: Trail, stayed: Trail, by_number: Sequence[Outcome]) -> Outcome | None:
    if left.rows is None or stayed.rows != len(by_number) - 1 or left.rows >= len(by_number):
        return None
    return by_number[left.rows]


def agree(
    facts: Iterable[Fact], case: str, look: str, role: str, interface: Interface = Interface.ASGI
) -> Outcome | None:
    """Return the outcome that all of a role's servers of that interface agree on, else None."""
    found = {
        each.outcome
        for each in facts
        if (each.case, each.look, each.role, each.interface) == (case, look, role, interface)
    }
    return found.pop() if len(found) == 1 else None
