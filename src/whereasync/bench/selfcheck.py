"""The real part of ``selfcheck``: an arm against itself, on real servers.

First what a request of the unplanted arm takes is measured; from that follow the effects, and then
it is a race like any other.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from whereasync import plan
from whereasync.bench.race import race
from whereasync.bench.stage import RACE
from whereasync.errors import WhereAsyncError
from whereasync.load import drive, samples
from whereasync.load.throughput import latencies, measure_side
from whereasync.model import Arm, Experiment, Interface, Job, Request, SliceRules, Task, Upstream
from whereasync.selfcheck import planted

if TYPE_CHECKING:
    from whereasync.bench.stage import Stage

ARM = Arm(server="gunicorn", interface=Interface.WSGI, options={"threads": "8"})
UPSTREAM = Upstream(latency="20ms", rates="small")  # nobody calls it
RULES = SliceRules(window=1.0, slices=2)


def check_servers(stage: Stage, budget: float | None, looks: tuple[int, ...]) -> None:
    """Race the arm against itself; the checks are in the ledger, beside those there already."""
    stage.project.load_race(1)
    yardstick = _measure_yardstick(stage)
    stage.project.drop(RACE)  # the race makes its own
    experiment = plan_race(yardstick, stage.ledger.run.seed, budget, looks)
    stage.ledger.set(experiment=experiment)
    try:
        race(stage, experiment, plan.expand(experiment))
    finally:  # Ctrl-C too keeps what there is
        stage.ledger.add("checks", *planted.check_race(stage.ledger.compare(), yardstick))


def plan_race(
    yardstick: planted.Yardstick, seed: int, budget: float | None, looks: tuple[int, ...]
) -> Experiment:
    """Return the race of the arm against itself: all of it is measured, or nothing."""
    return Experiment(
        seed=seed,
        budget=budget,
        objects=1,
        upstream=UPSTREAM,
        candidates={"a": (ARM,), "b": (ARM,)},
        cells=planted.build_cells(yardstick),
        looks=looks,
        is_whole=True,
    )


def _measure_yardstick(stage: Stage) -> planted.Yardstick:
    stage.observer.stage("measure what a request takes")
    request = Request(path=planted.PATH)
    tasks = [
        Task(cell=f"yardstick-{n}", clients=n, targets=(0, 0), requests=(request, request))
        for n in (planted.MANY, planted.ONE)
    ]
    scratch = stage.supervisor.directory / "yardstick"
    with (
        stage.calling(UPSTREAM) as ready,
        ready.launch_all({"a": ARM}, "yardstick") as endpoints,
    ):
        job = Job(
            targets=stage.targets(endpoints),
            tasks=tuple(tasks),
            rules=RULES,
            seed=stage.ledger.run.seed,
        )
        records = drive.drive(job, spawn=stage.supervisor.spawn, directory=scratch)
    for record in records:
        if record.fault:
            raise WhereAsyncError(f"selfcheck can't start: {record.fault.detail}")
    many, one = ((each, samples.load(drive.samples_path(scratch, each.cell))) for each in records)
    busy = [measure_side(many[1], many[0], side) for side in (0, 1)]
    return planted.Yardstick(
        cpu=fmean(each.server_cpu_per_request for each in busy),
        throughput=fmean(each.throughput for each in busy),
        latency=float(latencies(one[1], one[0], 0).mean()),
    )
