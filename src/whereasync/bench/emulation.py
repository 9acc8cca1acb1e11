"""Asks the same views through Django's test tools and through servers, in turn.

The tools run in the project's interpreter, on the core that the servers have too; emulation and
servers alternate by rounds, so that a machine that slows down does so for both.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whereasync.bench.stage import RACE, Service
from whereasync.demo import emulation as question
from whereasync.demo.leaving import POSTGRESQL
from whereasync.errors import WhereAsyncError
from whereasync.load import drive
from whereasync.load.bursts import Volley, Volleys
from whereasync.model import Burst, Fault, Request, Void, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whereasync.bench.stage import Stage
    from whereasync.servers import Endpoint

DEADLINE = 300.0  # s for one round of the test tools
_NOWHERE = Service(url="", key="")  # none of these views calls it

if TYPE_CHECKING:
    Plan = list[tuple[Burst, int]]


def compare_ways(
    stage: Stage, *, rounds: int = question.ROUNDS, repeats: int = question.REPEATS
) -> None:
    """Send every burst every way, so often a round; what it took is in the ledger.

    A tool or a server that fails as a whole is a fault of each of its bursts.
    """
    has_postgres = stage.demo.facts.vendor == POSTGRESQL
    tools = question.list_bursts(
        tuple(way for way in Way if not way.is_real), has_postgres=has_postgres
    )
    real = question.list_bursts((Way.WSGI, Way.ASGI), has_postgres=has_postgres)
    demo = stage.demo
    demo.load_race(question.OBJECTS)
    dsn = demo.database.create("emulated", template=RACE)
    arms = {way.name.lower(): arm for way, arm in question.ARMS.items()}
    with replace(stage, service=_NOWHERE).launch_all(arms, "served") as endpoints:

        def emulate(plan: Plan) -> list[Burst]:
            return _emulate(stage, dsn, plan)

        def ask(plan: Plan) -> list[Burst]:
            return _ask(stage, endpoints, plan)

        parts: list[tuple[str, list[Burst], Callable[[Plan], list[Burst]]]] = [
            ("test tools", tools, emulate),
            ("servers", real, ask),
        ]
        for number in range(rounds):
            for name, kinds, play in parts if number % 2 == 0 else reversed(parts):
                stage.observer.stage(f"ask the {name}, round {number + 1} of {rounds}")
                plan = question.order_bursts(
                    kinds, seed=stage.ledger.run.seed, round_=number, repeats=repeats
                )
                stage.ledger.add("bursts", *_play(play, plan))


def _play(play: Callable[[Plan], list[Burst]], plan: Plan) -> Iterator[Burst]:
    """Yield what was measured, without the warm-up; a round that failed is a fault of each."""
    try:
        bursts = play(plan)
    except WhereAsyncError as error:
        fault = Fault.of(Void.SERVER, error)
        bursts = [replace(burst, run=run, fault=fault) for burst, run in plan]
    yield from (burst for burst in bursts if burst.run != question.WARM_UP)


def _emulate(stage: Stage, dsn: str, plan: Plan) -> list[Burst]:
    path = stage.supervisor.directory / "bursts-plan.json"
    asked = [
        {
            "way": burst.way.value,
            "variant": burst.variant,
            "path": question.url_of(burst),
            "clients": burst.clients,
        }
        for burst, _ in plan
    ]
    path.write_text(json.dumps(asked))
    demo = stage.demo
    printed = stage.supervisor.run(
        [demo.app.python, "manage.py", "emulate", path],
        name="emulate",
        deadline=DEADLINE,
        env={**demo.lead_to(dsn), **demo.reach(_NOWHERE), **demo.app.env},
        cwd=demo.app.directory,
        cores=stage.machine.server_cores,
    )
    told = [json.loads(line) for line in printed.splitlines() if line.startswith('{"way"')]
    if len(told) != len(plan):
        raise WhereAsyncError(f"emulate answered {len(told)} of {len(plan)} bursts", log=printed)
    return [_read(burst, run, said) for (burst, run), said in zip(plan, told, strict=True)]


def _read(burst: Burst, run: int, said: dict[str, Any]) -> Burst:
    if "error" in said:
        fault = Fault(kind=Void.STATUS, detail=said["error"], hint="look at the run's log")
        return replace(burst, run=run, fault=fault)
    return replace(burst, run=run, seconds=said["seconds"], in_view=said["in_view"])


def _ask(stage: Stage, endpoints: dict[str, Endpoint], plan: Plan) -> list[Burst]:
    roles = list(endpoints)
    volleys = tuple(
        Volley(
            burst=replace(burst, run=run),
            target=roles.index(burst.way.name.lower()),
            request=Request(path=question.url_of(burst)),
        )
        for burst, run in plan
    )
    targets = stage.targets(endpoints)
    bursts = drive.drive_bursts(
        Volleys(targets=targets, volleys=volleys),
        spawn=stage.supervisor.spawn,
        directory=stage.supervisor.directory / "bursts",
    )
    return list(bursts)
