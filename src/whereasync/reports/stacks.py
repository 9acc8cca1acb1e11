"""The report of a run on several stacks: did async get cheaper? The answer first, then its tables.

Costs lead: CPU a request, async ÷ sync, above 1 async is dearer. A newcomer would lead with
requests a second, where a server that waits looks like a view that works.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync.document import (
    Block,
    Document,
    Part,
    Ratio,
    Seconds,
    Share,
    caveat,
    code,
    dim,
    fault,
    left,
    next_step,
    paragraph,
    qualify,
    strong,
    table,
    warning,
)
from whereasync.model import Caveat
from whereasync.reports.cells import CUT_SHORT, count_clients, join, remark, shorten
from whereasync.reports.premium import (
    CPU_WORDS,
    bound_cost,
    clients_of,
    django_of,
    find_alone,
    name_stack,
    name_work,
    roles_of,
    say_outcome,
    show_aadd,
    show_changes,
    show_costs,
    show_speeds,
)
from whereasync.results.premium import is_premium
from whereasync.stats import Verdict, is_decided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whereasync.model import Cell, Run
    from whereasync.results import CellResult, Premium, Results
    from whereasync.results.premium import Change
    from whereasync.stats import Comparison

DRIVERS = ("psycopg", "psycopg2-binary", "psycopg2")  # in the order in which Django takes them
BUSY = 0.85  # of the server's core, below which requests/s say what it waits for
OUTCOMES = {  # of a change, in the order in which they are said
    "b": "async has become cheaper against sync",
    "a": "async has become dearer against sync",
    "same": "async costs against sync what it did",
    "open": "whether async has become cheaper against sync is inconclusive",
    "void": "there is no result",
}


def report(results: Results) -> Document:
    """Return the report, of a run finished or cut short."""
    blocks = [
        *_answer(results),
        *_trouble(results.run),
        *_stacks(results.run),
        *show_costs(results),
        *show_speeds(results),
        *show_changes(results),
        *show_aadd(results),
        *_doubt(results),
        *_close(results),
    ]
    names = [name_stack(results.run, role) for role in roles_of(results.run)]
    where = join(names) if names else "several stacks"
    return Document(title=f"What async costs on {where}", blocks=tuple(blocks))


# ---------------------------------------------------------------- the answer


def _answer(results: Results) -> Iterator[Block]:
    """Say in a sentence a stack what has changed; of one stack alone, what async costs there."""
    premium, roles = results.premium, roles_of(results.run)
    if not results.cells or premium is None:
        yield paragraph(strong("No result"), ": nothing was measured.")
    elif not premium.changes:
        for role in roles:
            yield from _answer_alone(results, premium, role)
    else:
        for role in roles[1:]:
            mine = [each for each in premium.changes if each.role == role]
            if mine:
                yield paragraph(*_compare(results, premium, mine))
                yield from _explain(results, premium, mine)


def _answer_alone(results: Results, premium: Premium, role: str) -> Iterator[Block]:
    cells = [each for each in results.cells if is_premium(each.cell) and each.cell.a.role == role]
    if not cells:
        return
    parts: list[Part] = [f"On {name_stack(results.run, role)}", *_in_brackets(results.run, role)]
    parts += [", async takes "]
    for place, each in enumerate(cells):
        parts += [", " if place else "", *_say_cost(premium.cpu[each.cell.name])]
        parts += ["" if place else " the CPU of sync", " for "]
        parts += [name_work(results, each.cell.topic, each.cell.clients)]
    yield paragraph(*parts, *_tail(results, [premium.cpu[each.cell.name] for each in cells]))


def _in_brackets(run: Run, role: str) -> tuple[str, ...]:
    version = django_of(run, role)
    return (f" (Django {version})",) if version else ()


def _say_cost(comparison: Comparison) -> tuple[Part, ...]:
    """Return "1.38x [1.33-1.42]", as a cost: B's ÷ A's."""
    if not comparison.ratio:
        return (warning("void"),)
    interval = bound_cost(comparison)
    return (strong(Ratio(1 / comparison.ratio)), *((" ", interval) if interval else ()))


def _compare(results: Results, premium: Premium, changes: Sequence[Change]) -> Iterator[Part]:
    """Yield "From Django 4.1 to 6.1 async has become cheaper against sync for GET (…)"."""
    first, role = roles_of(results.run)[0], changes[0].role
    yield _say_span(results.run, first, role)
    yield ", "
    said = [(key, [each for each in changes if _outcome(each) == key]) for key in OUTCOMES]
    for place, (key, mine) in enumerate((key, mine) for key, mine in said if mine):
        yield "; " if place else ""
        yield strong(OUTCOMES[key])
        yield " for "
        for number, each in enumerate(mine):
            yield ", " if number else ""
            yield name_work(results, each.topic, each.clients)
            yield from _say_premiums(premium, each, is_first=not place and not number)
    yield from _tail(results, [each.cpu for each in changes])


def _say_span(run: Run, first: str, role: str) -> str:
    before, after = (django_of(run, each) for each in (first, role))
    if before and after and before != after:
        return f"From Django {before} to {after}"
    return f"From {name_stack(run, first)} to {name_stack(run, role)}"


def _say_premiums(premium: Premium, change: Change, *, is_first: bool) -> Iterator[Part]:
    before, after = (premium.cpu[name].ratio for name in (change.before, change.after))
    if before and after:
        yield " (its CPU a request was " if is_first else " ("
        yield Ratio(1 / before)
        yield " that of sync, and is now " if is_first else ", now "
        yield strong(Ratio(1 / after))
        yield ")"


def _tail(results: Results, comparisons: Sequence[Comparison]) -> Iterator[Part]:
    clients, blocks = clients_of(results), max(each.blocks for each in comparisons)
    said = [count_clients(clients[0])] if len(clients) == 1 else []
    said += [f"{blocks} block{'s' * (blocks != 1)}"] if blocks else []  # none where all is void
    yield f"{': ' if said else ''}{', '.join(said)}."


def _outcome(change: Change) -> str:
    match change.cpu.verdict:
        case Verdict.FASTER:
            return change.cpu.winner or "open"
        case Verdict.SAME:
            return "same"
        case Verdict.VOID:
            return "void"
        case _:
            return "open"


def _is_clear(change: Change) -> bool:
    return _outcome(change) in {"a", "b"}


def _explain(results: Results, premium: Premium, changes: Sequence[Change]) -> Iterator[Block]:
    """Say what became of sync and of async by themselves, where anything of that is decided."""
    told = []
    for change in changes:
        alone = find_alone(results, change)
        decided = [is_decided(premium.cpu[each.cell.name]) for each in alone]
        if len(alone) < len(("sync", "async")) or not any((_is_clear(change), *decided)):
            continue
        parts: list[Part] = [name_work(results, change.topic, change.clients), ": "]
        for place, each in enumerate(alone):
            comparison = premium.cpu[each.cell.name]
            parts += [", " if place else "", f"{each.cell.a.label} ", *_say_cost(comparison)]
            parts += [" (", say_outcome(comparison, CPU_WORDS), ")"]
        told.append(parts)
    if told:
        text: list[Part] = ["By themselves, in CPU a request now ÷ then: "]
        for place, parts in enumerate(told):
            text += ["; " if place else "", *parts]
        yield paragraph(*text, ".")


# ---------------------------------------------------------------- tables


def _trouble(run: Run) -> Iterator[Block]:
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)


def _stacks(run: Run) -> Iterator[Block]:
    if not run.stacks:
        return
    rows = []
    for role in roles_of(run):
        has = run.stacks.get(role, {})
        driver = next((name for name in DRIVERS if name in has), None)
        named = None if driver is None else f"{driver.removesuffix('-binary')} {has[driver]}"
        parts = (has.get(each) for each in ("python", "django", "asgiref"))
        rows.append((strong(name_stack(run, role)), *parts, named, has.get("hypercorn")))
    titles = ("stack", "Python", "Django", "asgiref", "driver", "Hypercorn")
    yield table(map(left, titles), rows)


# ---------------------------------------------------------------- around them


def _doubt(results: Results) -> Iterator[Block]:
    """Say what the figures can't bear, and once how to learn more."""
    run = results.run
    yield from remark(
        [_decide(each) for each in results.cells],
        more=None,
        name=lambda each: _name_cell(run)(each.cell),
    )
    yield from _idle(results)
    yield from _unmeasured(run)
    for found in run.caveats:
        yield qualify(found)
    changes = results.premium.changes if results.premium else ()
    is_open = any(each.cpu.verdict is Verdict.INCONCLUSIVE for each in changes)
    if run.status not in CUT_SHORT and (is_open or run.left_out):
        yield next_step(code(_command(run, "--full")), " measures 24 blocks of everything")
    elif len(roles_of(run)) == 1:
        yield next_step(code(_command(run, "--stack latest")), " compares it with another")


def _decide(result: CellResult) -> CellResult:
    """Return the cell without its doubts about requests/s: its row shows them, and CPU leads."""
    is_open = result.comparison.verdict is Verdict.INCONCLUSIVE
    return replace(
        result,
        comparison=replace(result.comparison, reason=None) if is_open else result.comparison,
        caveats=tuple(each for each in result.caveats if each.kind != Caveat.BUDGET_ENDED),
    )


def _name_cell(run: Run) -> Callable[[Cell], str]:
    """Return what names a cell in a sentence: "GET on latest at 16"."""

    def name(cell: Cell) -> str:
        if cell.is_change:
            return f"{cell.topic} on {name_stack(run, cell.a.role)} at {cell.clients}"
        stacks = " and ".join(name_stack(run, each.role) for each in (cell.a, cell.b))
        return f"{cell.topic}, {cell.a.label}, on {stacks} at {cell.clients}"

    return name


def _idle(results: Results) -> Iterator[Block]:
    """Say where the server's core had time to spare: there requests/s are no measure of cost."""
    parts: list[Part] = []
    for each in results.cells:
        shares = [side.throughput * side.server_cpu / 1000 for side in (each.a, each.b) if side]
        if is_premium(each.cell) and shares and min(shares) < BUSY:
            work = name_work(results, each.cell.topic, each.cell.clients)
            stack = name_stack(results.run, each.cell.a.role)
            parts += [", " if parts else "", Share(min(shares)), f" ({work} on {stack})"]
    if parts:
        yield caveat(
            "the server's core was not always busy: ",
            *parts,
            "; requests/s there say what it waits for",
            hint="compare the CPU, or give more --clients",
        )


def _unmeasured(run: Run) -> Iterator[Block]:
    if run.left_out and run.experiment:
        name = _name_cell(run)
        known = {cell.name: name(cell) for cell in run.experiment.cells}
        names = [f"{known[cell]} ({reason})" for cell, reason in run.left_out.items()]
        yield caveat(f"left out: {shorten(names)}")
    if run.database and run.database.vendor == "SQLite":
        yield caveat(
            "POST and aadd are only measured with one client: SQLite lets one write at a time",
            hint=code(_command(run, "--clients 1")),
        )


def _command(run: Run, more: str) -> str:
    """Return the command that measures these stacks again, and more."""
    names = [stack.name for stack in run.experiment.stacks.values()] if run.experiment else []
    return " ".join(["whereasync demo", *(f"--stack {shlex.quote(name)}" for name in names), more])


def _close(results: Results) -> Iterator[Block]:
    run = results.run
    where = [run.machine.cpu, f"{run.machine.cores} cores"]
    if run.experiment:
        where.insert(0, f"{run.experiment.objects} objects of each model")
    if run.database:
        where.insert(-2, f"{run.database.vendor} {run.database.version} ({run.database.where})")
    level = min((each.level for each in _bounded(results)), default=None)
    yield paragraph(
        dim(f"The demo's project, {', '.join(where)}. Seed {run.seed}, "),
        dim(Seconds(run.elapsed)),
        *((dim("; intervals at "), dim(Share(level)), dim(" or more")) if level else ()),
        dim("."),
    )


def _bounded(results: Results) -> Iterator[Comparison]:
    shown = [each.comparison for each in results.cells]
    if results.premium:
        shown += [*results.premium.cpu.values(), *(each.cpu for each in results.premium.changes)]
    return (each for each in shown if each.low is not None)
