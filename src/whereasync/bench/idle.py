"""Plays ``demo idle``: each arm alone, on a fresh server, in an order that differs each time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from whereasync.errors import WhereAsyncError
from whereasync.load import drive
from whereasync.load.idle import IDLE
from whereasync.model import Fault, IdleJob, IdleTrial, Upstream, Void

if TYPE_CHECKING:
    from whereasync.bench.stage import Stage
    from whereasync.model import IdleArm, IdlePlan
    from whereasync.servers import Endpoint

UPSTREAM = Upstream(latency="20ms", rates="small")  # nobody calls it


def watch_idle(stage: Stage, plan: IdlePlan) -> None:
    """Give each arm its turns; every finished one is in the ledger, a failed one as a fault."""
    stage.ledger.set(idle=plan, arms={each.role: each.arm for each in plan.arms})
    stage.project.load_race(1)
    draw = random.Random(plan.seed)  # noqa: S311 # an order, not a secret
    with stage.calling(UPSTREAM) as ready:
        for repeat in range(plan.repeats):
            for arm in draw.sample(plan.arms, len(plan.arms)):
                turn = f", {repeat + 1} of {plan.repeats}" if plan.repeats > 1 else ""
                stage.observer.stage(f"{plan.clients:,} clients, {arm.label}{turn}")
                stage.ledger.add("idle_trials", _try(ready, plan, arm, repeat))


def _try(stage: Stage, plan: IdlePlan, arm: IdleArm, repeat: int) -> IdleTrial:
    scratch = stage.supervisor.directory / f"idle-{arm.role}-{repeat}"
    name = f"idle{repeat}"
    try:
        with stage.launch_all({arm.role: arm.arm}, name) as endpoints:
            endpoint = endpoints[arm.role]
            job = IdleJob(
                target=endpoint.target(),
                request=arm.request,
                visitor=arm.visitor,
                clients=plan.clients,
                rate=plan.rate,
                patience=plan.patience,
                hold=plan.hold,
            )
            record = drive.drive_idle(job, spawn=stage.supervisor.spawn, directory=scratch)
            _require_alive(endpoint)
    except WhereAsyncError as error:
        fault = Fault.of(Void.SERVER, error)
        return IdleTrial(role=arm.role, repeat=repeat, fault=fault)
    stage.ledger.directory.adopt(arm.role, repeat, drive.samples_path(scratch, IDLE))
    return IdleTrial(role=arm.role, repeat=repeat, record=record)


def _require_alive(endpoint: Endpoint) -> None:
    if (code := endpoint.child.poll()) is not None:
        raise WhereAsyncError(
            f"{endpoint.child.name} ended with code {code} while the clients were there",
            "look at the server's log, in the run's directory",
        )
