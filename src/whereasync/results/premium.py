"""What async costs beside sync on each stack, and whether that has changed between them. Pure.

The cost is the server's CPU a request, which says what was asked ("did async get cheaper?") whether
or not the core was busy. A change is a ratio of ratios, block by block: both stacks ran in the same
block, on the same machine at the same time. A newcomer would divide the two means, and have no idea
how sure that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import stats
from whereasync.demo.stacks import BETWEEN, WITHIN, WORKS, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whereasync.results.cells import CellResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Premium:
    """Async beside sync for one work on one stack.

    Ratios of CPU are sync ÷ async: above 1, async is the cheaper one.
    """

    work: str  # the topic: "GET"
    clients: int
    role: str  # the stack's
    cell: str
    cpu: stats.Comparison
    change: stats.Comparison | None = None  # of that ratio since the first stack; above 1: cheaper


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """One view on a stack beside the same view on the first one. CPU is first ÷ this one."""

    cell: str
    cpu: stats.Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Premiums:
    """All that the stacks' cells say about cost."""

    within: tuple[Premium, ...] = ()
    since: tuple[Since, ...] = ()


def find_premiums(cells: Sequence[CellResult], roles: Sequence[str]) -> Premiums:
    """Return what the cells say; ``roles`` are the stacks', the one to compare with first.

    CPU ratios of all cells are tested together, and so are all changes: see ``stats.compare``.
    A void cell has none.
    """
    logs = {each.cell.name: each.log_cpus for each in cells if each.log_cpus}
    cpus = stats.compare({name: list(each.values()) for name, each in logs.items()})
    changes = stats.compare({name: list(each) for name, each in _find_changes(logs, roles)})
    clients = {each.cell.name: each.cell.clients for each in cells}
    return Premiums(
        within=tuple(
            Premium(
                work=work.topic,
                clients=clients[name],
                role=role,
                cell=name,
                cpu=cpus[name],
                change=changes.get(name),
            )
            for work in WORKS
            for role in roles
            for name in cpus
            if name == within(work.name, role, clients[name])
        ),
        since=tuple(
            Since(cell=name, cpu=cpu)
            for name, cpu in cpus.items()
            if name.startswith(f"{BETWEEN}-")
        ),
    )


def _find_changes(
    logs: Mapping[str, Mapping[int, float]], roles: Sequence[str]
) -> Iterator[tuple[str, list[float]]]:
    """Yield, for a cell on each later stack, how its log ratio differs from the first's."""
    first, *others = roles
    for name, mine in logs.items():
        for role in others:
            if f"-{role}-" in name and name.startswith(f"{WITHIN}-"):
                base = logs.get(name.replace(f"-{role}-", f"-{first}-"), {})
                differences = [mine[block] - base[block] for block in mine if block in base]
                if differences:
                    yield name, differences
