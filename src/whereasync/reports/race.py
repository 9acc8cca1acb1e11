"""A race's report: the answer first, then what it rests on.

The first line can be read alone, and says as much as the intervals allow. A newcomer would lead
with the ratio; whoever reads only that quotes it without its interval.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

from whereasync.document import (
    Block,
    Count,
    Document,
    Forest,
    ForestRow,
    Line,
    Part,
    Ratio,
    Seconds,
    Span,
    caveat,
    dim,
    fault,
    items,
    left,
    paragraph,
    qualify,
    right,
    strong,
    table,
)
from whereasync.reports.arms import show_costs, show_sweep
from whereasync.reports.article import space_unit
from whereasync.reports.cells import (
    CUT_SHORT,
    count_clients,
    join,
    remark,
    say_verdict,
    show_comparison,
    show_cpu,
    show_interval,
    show_rate,
    sign,
)
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.model import Experiment, Run, Side
    from whereasync.results import CellResult, Crossover, Results
    from whereasync.results.cells import SideResult
    from whereasync.stats import Comparison

FEW = 4  # clients below which a crossing is told in tenths
LONGER = "whereasync race … --budget 5m"


def report(results: Results) -> Document:
    """Return the report of a race, finished or cut short."""
    blocks = [
        *_preface(results.run),
        *_answer(results.cells),
        *_cross(results),
        *_curve(results.cells),
        *_latency_ratios(results.cells),
        *_figures(results.cells),
        *remark(
            results.cells, more=None if results.run.status in CUT_SHORT else LONGER, name=_name
        ),
        *show_costs(results),
        *_tuned(results),
        *_closing(results),
    ]
    return Document(title=_title(results.run), blocks=tuple(blocks))


def _title(run: Run) -> str:
    cells = run.experiment.cells if run.experiment else ()
    if not cells:
        return "Race"
    return " against ".join(_title_side(side, run) for side in (cells[0].a, cells[0].b))


def _title_side(side: Side, run: Run) -> str:
    arm = f"{run.arms[side.role]}@" if side.role in run.arms else ""  # not chosen yet
    return f"{side.label}: {arm}{side.request.path}"


def _preface(run: Run) -> Iterator[Block]:
    experiment, versions = run.experiment, run.versions
    python, ours = run.versions.get("python", ""), run.machine.python
    stack = [_capitalise(run.project), ours if python in ours else f"Python {python}"]
    stack += [f"Django {versions['django']}"] if "django" in versions else []
    if run.database:
        stack.append(f"{run.database.vendor} {run.database.version} ({run.database.where})")
    named = {arm.server for arm in run.arms.values()}
    stack += [f"{name} {versions[name]}" for name in sorted(named) if name in versions]
    stack += [f"on {run.machine.cpu}", f"{run.machine.cores} cores"]
    yield paragraph(dim(", ".join(stack)), *map(dim, _describe_load(experiment)), dim("."))
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)


def _capitalise(project: str) -> str:
    """Return "The demo's project", and a module's name as it is."""
    return f"T{project[1:]}" if project.startswith("the ") else project


def _describe_load(experiment: Experiment | None) -> Iterator[str]:
    if experiment is None or not experiment.cells:
        return
    request = experiment.cells[0].a.request
    if request.method != "GET":
        yield f"; {request.method} requests"
    if request.user:
        yield f"; asked as {request.user}"
    if rate := experiment.cells[0].rate:
        yield f"; open loop, {rate:,g} requests/s to each"
    if experiment.upstream:
        yield f"; the API behind it waits {space_unit(experiment.upstream.latency)}"


# ---------------------------------------------------------------- the answer


def _answer(cells: tuple[CellResult, ...]) -> Iterator[Block]:
    """Say what the verdict is and how sure; of a curve, what holds all along it."""
    if not cells:
        yield paragraph(strong("No result"), ": nothing was measured.")
    if len(cells) == 1:
        yield paragraph(*_judge(cells[0]), ".")
        return
    said = {_name(each): _say(each.comparison) for each in cells}
    for says in dict.fromkeys(said.values()):
        where = [name for name, each in said.items() if each == says]
        yield paragraph(strong(says), f" at {join(where)}.")


def _judge(result: CellResult) -> Iterator[Part]:
    """Yield "B is faster: 1.32x [1.27-1.38] … at 8 clients, 12 blocks", and what p99 says."""
    comparison, tail = result.comparison, result.tail
    yield strong(_say(comparison))
    if comparison.ratio is not None:
        yield ": "
        yield strong(Ratio(comparison.ratio))
        if interval := show_interval(comparison):
            yield " "
            yield interval
        yield " as many requests/s as A" if result.cell.rate is None else " (p50 of A ÷ p50 of B)"
    yield f" at {_name(result)}"
    yield _count_blocks(comparison)
    if tail is not None and tail.ratio is not None:
        yield ". At p99: "
        yield strong(_say(tail))
        yield ", "
        yield Ratio(tail.ratio)
        if interval := show_interval(tail):
            yield " "
            yield interval


def _say(comparison: Comparison) -> str:
    match comparison.verdict:
        case Verdict.VOID:
            return "No result"
        case Verdict.INCONCLUSIVE:
            return "Inconclusive"
        case Verdict.SAME:
            return "No difference that matters"
        case _:
            return "B is faster" if comparison.winner == "b" else "B is slower"


def _count_blocks(comparison: Comparison) -> str:
    """Return ", 12 blocks"; nothing for a void cell, which rests on none."""
    if comparison.verdict is Verdict.VOID:
        return ""
    return f", {comparison.blocks} block{'s' * (comparison.blocks != 1)}"


def _name(result: CellResult) -> str:
    cell = result.cell
    if cell.rate is not None:
        return f"{cell.rate:,g} requests/s"
    return count_clients(cell.clients)


def _cross(results: Results) -> Iterator[Block]:
    """Say where the curve crosses 1."""
    for crossings in results.crossovers.values():
        for crossing in crossings:
            yield paragraph(*_describe_crossing(crossing))


def _describe_crossing(crossing: Crossover) -> Iterator[Part]:
    below, above = crossing.winner_below.upper(), crossing.winner_above.upper()
    at = f"{crossing.clients:.1f}" if crossing.clients < FEW else f"{crossing.clients:.0f}"
    first, last = crossing.decided_below, crossing.decided_above
    yield strong(
        f"{below} is faster from {first} to about {at} clients, {above} from there to {last}"
    )
    yield f" ({_bound(crossing)})."


def _bound(crossing: Crossover) -> str:
    """Say the interval in whole clients that hold it."""
    low = None if crossing.low is None else floor(crossing.low)
    high = None if crossing.high is None else ceil(crossing.high)
    match low, high:
        case None, None:
            return "where exactly stays open"
        case None, _:
            return f"at {high} or fewer"
        case _, None:
            return f"at {low} or more"
        case _:
            return f"between {low} and {high}"


def _curve(cells: tuple[CellResult, ...]) -> Iterator[Block]:
    if len(cells) > 1:
        yield Forest(
            rows=tuple(
                ForestRow(
                    label=_name(each),
                    ratio=each.comparison.ratio,
                    low=each.comparison.low,
                    high=each.comparison.high,
                    verdict=_verdict(each),
                )
                for each in cells
            ),
            caption="throughput, B ÷ A: to the right of 1×, B is faster",
        )


def _verdict(result: CellResult) -> Span:
    said = say_verdict(result, result.comparison)
    return Span(f"{said.content}{_count_blocks(result.comparison)}", said.style)


# ---------------------------------------------------------------- what it rests on


def _latency_ratios(cells: tuple[CellResult, ...]) -> Iterator[Block]:
    """Yield the open loop's comparisons, at p50 and at p99."""
    rows = [
        (_name(each), quantile, *show_comparison(each, comparison), Count(comparison.blocks))
        for each in cells
        if each.tail is not None
        for quantile, comparison in (("p50", each.comparison), ("p99", each.tail))
    ]
    if rows:
        yield table(
            [
                left("at"),
                left("latency"),
                right("A ÷ B"),
                left("interval"),
                left("verdict"),
                right("blocks"),
            ],
            rows,
            caption="mean of the blocks' ratios; the latencies below are those of all blocks' "
            "requests together",
        )


def _figures(cells: tuple[CellResult, ...]) -> Iterator[Block]:
    sides = [(each, side) for each in cells for side in (each.a, each.b) if side is not None]
    if not sides:
        return
    is_open = sides[0][1].send_lag is not None
    yield table(
        [
            left("at"),
            left("arm"),
            right("requests/s"),
            right("p50"),
            right("p99"),
            right("CPU s per 1,000"),
            *([right("sent late, p99")] if is_open else []),
        ],
        [(_name(each), side.label, *_show_side(side)) for each, side in sides],
        caption="CPU in seconds per 1,000 requests is the server's, + the database's"
        + ("; latency counts from the moment a request was due" if is_open else ""),
    )


def _show_side(side: SideResult) -> tuple[Line, ...]:
    lag = () if side.send_lag is None else (Seconds(side.send_lag),)
    return (
        show_rate(side.throughput),
        _show_seconds(side.p50),
        _show_seconds(side.p99),
        show_cpu(side.server_cpu, side.database_cpu),
        *lag,
    )


def _show_seconds(value: float | None) -> Seconds | None:
    return None if value is None else Seconds(value)


def _tuned(results: Results) -> Iterator[Block]:
    if any(point.throughput or point.fault for point in results.run.sweep):
        yield from show_sweep(results, more="whereasync race … --tune")


def _closing(results: Results) -> Iterator[Block]:
    run = results.run
    if run.said:
        yield paragraph(dim("How your project was run:"))
        yield items(*((each,) for each in run.said))
    for found in run.caveats:
        yield qualify(found)
    yield sign(run, [each.comparison for each in results.cells])
