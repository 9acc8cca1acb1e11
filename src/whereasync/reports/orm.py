"""Does any way make async ORM work pay? The answer first, then each way at each load.

An async way pays where it is faster than the same work done sync; that is decided by verdicts, and
never by a ratio alone. A newcomer would name the way that gained most over "as written" the winner,
though sync is ahead of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.demo.orm import (
    REFERENCE,
    THREADS,
    WAYS,
    WORKS,
    find_missing,
)
from whereasync.document import (
    Block,
    Document,
    Part,
    Ratio,
    caveat,
    code,
    dim,
    fault,
    heading,
    items,
    next_step,
    paragraph,
    qualify,
    strong,
)
from whereasync.reports.cells import (
    CUT_SHORT,
    count_clients,
    join,
    remark,
    shorten,
    show_interval,
    sign,
)
from whereasync.reports.ways import LABELS, explain_tables, show_work
from whereasync.stats import SMALLEST_EFFECT, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.model import Run
    from whereasync.results import CellResult, Results
    from whereasync.stats import Comparison

LONGER = "whereasync demo orm --full"
LATEST = "whereasync demo orm --stack latest"
MOST = 3  # open cells to name
ASYNC = {way.role for way in WAYS if way.is_async}


def report(results: Results) -> Document:
    """Return the report of a run of ``demo orm``, finished or cut short."""
    blocks = [
        *_preface(results.run),
        *_answer(results.cells),
        *explain_tables(results),
        *(block for work in WORKS for block in show_work(results, work.topic)),
        *remark(
            results.cells,
            more=None if results.run.status in CUT_SHORT else LONGER,
            name=_name,
        ),
        *_describe_ways(results),
        *_missing(results),
        *_closing(results),
    ]
    return Document(title="Does any way make async ORM work pay?", blocks=tuple(blocks))


def _preface(run: Run) -> Iterator[Block]:
    versions = run.versions
    stack = [f"Python {versions['python']}"] if "python" in versions else [run.machine.python]
    for name in ("django", "asgiref", "psycopg", "psycopg-pool", "django-async-backend"):
        stack += [f"{name} {versions[name]}"] if name in versions else []
    if run.database:
        stack.append(f"{run.database.vendor} {run.database.version} ({run.database.where})")
    named = sorted({arm.server for arm in run.arms.values()})
    stack += [f"{name} {versions[name]}" for name in named if name in versions]
    stack += [f"on {run.machine.cpu}", f"{run.machine.cores} cores, one of them the server's"]
    without = run.options.get("no_middleware") == "True"
    middleware = "without middleware" if without else "with startproject's middleware"
    yield paragraph(dim(f"{', '.join(stack)}; the demo's project {middleware}."))
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)


# ---------------------------------------------------------------- the answer


def _answer(cells: Sequence[CellResult]) -> Iterator[Block]:
    """Say which async ways are faster than sync anywhere, then which keep up, then the rest."""
    decided = [each for each in _raced(cells) if _is_decided(each.comparison)]
    if not decided:
        yield paragraph(strong("No result"), ": no async way has a verdict yet.")
        return
    roles = {each.cell.b.role for each in _raced(cells)}
    winners = [each for each in decided if each.comparison.winner == "b"]
    paying = list(dict.fromkeys(each.cell.b.role for each in winners))
    if not paying:
        yield paragraph(
            strong(f"None of {len(roles)} ways makes async ORM work pay here"),
            f": nowhere is one faster than the sync view on {THREADS} threads that keep their "
            "connections. ",
            *_range(decided),
        )
    else:
        named = join([LABELS[role] for role in paying])
        yield paragraph(
            strong(f"{len(paying)} of {len(roles)} ways make async ORM work pay here: {named}"),
            ". ",
            *_list("Faster than sync: ", winners),
            *_list("Slower, the same ways: ", _losing(decided, paying)),
        )
    same = [each for each in decided if each.comparison.verdict is Verdict.SAME]
    if same:
        yield paragraph(*_list("No difference that matters: ", same))
    if still := [each for each in _raced(cells) if _may_win(each.comparison)]:
        likely = sorted(still, key=lambda each: each.comparison.ratio or 0.0, reverse=True)
        yield paragraph(*_list("Still open, and may be faster: ", likely, most=MOST))


def _raced(cells: Sequence[CellResult]) -> list[CellResult]:
    return [each for each in cells if each.cell.b.role in ASYNC]


def _is_decided(comparison: Comparison) -> bool:
    return comparison.verdict in (Verdict.FASTER, Verdict.SAME)


def _may_win(comparison: Comparison) -> bool:
    is_open = comparison.verdict is Verdict.INCONCLUSIVE
    return is_open and (comparison.high is None or comparison.high > 1 + SMALLEST_EFFECT)


def _losing(decided: Sequence[CellResult], roles: Sequence[str]) -> list[CellResult]:
    return [each for each in decided if each.comparison.winner == "a" and each.cell.b.role in roles]


def _range(decided: Sequence[CellResult]) -> Iterator[Part]:
    """Yield the best and the worst of each work: "one query: as written 0.21x … bounded 0.80x"."""
    for topic in dict.fromkeys(each.cell.topic for each in decided):
        here = sorted(
            (each for each in decided if each.cell.topic == topic),
            key=lambda each: each.comparison.ratio or 0.0,
        )
        worst, best = here[0], here[-1]
        yield f"{topic[0].upper()}{topic[1:]}: "
        if worst is not best:
            yield "from "
            yield from _quote(worst)
            yield " to "
        yield from _quote(best)
        shares = [each.b.server_cpu / each.a.server_cpu for each in here if each.a and each.b]
        yield ", for "
        yield Ratio(min(shares))
        yield " the server's CPU at the least. "


def _list(says: str, cells: Sequence[CellResult], most: int | None = None) -> Iterator[Part]:
    if cells:
        yield says
        for number, each in enumerate(cells[:most]):
            yield "; " if number else ""
            yield from _quote(each)
            yield f", {each.cell.topic}"
        rest = len(cells[most:]) if most else 0
        yield f"; and {rest} more, with lower ratios. " if rest else ". "


def _quote(result: CellResult) -> Iterator[Part]:
    """Yield "bounded 0.80x [0.77-0.83] at 8 clients"."""
    comparison = result.comparison
    yield f"{result.cell.b.label} "
    yield strong(Ratio(comparison.ratio or 0.0))
    if interval := show_interval(comparison):
        yield " "
        yield interval
    yield f" at {count_clients(result.cell.clients)}"


def _name(result: CellResult) -> str:
    return f"{result.cell.b.label}, {result.cell.topic} at {result.cell.clients}"


# ---------------------------------------------------------------- what they are


def _describe_ways(results: Results) -> Iterator[Block]:
    experiment = results.run.experiment
    ways = [way for way in (REFERENCE, *WAYS) if experiment and way.role in experiment.candidates]
    if not ways:
        return
    yield heading("What they are, and what to watch")
    yield items(
        *(
            (strong(way.label), f": {way.does}.", f" Watch: {way.watch}." if way.watch else "")
            for way in ways
        )
    )


def _missing(results: Results) -> Iterator[Block]:
    run = results.run
    for role, needs in find_missing(run.versions).items() if run.versions else ():
        yield caveat(f"not tried: {LABELS[role]} needs {needs}", hint=code(LATEST))
    planned = run.experiment.cells if run.experiment else ()
    measured = {each.cell.name for each in results.cells}
    out = [
        f"{cell.b.label}, {cell.topic} at {cell.clients}: "
        f"{run.left_out.get(cell.name, 'not reached')}"
        for cell in planned
        if cell.name not in measured
    ]
    if out:
        yield caveat(f"not measured: {shorten(out, 3)}", hint=code(LONGER))


def _closing(results: Results) -> Iterator[Block]:
    run = results.run
    for found in run.caveats:
        yield qualify(found)
    decided = [each for each in _raced(results.cells) if _is_decided(each.comparison)]
    if decided and not any(each.comparison.winner == "b" for each in decided):
        yield next_step(
            "keep ORM work in sync views; where a view is async for its other calls, bound its "
            "threads and keep their connections; see from which wait on async pays: ",
            code("whereasync map"),
        )
    elif decided:
        yield next_step(
            "race that way on another day, and at the load that you have: ",
            code(f"{LONGER} --clients 8,16"),
        )
    yield sign(run, [each.comparison for each in results.cells], results.blocks)
