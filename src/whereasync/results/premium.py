"""What async costs on each stack, and how that has changed between the first and the others. Pure.

CPU a request is compared beside throughput, block by block and by the same rules: whether async
"got cheaper" asks for a cost, and a server that waits has a low throughput whatever it costs. A
newcomer would compare async on two stacks: it is cheaper wherever Python is faster, as sync is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import stats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whereasync.model import Cell, Experiment
    from whereasync.results.cells import CellResult

VARIANTS = ("sync", "async")  # labels of the sides of a cell that says what async costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How async against sync, on one stack, differs from the same on the first stack.

    A ratio of ratios, each block's own: (async ÷ sync) on this stack ÷ (async ÷ sync) on the first;
    of CPU with sync ÷ async. Above 1, and with the winner "b", async is better off than it was.
    """

    topic: str
    clients: int
    role: str  # of the stack; the first one is the experiment's first
    before: str  # the cell on the first stack
    after: str  # the cell on this one
    throughput: stats.Comparison
    cpu: stats.Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Premium:
    """What a run on several stacks says beyond its cells' throughputs."""

    cpu: dict[str, stats.Comparison]  # cell → server CPU a request, A ÷ B: above 1, B is cheaper
    changes: tuple[Change, ...]


def weigh(experiment: Experiment, cells: Sequence[CellResult]) -> Premium:
    """Return the comparisons of CPU, and the changes since the first stack.

    All of them are judged together, as one family of ``stats.compare``. A void cell voids what
    rests on it; two cells are paired in the blocks that both were measured in.
    """
    pairs = list(_pairs(experiment, cells))
    logs = {f"cpu of {each.cell.name}": _values(each.log_cpu) for each in cells if not each.is_void}
    for before, after in pairs:
        name = after.cell.name
        logs[f"throughput since {name}"] = _subtract(after.log_ratios, before.log_ratios)
        logs[f"cpu since {name}"] = _subtract(after.log_cpu, before.log_cpu)
    found = stats.compare(logs)
    return Premium(
        cpu={
            each.cell.name: each.comparison if each.is_void else found[f"cpu of {each.cell.name}"]
            for each in cells
        },
        changes=tuple(_change(before, after, found) for before, after in pairs),
    )


def is_premium(cell: Cell) -> bool:
    """Return whether the cell says what async costs on one stack."""
    return cell.is_change and (cell.a.label, cell.b.label) == VARIANTS


def _pairs(
    experiment: Experiment, cells: Sequence[CellResult]
) -> Iterator[tuple[CellResult, CellResult]]:
    """Yield what async costs on the first stack, and the same on each other one."""
    first = next(iter(experiment.stacks), "")
    mine = [each for each in cells if is_premium(each.cell)]
    known = {_key(each.cell): each for each in mine if each.cell.a.role == first}
    for each in mine:
        if each.cell.a.role != first and (before := known.get(_key(each.cell))):
            yield before, each


def _key(cell: Cell) -> tuple[str, int]:
    return cell.topic, cell.clients


def _change(before: CellResult, after: CellResult, found: Mapping[str, stats.Comparison]) -> Change:
    name = after.cell.name
    voids = [each.comparison for each in (before, after) if each.is_void]
    throughput, cpu = (
        voids[0] if voids else found[f"{what} since {name}"] for what in ("throughput", "cpu")
    )
    return Change(
        topic=after.cell.topic,
        clients=after.cell.clients,
        role=after.cell.a.role,
        before=before.cell.name,
        after=name,
        throughput=throughput,
        cpu=cpu,
    )


def _values(logs: Mapping[int, float] | None) -> list[float]:
    return list((logs or {}).values())


def _subtract(after: Mapping[int, float] | None, before: Mapping[int, float] | None) -> list[float]:
    """Return the differences in the blocks that both have."""
    after, before = after or {}, before or {}
    return [after[block] - before[block] for block in sorted(after.keys() & before.keys())]
