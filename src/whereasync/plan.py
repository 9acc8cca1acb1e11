"""Which steps an experiment takes, in which order, and what fits into its budget. Pure.

Order is data: it is drawn once, from the seed, and can be read and tested without running
anything. What a newcomer gets wrong is to run a then b; here the order of arms, rows and cells
differs from block to block, so that a machine that drifts can't favour a side.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whereasync.model import Cell, Experiment, Side, SliceRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whereasync.model import Arm, Request, Row, Upstream

COMPARED = 20  # answers of each side, METHOD: "at least 20 answers of each arm"
SLACK = 1.15  # a map's slices, a race's blocks take so much longer than the bounds say
COMPARING = 0.5  # s of waiting that the comparison may take where a cell's wait is its own
SLICES, FEWEST = 8, 4  # of a race's cell in a block; fewer where the budget is small
RACE_START = 10.0  # s to start the database, load the data, and see what one request needs
USEFUL = 6  # cells that a map should have at least
CANDIDATE = 2.0  # s to start, measure and stop one candidate of a sweep …
BLOCK_START = 2.0  # s to start and stop both arms' servers and the client; docs/method.md
SERVER_START = 1.0  # s of it for each server; … of which this is the start


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadObjects:
    """Load so many objects of each model for the rows that follow."""

    objects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPair:
    """Send a row's request once to each variant, in this order."""

    row: Row
    run: int
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TryCandidate:
    """See what one candidate reaches. Never enters the race."""

    role: str
    arm: Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeViews:
    """See what one request of each kind takes, to know what fits into the budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBlock:
    """Start both arms fresh and measure the cells, those that fit, in this order."""

    number: int
    cells: tuple[Cell, ...]
    seed: int


Step = LoadObjects | SendPair | TryCandidate | ProbeViews | RunBlock


def expand(experiment: Experiment) -> tuple[Step, ...]:
    """Return every step that the experiment may take; a verdict can end the blocks early."""
    draw = random.Random(experiment.seed)  # noqa: S311 # an order, not a secret
    steps: list[Step] = []
    loaded = None
    for row in experiment.rows:
        if row.objects is not None and row.objects != loaded:
            steps.append(LoadObjects(objects=row.objects))
            loaded = row.objects
        for run in range(row.runs):
            variants = tuple(draw.sample(sorted(row.requests), len(row.requests)))
            steps.append(SendPair(row=row, run=run, variants=variants))
    if not experiment.cells:
        return tuple(steps)
    steps += [
        TryCandidate(role=role, arm=arm)
        for role, arms in experiment.candidates.items()
        for arm in draw.sample(arms, len(arms))
    ]
    steps.append(ProbeViews())
    cells = experiment.cells
    steps += [
        RunBlock(
            number=number,
            cells=_order(draw.sample(cells, len(cells)), experiment),
            seed=draw.getrandbits(32),
        )
        for number in range(max(experiment.looks))
    ]
    return tuple(steps)


def _order(cells: list[Cell], experiment: Experiment) -> tuple[Cell, ...]:
    """Return a block's cells as drawn, or, where that is asked for, those of few clients first."""
    if experiment.is_ascending:
        cells = sorted(cells, key=lambda cell: cell.clients)
    return tuple(cells)


# ---------------------------------------------------------------- two arms


def build_race(  # noqa: PLR0913 # a race has that many properties
    requests: Mapping[str, Request],
    candidates: Mapping[str, tuple[Arm, ...]],
    *,
    clients: Sequence[int],
    rate: float | None,
    budget: float,
    objects: int,
    upstream: Upstream | None,
    seed: int,
    looks: tuple[int, ...],
    is_same_work: bool,
    worst: float | None,
) -> Experiment:
    """Return the experiment of two arms: a cell for each number of clients, none left out.

    ``requests`` and ``candidates`` have the keys "a" and "b"; several candidates are tuned first.
    """
    a, b = (Side(role=role, request=requests[role], label=role.upper()) for role in ("a", "b"))
    cells = tuple(
        Cell(
            name=f"race-{number}",
            chapter=1,
            topic="race",
            clients=number,
            a=a,
            b=b,
            rate=rate,
            is_same_work=is_same_work,
        )
        for number in clients
    )
    return Experiment(
        seed=seed,
        budget=budget,
        objects=objects,
        upstream=upstream,
        candidates=dict(candidates),
        sweep=cells,
        cells=cells,
        looks=looks,
        rules=SliceRules(slices=SLICES),
        is_whole=True,
        worst=worst,
    )


# ---------------------------------------------------------------- what fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one request needs when it is alone."""

    latency: float  # s
    server_cpu: float  # s of the server's CPU
    cells: int = 1  # that have this side, one of which warms it up for all


def latency_at(clients: int, demand: Demand, threads: int | None = None) -> float:
    """Return the least mean latency, in seconds, that so many clients can see.

    The asymptotic bounds of a closed system (Denning & Buzen 1978): alone, a request takes its
    latency; together, the clients wait for the one core, or for the ``threads`` that serve.
    """
    waits = demand.latency * max(1.0, clients / threads) if threads else demand.latency
    return max(waits, clients * demand.server_cpu)


def slice_cost(latency: float, rules: SliceRules, rate: float | None = None) -> float:
    """Return how many seconds one slice takes: ramp and its rest, window, tail and drain."""
    window = max(rules.window, rules.latencies * latency)
    return 4.0 * latency + max(window, rules.requests / rate if rate else 0.0)


def slices_of(latency: float, rules: SliceRules, rate: float | None = None) -> int:
    """Return how many slices a cell of a block gets; long ones come in one pair."""
    return 2 if slice_cost(latency, rules, rate) > rules.long else rules.slices


def count_answers(cell: Cell) -> int:
    """Return how many answers of each side are compared before the cell's first load.

    Where cells differ in their wait alone it is the same view each time: of long waits two will do.
    """
    waiting = (cell.a.waits or 0.0) + (cell.b.waits or 0.0)
    return min(COMPARED, max(2, int(COMPARING / waiting))) if waiting else COMPARED


def choose_probes(cells: Sequence[Cell]) -> dict[Side, Side]:
    """Return each side with the one to send in its place, to see what it needs.

    Sides whose requests differ in their wait alone need the same CPU: the shortest wait will do.
    """
    alike: dict[Side, tuple[object, ...]] = {
        side: (side,)
        if side.waits is None
        else (side.role, side.label, side.request.path.partition("?")[0], cell.calls)
        for cell in cells
        for side in (cell.a, cell.b)
    }
    probes: dict[tuple[object, ...], Side] = {}
    for side, kind in sorted(alike.items(), key=lambda each: each[0].waits or 0.0):
        probes.setdefault(kind, side)
    return {side: probes[kind] for side, kind in alike.items()}


def foretell(side: Side, probe: Side, demand: Demand, cells: Sequence[Cell]) -> Demand:
    """Return what a side of these cells needs, from what its probe does."""
    if side.waits is None or probe.waits is None:
        return demand
    return replace(
        demand,
        latency=demand.latency + side.waits - probe.waits,
        cells=sum(side in {cell.a, cell.b} for cell in cells),
    )


def cell_cost(
    cell: Cell,
    demands: Mapping[Side, Demand],
    threads: Mapping[str, int | None],
    rules: SliceRules,
    blocks: int,
) -> float:
    """Return how many seconds the cell takes in each of so many blocks.

    ``demands`` has what each side's request needs, ``threads`` how many requests each role
    serves at once, None for any number. The comparison of answers, once, is shared out. In the
    open loop a rate that can be sustained finds each request nearly alone.
    """
    clients = 1 if cell.rate else cell.clients
    sides = cell.a, cell.b
    latencies = [latency_at(clients, demands[side], threads.get(side.role)) for side in sides]
    alone = sum(demands[side].latency for side in sides)
    slices = min(slices_of(latency, rules, cell.rate) for latency in latencies)
    working = slices / 2 * sum(slice_cost(latency, rules, cell.rate) for latency in latencies)
    warming = sum(
        max(rules.warm_up, 3.0 * latency) / demands[side].cells
        for side, latency in zip(sides, latencies, strict=True)
    )
    needed = working + warming + count_answers(cell) * alone / blocks
    return needed if cell.wait is None else SLACK * needed


def shorten(experiment: Experiment) -> tuple[SliceRules, ...]:
    """Return the rules that may be taken, the best first: fewer slices, rather than no cell.

    Only where all cells must be measured; else fewer cells are.
    """
    rules = experiment.rules
    if not experiment.is_whole or rules.slices <= FEWEST:
        return (rules,)
    return rules, replace(rules, slices=FEWEST)


def least_budget(
    experiment: Experiment, *, spent: float = RACE_START, start: float | None = None
) -> float:
    """Return the seconds that the race takes at least, were every answer there at once.

    What is ``spent`` before, tuning, and as many blocks as the first look needs; known before
    anything starts. Once servers have, ``start`` is what a block takes beside its cells.
    """
    nothing = Demand(latency=0.0, server_cpu=0.0)
    blocks, (*_, rules) = experiment.looks[0], shorten(experiment)
    servers = len(experiment.candidates)
    start = block_start(servers) if start is None else start
    block = start + sum(
        cell_cost(cell, {cell.a: nothing, cell.b: nothing}, {}, rules, blocks)
        for cell in experiment.cells
    )
    tried = sum(len(arms) for arms in experiment.candidates.values() if len(arms) > 1)
    candidate = CANDIDATE - SERVER_START + start / servers
    return spent + candidate * tried + blocks * block


def block_start(servers: int) -> float:
    """Return how many seconds a block takes beside its cells: two servers or more start in it."""
    return max(BLOCK_START, SERVER_START * servers)


def least_map_budget(experiment: Experiment) -> float:
    """Return the seconds that a map of the first cells takes at least, did nothing cost CPU."""
    cells = experiment.cells[:USEFUL]
    demands = {
        side: foretell(side, side, Demand(latency=side.waits or 0.0, server_cpu=0.0), cells)
        for cell in cells
        for side in (cell.a, cell.b)
    }
    blocks = experiment.looks[0]
    block = BLOCK_START + sum(
        cell_cost(cell, demands, {}, experiment.rules, blocks) for cell in cells
    )
    tried = sum(len(arms) for arms in experiment.candidates.values() if len(arms) > 1)
    return RACE_START + CANDIDATE * tried + blocks * block


def fit(
    cells: Sequence[Cell],
    costs: Mapping[str, float],
    budget: float | None,
    blocks: int,
    start: float = BLOCK_START,
) -> tuple[Cell, ...]:
    """Return the cells that can be measured in ``blocks`` blocks within ``budget`` seconds.

    The most telling come first and are taken first; a cell that is too long does not keep a
    shorter one behind it from being taken. A None budget takes all. ``start`` is what a block
    takes beside its cells, in seconds.
    """
    if budget is None:
        return tuple(cells)
    left = budget - blocks * start
    kept = []
    for cell in cells:
        need = blocks * costs[cell.name]
        if need <= left:
            kept.append(cell)
            left -= need
    return tuple(kept)
