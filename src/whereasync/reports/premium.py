"""The tables of what async costs on several stacks, and what they have in common.

CPU is shown as a cost, B's ÷ A's: above 1 is dearer. ``results.premium`` has it the other way
round, for there, as everywhere, B is better above 1. A newcomer would invert a ratio and not its
interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.document import (
    Block,
    Column,
    Interval,
    Line,
    Part,
    Ratio,
    Seconds,
    Span,
    bad,
    dim,
    good,
    left,
    right,
    strong,
    table,
    warning,
)
from whereasync.reports.cells import show_interval, show_rate
from whereasync.results.premium import is_premium
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.model import Run
    from whereasync.results import CellResult, Results
    from whereasync.results.cells import SideResult
    from whereasync.results.premium import Change
    from whereasync.stats import Comparison

AADD = "aadd"  # the topic of the cells that compare it
CPU_WORDS, SPEED_WORDS = ("cheaper", "dearer"), ("faster", "slower")


# ---------------------------------------------------------------- names


def roles_of(run: Run) -> tuple[str, ...]:
    """Return the stacks' roles, the first of which the others are compared with."""
    return tuple(run.experiment.stacks) if run.experiment else ()


def name_stack(run: Run, role: str) -> str:
    """Return what a stack is called in a table: its name, or its Django where that is long."""
    assert run.experiment is not None
    stacks = run.experiment.stacks
    if " " not in stacks[role].name:
        return stacks[role].name
    version = run.stacks.get(role, {}).get("django")
    others = {each.get("django") for other, each in run.stacks.items() if other != role}
    return f"Django {version}" if version and version not in others else role


def django_of(run: Run, role: str) -> str:
    """Return "4.1", as people speak of it; "" where it isn't known."""
    return ".".join(run.stacks.get(role, {}).get("django", "").split(".")[:2])


def name_work(results: Results, topic: str, clients: int) -> str:
    """Return "GET", or "GET at 8" where there are several numbers of clients."""
    return f"{topic} at {clients}" if len(clients_of(results)) > 1 else topic


def clients_of(results: Results) -> list[int]:
    """Return the numbers of clients that were measured."""
    return sorted({each.cell.clients for each in results.cells})


# ---------------------------------------------------------------- figures


def show_cost(comparison: Comparison, who: str = "") -> tuple[Part, ...]:
    """Return ratio, interval and verdict of CPU a request, three cells of a row."""
    ratio = strong(Ratio(1 / comparison.ratio)) if comparison.ratio else None
    return ratio, bound_cost(comparison), say_outcome(comparison, CPU_WORDS, who)


def show_speed(comparison: Comparison, who: str = "") -> tuple[Part, ...]:
    """Return ratio, interval and verdict of requests/s, three cells of a row."""
    ratio = strong(Ratio(comparison.ratio)) if comparison.ratio else None
    return ratio, show_interval(comparison), say_outcome(comparison, SPEED_WORDS, who)


def bound_cost(comparison: Comparison) -> Interval | None:
    """Return the interval of B's cost ÷ A's, where there is one."""
    if comparison.low is None or comparison.high is None:
        return None
    return Interval(1 / comparison.high, 1 / comparison.low)


def say_outcome(comparison: Comparison, words: tuple[str, str], who: str = "") -> Span:
    """Return the verdict on B in words: the first where B is better, else the second."""
    match comparison.verdict:
        case Verdict.FASTER:
            is_better = comparison.winner == "b"
            return (good if is_better else bad)(who + words[not is_better])
        case Verdict.SAME:
            return Span("same ±5 %")
        case Verdict.VOID:
            return warning("void")
        case _:
            return dim("inconclusive")


def _per_request(side: SideResult | None) -> Seconds | None:
    return None if side is None else Seconds(side.server_cpu / 1000)


def _per_second(side: SideResult | None) -> Part:
    return None if side is None else show_rate(side.throughput)


# ---------------------------------------------------------------- tables


def find_alone(results: Results, change: Change) -> list[CellResult]:
    """Return the cells that compare sync with sync, and async with async, on the two stacks."""
    return [
        each
        for each in results.cells
        if not each.cell.is_change
        and (each.cell.topic, each.cell.clients) == (change.topic, change.clients)
        and each.cell.b.role == change.role
    ]


def show_costs(results: Results) -> Iterator[Block]:
    """Yield the table of what async costs on each stack, in CPU a request."""
    rows = [
        (
            name_work(results, each.cell.topic, each.cell.clients),
            name_stack(results.run, each.cell.a.role),
            _per_request(each.a),
            _per_request(each.b),
            *show_cost(results.premium.cpu[each.cell.name], "async "),
        )
        for each in results.cells
        if results.premium and is_premium(each.cell)
    ]
    if rows:
        yield table(
            [
                *map(left, ("work", "stack")),
                *map(right, ("sync", "async", "async ÷ sync")),
                *map(left, ("interval", "verdict")),
            ],
            rows,
            caption="What async costs: CPU of the server a request",
        )


def show_speeds(results: Results) -> Iterator[Block]:
    """Yield the table of what sync and async do on each stack, in requests a second."""
    rows = [
        (
            name_work(results, each.cell.topic, each.cell.clients),
            name_stack(results.run, each.cell.a.role),
            _per_second(each.a),
            _per_second(each.b),
            *show_speed(each.comparison, "async "),
        )
        for each in results.cells
        if is_premium(each.cell)
    ]
    if rows:
        yield table(
            [
                *map(left, ("work", "stack")),
                *map(right, ("sync /s", "async /s", "async ÷ sync")),
                *map(left, ("interval", "verdict")),
            ],
            rows,
            caption="What it does: requests a second",
        )


def show_changes(results: Results) -> Iterator[Block]:
    """Yield the table of what has changed since the first stack: sync, async, and their ratio."""
    premium = results.premium
    if premium is None or not premium.changes:
        return
    rows: list[tuple[Line, ...]] = []
    for change in premium.changes:
        start = (
            name_work(results, change.topic, change.clients),
            name_stack(results.run, change.role),
        )
        for each in find_alone(results, change):
            costs = show_cost(premium.cpu[each.cell.name])
            rows.append((*start, each.cell.a.label, *costs, *_bound(each.comparison)))
        rows.append((*start, "premium", *show_cost(change.cpu), *_bound(change.throughput)))
    first = name_stack(results.run, roles_of(results.run)[0])
    yield table(
        [*map(left, ("work", "stack", "of")), *_columns()],
        rows,
        caption=f"What has changed since {first}, as stack ÷ {first}; the premium is async ÷ sync",
    )


def show_aadd(results: Results) -> Iterator[Block]:
    """Yield the table of ``aadd`` beside what was written before it, on the stacks that have it."""
    run, premium = results.run, results.premium
    cells = [each for each in results.cells if each.cell.topic == AADD]
    if not cells or premium is None:
        return
    lacking = [role for role in roles_of(run) if role not in {each.cell.a.role for each in cells}]
    yield table(
        [*map(left, ("stack", "aadd instead of")), *_columns()],
        [
            (
                name_stack(run, each.cell.a.role),
                name_work(results, each.cell.a.label, each.cell.clients),
                *show_cost(premium.cpu[each.cell.name]),
                *_bound(each.comparison),
            )
            for each in cells
        ],
        caption="aadd, in a view that also creates, counts and deletes: aadd ÷ what it replaces",
        notes=[
            f"{name_stack(run, role)}: Django {version} has no aadd; it came with 4.2"
            for role in lacking
            if (version := django_of(run, role))
        ],
    )


def _columns() -> tuple[Column, ...]:
    return (
        *(right("CPU"), left("interval"), left("verdict")),
        *(right("requests/s"), left("interval")),
    )


def _bound(comparison: Comparison) -> tuple[Part, ...]:
    """Return ratio and interval of requests/s, two cells of a row; CPU has the verdict."""
    ratio = Ratio(comparison.ratio) if comparison.ratio else None
    return ratio, show_interval(comparison)
