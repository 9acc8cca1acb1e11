"""Leaves views in the middle: every case on every server of every stack, several times.

Only what was seen is recorded; what it means is for ``results.leaving`` to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import servers
from whereasync.bench.demonstration import MIGRATED
from whereasync.bench.stage import Service
from whereasync.bench.visiting import visit
from whereasync.demo.leaving import POSTGRESQL, TRIALS, UNSUPPORTED, WAIT, choose_cases
from whereasync.errors import WhereAsyncError
from whereasync.model import Departure, Fault, Void

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from whereasync.bench.stage import Stage
    from whereasync.bench.visiting import Visit
    from whereasync.demo.leaving import Case
    from whereasync.model import Arm

_NOWHERE = Service(url="", key="")  # none of these views calls it


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One server of one stack, and how often each of its cases is left."""

    role: str
    arm: Arm
    cases: tuple[Case, ...]
    wait: float
    trials: int

    @property
    def name(self) -> str:
        """Return what its database and its trails are called: no other place has them."""
        return "_".join(filter(None, (self.role, self.arm.server, self.arm.interface)))

    def depart(self, seen: Visit, trial: int) -> Departure:
        """Return a visit as the run keeps it."""
        return Departure(
            role=self.role,
            server=self.arm.server,
            interface=self.arm.interface,
            case=seen.case.name,
            trial=trial,
            left_after=seen.left_after,
            left=seen.left,
            stayed=seen.stayed,
            fault=seen.fault,
        )

    def give_up(self, case: Case, fault: Fault) -> Departure:
        """Return the departure that could not be seen."""
        return Departure(
            role=self.role,
            server=self.arm.server,
            interface=self.arm.interface,
            case=case.name,
            trial=0,
            fault=fault,
        )


def watch_departures(
    stage: Stage,
    arms: Mapping[str, tuple[Arm, ...]],
    *,
    wait: float = WAIT,
    trials: int = TRIALS,
) -> None:
    """Leave every case on each role's arms so many times; what was seen is in the ledger.

    ``wait`` is in s. A server that doesn't start, or dies, is a fault of each of its cases.
    """
    has_database = stage.demo.facts.vendor == POSTGRESQL
    for role, of_role in arms.items():
        app = stage.project.app_of(role)
        django = servers.versions(app.python, ["django"]).get("django", "0")
        for arm in of_role:
            stage.observer.stage(f"leave in the middle: Django {django}, {arm}")
            cases = choose_cases(arm.interface, has_postgres=has_database)
            place = Place(role=role, arm=arm, cases=cases, wait=wait, trials=trials)
            _watch_place(stage, place, django, has_database=has_database)


def _watch_place(stage: Stage, place: Place, django: str, *, has_database: bool) -> None:
    too_new = [case for case in place.cases if case.since > _number(django)]
    for case in too_new:
        since = ".".join(map(str, case.since))
        fault = Fault(kind=UNSUPPORTED, detail=f"came with Django {since}")
        stage.ledger.add("departures", place.give_up(case, fault))
    cases = [case for case in place.cases if case not in too_new]
    name = place.name
    dsn = stage.demo.database.create(name, template=MIGRATED)
    seen: set[str] = set()
    try:
        for visited, trial in _play(stage, place, cases, dsn, has_database=has_database):
            stage.ledger.add("departures", *(place.depart(each, trial) for each in visited))
            seen |= {each.case.name for each in visited}
    except WhereAsyncError as error:
        fault = Fault.of(Void.SERVER, error)
        missed = [place.give_up(case, fault) for case in cases if case.name not in seen]
        stage.ledger.add("departures", *missed)
    stage.demo.drop(name)


def _play(
    stage: Stage, place: Place, cases: list[Case], dsn: str, *, has_database: bool
) -> Iterator[tuple[list[Visit], int]]:
    """Yield what was seen, trial by trial, group by group."""
    demo = stage.demo
    app = demo.app_of(place.role)
    trails = stage.supervisor.directory / f"{place.name}.trails"
    env = {**demo.lead_to(dsn), **demo.reach(_NOWHERE), **app.env, "TRAIL_FILE": str(trails)}
    cores = stage.machine.server_cores
    with servers.launch(place.arm, app, stage.supervisor, env=env, cores=cores) as endpoint:
        for trial in range(place.trials):
            for group in _group(cases):
                visited = visit(
                    endpoint.target(),
                    group,
                    trails=trails,
                    dsn=dsn if has_database else None,
                    wait=place.wait,
                    name=f"t{trial}",
                )
                yield visited, trial


def _group(cases: Iterable[Case]) -> list[list[Case]]:
    """Return what is watched at once: all together, but each that wants to be alone."""
    cases = list(cases)
    together = [case for case in cases if not case.is_alone]
    return [group for group in (together, *([case] for case in cases if case.is_alone)) if group]


def _number(version: str) -> tuple[int, ...]:
    """Return major and minor: "5.2rc1" is (5, 2)."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
