"""Sees what one request of each kind needs, and takes the cells that fit into the budget.

Said before the race starts, so that nobody waits for a verdict that can't come.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from whereasync import plan
from whereasync.bench.timekeeping import MARGIN, suggest
from whereasync.errors import BadInputError
from whereasync.load import drive
from whereasync.load.sequence import Question, Sequence
from whereasync.servers import capacity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whereasync.bench.stage import Stage
    from whereasync.model import Experiment, Fault, Side, Single

ASKED = 3  # times each, of which the first, on a cold path, isn't counted


def choose_cells(stage: Stage, experiment: Experiment) -> Experiment:
    """Return the experiment with the cells that fit; the ledger has what is left out, and why.

    Where it must be measured whole, fewer slices make it fit if they can; else it is a
    BadInputError. Of all others the most telling is kept, whatever it takes. There is no cell at
    all if a view failed, which the ledger's faults say.
    """
    stage.observer.stage("see what fits into the budget")
    demands = _probe(stage, experiment)
    known = {side: each for side, each in demands.items() if isinstance(each, plan.Demand)}
    possible = [cell for cell in experiment.cells if {cell.a, cell.b} <= known.keys()]
    left_out = {cell.name: "its view failed" for cell in experiment.cells if cell not in possible}
    if left_out and experiment.is_whole:
        stage.ledger.set(left_out=left_out)
        return replace(experiment, cells=())
    for rules in plan.shorten(experiment):
        costs = _cost(stage, replace(experiment, rules=rules, cells=tuple(possible)), known)
        left = _time_left(stage, experiment)
        start = _block_start(stage, experiment)
        kept = plan.fit(possible, costs, left, experiment.looks[0], start)
        if len(kept) == len(possible):
            break
    missed = [cell.name for cell in possible if cell not in kept]
    if missed and experiment.is_whole:
        raise _too_little(stage, experiment, start + sum(costs.values()))
    is_over = not kept
    if is_over and possible:
        kept, missed = tuple(possible[:1]), missed[1:]
    left_out |= {name: f"needs {experiment.looks[0] * costs[name]:.0f} s" for name in missed}
    stage.ledger.set(experiment=replace(experiment, rules=rules), left_out=left_out)
    _announce(
        stage,
        start + sum(costs[cell.name] for cell in kept) if kept else 0.0,
        experiment.looks[0],
        len(kept),
        len(left_out),
        is_over=is_over,
    )
    return replace(experiment, rules=rules, cells=kept)


def _cost(
    stage: Stage, experiment: Experiment, demands: Mapping[Side, plan.Demand]
) -> dict[str, float]:
    """Return how many seconds each cell takes in a block."""
    slack = _slack(experiment)
    threads = {role: capacity(arm) for role, arm in stage.ledger.run.arms.items()}
    return {
        cell.name: slack
        * plan.cell_cost(cell, demands, threads, experiment.rules, experiment.looks[0])
        for cell in experiment.cells
    }


def _slack(experiment: Experiment) -> float:
    """Return by how much a block may take longer: one that can't be done in time costs them all."""
    return plan.SLACK if experiment.is_whole else 1.0


def _block_start(stage: Stage, experiment: Experiment) -> float:
    return _slack(experiment) * stage.ledger.starts.foretell(stage.ledger.run.arms)


def _time_left(stage: Stage, experiment: Experiment) -> float | None:
    if experiment.budget is None:
        return None
    return experiment.budget - stage.ledger.elapsed - MARGIN


def _too_little(stage: Stage, experiment: Experiment, block: float) -> BadInputError:
    blocks = experiment.looks[0]
    need = stage.ledger.elapsed + blocks * block + MARGIN
    return BadInputError(
        f"--budget {experiment.budget:.0f}s is too small: {blocks} blocks of what was asked for "
        f"take {need:.0f} s, and fewer bear no verdict",
        suggest(need),
    )


def _probe(stage: Stage, experiment: Experiment) -> dict[Side, plan.Demand | Fault]:
    """Send each side's request alone a few times; a side that fails is noted in the ledger."""
    probes = plan.choose_probes(experiment.cells)
    sides = list(dict.fromkeys(probes.values()))
    arms = stage.ledger.run.arms
    roles = list(arms)
    with stage.launch_all(arms, "probe") as endpoints:
        sequence = Sequence(
            targets=stage.targets(endpoints),
            questions=tuple(
                Question(
                    row=str(number),
                    variant=side.label,
                    run=run,
                    target=roles.index(side.role),
                    request=side.request,
                )
                for number, side in enumerate(sides)
                for run in range(ASKED)
            ),
        )
        scratch = stage.supervisor.directory / "probe"
        answers = drive.drive_singles(sequence, spawn=stage.supervisor.spawn, directory=scratch)
    by_side: dict[str, list[Single]] = {}
    for single in answers:
        by_side.setdefault(single.row, []).append(single)
    found = {side: _demand(by_side[str(number)]) for number, side in enumerate(sides)}
    for each in found.values():
        if not isinstance(each, plan.Demand):
            stage.ledger.note(each)
    demands: dict[Side, plan.Demand | Fault] = {}
    for side, probe in probes.items():
        seen = found[probe]
        if isinstance(seen, plan.Demand):
            seen = plan.foretell(side, probe, seen, experiment.cells)
        demands[side] = seen
    return demands


def _demand(singles: list[Single]) -> plan.Demand | Fault:
    for single in singles:
        if single.fault:
            return single.fault
    return plan.Demand(
        latency=fmean(each.client or 0.0 for each in singles[1:]),
        server_cpu=fmean(each.server_cpu or 0.0 for each in singles[1:]),
    )


def _announce(  # noqa: PLR0913 # what is to be said
    stage: Stage, each: float, blocks: int, cells: int, out: int, *, is_over: bool
) -> None:
    if cells:
        stage.observer.expect(stage.ledger.elapsed + blocks * each + MARGIN)
        named = f"{cells} cell{'s' * (cells > 1)}"
        said = f"The race: at least {blocks} blocks of {named}, about {each:.0f} s each."
    else:
        said = "No race."
    if is_over:
        said = f"The budget is too small for {blocks} blocks of any cell. {said}"
    if out:
        way = "a longer --budget measures more"
        if stage.ledger.run.command in {"demo", "stacks"}:
            way = "--full measures all"
        said += f" Left out: {out} cells; {way}."
    stage.observer.notice(said)
