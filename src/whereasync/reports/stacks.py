"""Did async get cheaper? The stacks' report: the answer, the price on each, what has changed.

The price is server CPU a request, async ÷ sync: above 1, async costs more. A newcomer would answer
by throughput alone, which on an old Hypercorn is bound by its waits and not by what Django does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.demo.stacks import AADD, BETWEEN, WITHIN
from whereasync.document import (
    Block,
    Count,
    Document,
    Interval,
    Part,
    Ratio,
    Seconds,
    Share,
    Span,
    bad,
    caveat,
    code,
    dim,
    fault,
    good,
    heading,
    left,
    paragraph,
    qualify,
    right,
    strong,
    table,
    warning,
)
from whereasync.reports.cells import CUT_SHORT, count_clients, remark, show_comparison, show_rate
from whereasync.stats import ALPHA, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whereasync.document import Line
    from whereasync.model import Run
    from whereasync.results import CellResult, Results
    from whereasync.results.premium import Premium, Since
    from whereasync.stats import Comparison

DRIVERS = ("psycopg", "psycopg2-binary")
FELL, ROSE, SAME, OPEN = "fell", "rose", "is the same within 5 %", "is inconclusive"
HEADLINES = {
    FELL: "Yes, cheaper.",
    ROSE: "No, dearer.",
    SAME: "No, it costs what it did.",
    OPEN: "Inconclusive.",
}
MORE = "whereasync demo --full --stack …"


def report(results: Results) -> Document:
    """Return the report of a run on stacks, finished or cut short."""
    names = name_stacks(results.run)
    blocks = [
        *_preface(results.run),
        *_answer(results, names),
        _show_stacks(results.run, names),
        *_show_prices(results, names),
        *_show_throughputs(results, names),
        *_show_since(results, names),
        *_show_aadd(results, names),
        *remark(
            results.cells,
            more=None if results.run.status in CUT_SHORT else MORE,
            name=lambda each: _name_cell(each, names),
        ),
        *_closing(results),
    ]
    title = f"Did async get cheaper? {' and '.join(names.values())}"
    return Document(title=title, blocks=tuple(blocks))


def name_stacks(run: Run) -> dict[str, str]:
    """Return role → what a reader calls the stack."""
    stacks = run.experiment.stacks if run.experiment else {}
    return {role: stack.name for role, stack in stacks.items()}


def _preface(run: Run) -> Iterator[Block]:
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)


# ---------------------------------------------------------------- the answer


def _answer(results: Results, names: dict[str, str]) -> Iterator[Block]:
    within = results.premiums.within if results.premiums else ()
    changed = [each for each in within if each.change]
    if not within:
        yield paragraph(strong("No result"), ": nothing was measured.")
    elif not changed:
        yield paragraph(*_tell_prices(within, names))
    first = next(iter(names.values()), "")
    for role in dict.fromkeys(each.role for each in changed):
        mine = [each for each in changed if each.role == role]
        before = {each.work: each for each in within if names[each.role] == first}
        yield paragraph(
            strong(_headline([each.change for each in mine if each.change])),
            f" From {first} to {names[role]} the price of async, its server CPU as a multiple of "
            "sync's, ",
            *_tell_changes(mine, before),
            ".",
        )


def _headline(changes: Sequence[Comparison]) -> str:
    """Answer the question in a word or two, as far as the verdicts go."""
    kinds = {_say_change(each) for each in changes}
    if len(kinds) == 1:
        return HEADLINES[kinds.pop()]
    if {FELL, ROSE} <= kinds:
        return "For some work, not for other."
    return "In part." if FELL in kinds else "Not shown to be."


def _tell_prices(within: Sequence[Premium], names: dict[str, str]) -> Iterator[Part]:
    yield "Async costs "
    for place, each in enumerate(within):
        yield "; " if place else ""
        yield from _ratio(each.cpu)
        yield f" the server CPU of sync for {each.work} on {names[each.role]}"
    yield "."


def _tell_changes(changed: Sequence[Premium], before: dict[str, Premium]) -> Iterator[Part]:
    """Yield "fell for one query (1.52x to 1.33x)", grouped by what became of it."""
    kinds: dict[str, list[Premium]] = {}
    for each in changed:
        assert each.change
        kinds.setdefault(_say_change(each.change), []).append(each)
    for place, (kind, mine) in enumerate(kinds.items()):
        yield "; " if place else ""
        yield f"{kind} for "
        for number, each in enumerate(mine):
            yield ", " if number else ""
            yield f"{each.work} ("
            yield _price(before[each.work].cpu)
            yield " to "
            yield _price(each.cpu)
            yield ")"


def _say_change(change: Comparison) -> str:
    match change.verdict:
        case Verdict.FASTER:
            return FELL if change.winner == "b" else ROSE
        case Verdict.SAME:
            return SAME
        case _:
            return OPEN


def _price(cpu: Comparison) -> Part:
    """Return async ÷ sync: the comparison is the other way round, so that more is better."""
    return None if not cpu.ratio else Ratio(1 / cpu.ratio)


def _bounds(cpu: Comparison) -> Interval | None:
    if cpu.low is None or cpu.high is None:
        return None
    return Interval(1 / cpu.high, 1 / cpu.low)


def _ratio(cpu: Comparison) -> Iterator[Part]:
    yield strong(price) if isinstance(price := _price(cpu), Ratio) else None
    if bounds := _bounds(cpu):
        yield " "
        yield bounds


# ---------------------------------------------------------------- tables


def _show_stacks(run: Run, names: dict[str, str]) -> Block:
    def row(role: str) -> tuple[Line, ...]:
        has = run.stacks.get(role, {})
        driver = next((f"{name} {has[name]}" for name in DRIVERS if name in has), None)
        rest = (has.get(name) for name in ("python", "django", "asgiref"))
        return (strong(names[role]), *rest, driver, has.get("hypercorn"))

    columns = ("stack", "Python", "Django", "asgiref", "driver", "Hypercorn")
    return table(map(left, columns), [row(role) for role in names], caption="The stacks")


def _show_prices(results: Results, names: dict[str, str]) -> Iterator[Block]:
    within = results.premiums.within if results.premiums else ()
    if not within:
        return
    cells = {each.cell.name: each for each in results.cells}
    yield heading("The price of async")
    yield table(
        [
            left("work"),
            left("stack"),
            right("sync"),
            right("async"),
            right("price"),
            left("interval"),
            right("change"),
            left("interval"),
            left("async got"),
        ],
        [_show_price(each, cells[each.cell], names) for each in within],
        caption="Server CPU in seconds per 1,000 requests; price: async ÷ sync; change: that price "
        "over the first stack's",
    )


def _show_price(each: Premium, cell: CellResult, names: dict[str, str]) -> tuple[Line, ...]:
    change: tuple[Line, ...] = (None, None, "")
    if each.change:
        change = (_price(each.change), _bounds(each.change), _judge_change(each.change))
    price = _price(each.cpu)
    return (
        each.work,
        names[each.role],
        *(Count(side.server_cpu, 1) if side else None for side in (cell.a, cell.b)),
        strong(price) if isinstance(price, Ratio) else None,
        _bounds(each.cpu),
        *change,
    )


def _judge_change(change: Comparison) -> Span:
    said = {FELL: good("cheaper"), ROSE: bad("dearer"), SAME: Span("same ±5 %")}
    return said.get(_say_change(change), dim("inconclusive"))


def _show_throughputs(results: Results, names: dict[str, str]) -> Iterator[Block]:
    cells = _of(results, WITHIN)
    if cells:
        yield _race_table(
            cells,
            ("sync", "async"),
            lambda each: (each.cell.topic, names[each.cell.a.role]),
            "Throughput on each stack, async ÷ sync, both on Hypercorn",
        )


def _show_since(results: Results, names: dict[str, str]) -> Iterator[Block]:
    cells = _of(results, BETWEEN)
    if not cells:
        return
    yield heading("What the stack changed by itself")
    since = {each.cell: each for each in results.premiums.since} if results.premiums else {}
    first = next(iter(names.values()))
    yield _race_table(
        cells,
        ("first", "then"),
        lambda each: (each.cell.topic, names[each.cell.b.role]),
        f"The same view on the stack against on {first}; ratio is throughput, then ÷ first",
    )
    yield from _tell_since(cells, since, names)


def _tell_since(
    cells: Sequence[CellResult], since: dict[str, Since], names: dict[str, str]
) -> Iterator[Block]:
    parts: list[Part] = []
    for each in cells:
        cpu = since.get(each.cell.name)
        if cpu and cpu.cpu.verdict is Verdict.FASTER:
            parts += [
                "; " if parts else "",
                f"{each.cell.topic} on {names[each.cell.b.role]} ",
                *_ratio(cpu.cpu),
            ]
    if parts:
        yield paragraph("Server CPU a request, then ÷ first: ", *parts, ".")


def _show_aadd(results: Results, names: dict[str, str]) -> Iterator[Block]:
    cells = _of(results, AADD)
    if cells:
        yield heading("“aadd” against what was written before there was one")
        yield _race_table(
            cells,
            ("before", "aadd"),
            lambda each: (each.cell.a.label, names[each.cell.a.role]),
            "A store added to a car in an async view: created through it, as the article does, "
            "or with add() in a thread, against aadd; ratio is throughput, aadd ÷ before",
        )
    without = [
        names[role]
        for role, has in results.run.stacks.items()
        if not any(each.cell.a.role == role for each in cells) and _is_before_aadd(has)
    ]
    if without:
        yield paragraph(dim(f"{', '.join(without)}: no aadd, which came with Django 4.2."))


def _is_before_aadd(versions: dict[str, str]) -> bool:
    return versions.get("django", "").startswith("4.1.")


def _of(results: Results, prefix: str) -> list[CellResult]:
    return [each for each in results.cells if each.cell.name.startswith(f"{prefix}-")]


def _race_table(
    cells: Sequence[CellResult],
    sides: tuple[str, str],
    name: Callable[[CellResult], tuple[str, str]],
    caption: str,
) -> Block:
    return table(
        [
            left("work"),
            left("stack"),
            right("clients"),
            *(right(f"{side} /s") for side in sides),
            right("ratio"),
            left("interval"),
            left("verdict"),
        ],
        [(*name(each), *_show_cell(each)) for each in cells],
        caption=caption,
    )


def _show_cell(result: CellResult) -> tuple[Line, ...]:
    a, b = result.a, result.b
    ratio, interval, verdict = show_comparison(result, result.comparison)
    return (
        Count(result.cell.clients),
        show_rate(a.throughput) if a else None,
        show_rate(b.throughput) if b else None,
        ratio,
        interval,
        warning("void") if result.is_void else verdict,
    )


def _name_cell(result: CellResult, names: dict[str, str]) -> str:
    a, b = result.cell.a, result.cell.b
    where = names[a.role] if a.role == b.role else f"{names[a.role]} to {names[b.role]}"
    return f"{result.cell.topic}, {where}, {count_clients(result.cell.clients)}"


def _closing(results: Results) -> Iterator[Block]:
    run = results.run
    left_out = [f"{name}: {why}" for name, why in run.left_out.items()]
    if left_out:
        yield caveat(f"not measured: {'; '.join(left_out)}", hint=code(MORE))
    for found in run.caveats:
        yield qualify(found)
    served = f"{run.database.vendor} {run.database.version} for all. " if run.database else ""
    yield paragraph(
        dim(served),
        dim(f"Seed {run.seed}, "),
        dim(Seconds(run.elapsed)),
        dim(f", {results.blocks} blocks; intervals at "),
        dim(Share(1 - ALPHA)),
        dim(" or more."),
    )
