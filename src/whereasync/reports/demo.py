"""The demo's report, in its four chapters.

Each table stands with what qualifies it; what was not measured is said to be so, with the command
that measures it. A newcomer would leave empty chapters out: then nobody knows what they missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.demo import article
from whereasync.document import (
    Block,
    Count,
    Document,
    Interval,
    Part,
    Rate,
    Ratio,
    Seconds,
    Share,
    Size,
    bad,
    caveat,
    code,
    dim,
    fault,
    good,
    heading,
    items,
    left,
    next_step,
    paragraph,
    qualify,
    right,
    strong,
    table,
    warning,
)
from whereasync.model import Status
from whereasync.reports import paragraph as summary
from whereasync.stats import ALPHA, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.model import Experiment, Fault
    from whereasync.results import ArticleRow, CellResult, Results
    from whereasync.results.article import Clocks


LEAST_CPU = 0.05  # s per 1,000 requests: less shows as 0.0
EMPTY_ANSWER = (
    "The article's sync GET returned nothing (a 500, after its clock had stopped); ours answers an "
    "empty 200."
)


def report(results: Results) -> Document:
    """Return the whole report of a demo run, finished or cut short."""
    blocks = [
        *_preface(results),
        *_chapter_article(results),
        *_chapter_fair(results),
        *_chapter_change(results),
        *_chapter_paragraph(results),
        *_closing(results),
    ]
    return Document(
        title=f"Where to apply async: {article.TITLE!r}, repeated", blocks=tuple(blocks)
    )


# ---------------------------------------------------------------- around the chapters


def _preface(results: Results) -> Iterator[Block]:
    run = results.run
    versions = run.versions
    stack = [f"Python {run.machine.python.rpartition(' ')[2]}"]
    stack += [f"Django {versions['django']}"] if "django" in versions else []
    if run.database:
        stack.append(f"{run.database.vendor} {run.database.version} ({run.database.where})")
    named = {str(run.experiment.article_arm.server) if run.experiment else ""}
    named |= {arm.server for arm in run.arms.values()}
    stack += [f"{name} {versions[name]}" for name in sorted(named) if name in versions]
    yield paragraph(
        "Theirs: ", article.STACK, ". Ours: ", ", ".join(stack), ", on ", run.machine.cpu, ", ",
        Count(run.machine.cores), " cores.",
    )  # fmt: skip
    if run.status is Status.INTERRUPTED:
        yield caveat("interrupted: what had been measured by then", hint="run it again")
    for found in run.faults:
        yield fault(found)


def _closing(results: Results) -> Iterator[Block]:
    run = results.run
    for found in run.caveats:
        yield qualify(found)
    yield paragraph(
        dim(f"Seed {run.seed}, "),
        dim(Seconds(run.elapsed)),
        dim(f", {results.blocks} blocks; intervals at "),
        dim(Share(1 - ALPHA)),
        dim(" or more, for all cells together."),
    )


# ---------------------------------------------------------------- 1


def _chapter_article(results: Results) -> Iterator[Block]:
    experiment = results.run.experiment
    if not results.article or experiment is None:
        return
    yield heading("1  As the article measured")
    yield table(
        [
            left("view"),
            *(right(f"article {what}") for what in ("async s", "sync s", "ratio")),
            *(right(f"here {what}") for what in ("async s", "±", "sync s", "±", "ratio")),
            right("ratio, client's clock"),
        ],
        [_article_cells(row) for row in results.article],
        caption=(
            f"One client on {experiment.article_arm}; seconds by the view's own clock, mean of "
            f"{max(row.runs for row in results.article)} runs; ratio is a time ratio, async ÷ sync"
        ),
        notes=[
            *(
                f"{row.label}: measured once here"
                for row in results.article
                if row.runs == 1 and row.ours
            ),
            EMPTY_ANSWER,
            _describe_api(experiment, results.run.options.get("api_url")),
        ],
    )
    yield qualify(results.article[0].caveats[0])
    for row in results.article:
        for variant, clocks in row.clocks.items():
            for found in clocks.faults[:1]:
                yield caveat(
                    f"{row.label}, {variant}: failed {len(clocks.faults)} of {row.runs} times, "
                    f"so there is no figure ({found.kind}: {found.detail})",
                    hint=found.hint or (),
                )


def _describe_api(experiment: Experiment, real: str | None) -> str:
    if real:
        return f"API calls the real service, {real}; the article's took what it took."
    upstream = experiment.article_upstream
    size = "1.1 MB" if upstream.rates == "full" else "30 kB"
    wait = _spaced(upstream.latency)
    return f"API calls a stand-in that waits {wait}, then sends {size}; the article's was real."


def _spaced(latency: str) -> str:
    return latency.replace("ms", " ms")


def _article_cells(row: ArticleRow) -> tuple[Part, ...]:
    theirs, ours = row.theirs, row.ours
    return (
        row.label,
        Count(theirs.async_seconds, 5) if theirs else None,
        Count(theirs.sync_seconds, 5) if theirs else None,
        Count(theirs.ratio, 2) if theirs else None,
        Count(ours.async_seconds, 5) if ours else None,
        _spread(row.clocks["async"]) if ours else None,
        Count(ours.sync_seconds, 5) if ours else None,
        _spread(row.clocks["sync"]) if ours else None,
        strong(Count(ours.ratio, 2)) if ours else None,
        Count(row.by_client.ratio, 2) if row.by_client else None,
    )


def _spread(clocks: Clocks) -> Part:
    spread = clocks.in_view
    return dim(Share(spread.sd / spread.mean)) if spread and spread.sd is not None else dim(None)


# ---------------------------------------------------------------- 2


def _chapter_fair(results: Results) -> Iterator[Block]:
    cells = [each for each in results.cells if each.cell.chapter == 2]
    if not (cells or _left_out(results, 2)):
        return
    run = results.run
    yield heading("2  Made fair: the same work, best-tuned WSGI against best-tuned ASGI")
    arms = " against ".join(str(run.arms[role]) for role in ("wsgi", "asgi") if role in run.arms)
    if cells:
        yield _race_table(cells, _caption(arms, run.experiment), ("sync", "async"))
    yield from _remarks(cells)
    yield from _missing(results, 2)
    yield from _sweep(results)


def _caption(arms: str, experiment: Experiment | None) -> str:
    if experiment is None:
        return arms
    return (
        f"{arms}; GET over {experiment.objects} objects, POST creates, updates and deletes one of "
        f"each, API waits {_spaced(experiment.upstream.latency)}; ratio is throughput, "
        "async ÷ sync; CPU in seconds per 1,000 requests, server + database"
    )


def _race_table(cells: list[CellResult], caption: str, sides: tuple[str, str]) -> Block:
    return table(
        [
            left("work"),
            right("clients"),
            *(right(f"{side} /s") for side in sides),
            right("ratio"),
            left("interval"),
            left("verdict"),
            *(right(f"CPU {side}") for side in sides),
        ],
        [_race_cells(each) for each in sorted(cells, key=_order)],
        caption=caption,
    )


def _order(result: CellResult) -> tuple[int, str, int]:
    family = result.cell.name.rpartition("-")[0]
    return result.cell.chapter, family, result.cell.clients


def _race_cells(result: CellResult) -> tuple[Part | tuple[Part, ...], ...]:
    comparison, a, b = result.comparison, result.a, result.b
    interval = None
    if comparison.low is not None and comparison.high is not None:
        interval = Interval(comparison.low, comparison.high)
    return (
        result.cell.topic,
        Count(result.cell.clients),
        Count(a.throughput, _digits(a.throughput)) if a else None,
        Count(b.throughput, _digits(b.throughput)) if b else None,
        strong(Ratio(comparison.ratio)) if comparison.ratio else None,
        interval,
        _verdict(result),
        _cpu(a.server_cpu, a.database_cpu) if a else None,
        _cpu(b.server_cpu, b.database_cpu) if b else None,
    )


def _digits(rate: float) -> int:
    return 0 if rate >= 100 else 1


def _cpu(server: float, database: float | None) -> tuple[Part, ...]:
    shown: tuple[Part, ...] = (Count(server, 1),)
    if database is None or database < LEAST_CPU:
        return shown
    return (*shown, " + ", Count(database, 1))


def _verdict(result: CellResult) -> Part:
    comparison, cell = result.comparison, result.cell
    match comparison.verdict:
        case Verdict.FASTER:
            mark = good if comparison.winner == "b" else bad
            winner = cell.b if comparison.winner == "b" else cell.a
            return mark(f"{winner.label} faster")
        case Verdict.SAME:
            return "same, within 5 %"
        case Verdict.VOID:
            return warning("void")
        case _:
            return dim("inconclusive")


def _remarks(cells: list[CellResult]) -> Iterator[Block]:
    """Say why a cell is void or inconclusive, each reason once, and what never settled."""
    reasons: dict[tuple[str, str], tuple[Fault, list[str]]] = {}
    for each in cells:
        reason = each.comparison.reason
        if reason:
            named = reasons.setdefault((reason.kind, reason.detail), (reason, []))[1]
            named.append(f"{each.cell.topic} at {each.cell.clients}")
    for reason, named in reasons.values():
        yield caveat(f"{_shorten(named)}: {reason.kind}, {reason.detail}", hint=reason.hint or ())
    restless = [f"{each.cell.topic} at {each.cell.clients}" for each in cells if not each.settled]
    if restless:
        yield caveat(
            f"{_shorten(restless)}: warm-up never settled", hint="close what else runs, try again"
        )


def _shorten(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _left_out(results: Results, chapter: int) -> dict[str, str]:
    experiment = results.run.experiment
    cells = {cell.name: cell for cell in experiment.cells} if experiment else {}
    return {
        f"{cells[name].topic} at {cells[name].clients}": why
        for name, why in results.run.left_out.items()
        if name in cells and cells[name].chapter == chapter
    }


def _missing(results: Results, chapter: int) -> Iterator[Block]:
    out = _left_out(results, chapter)
    if out:
        yield next_step(
            f"Not measured ({_shorten([f'{name}: {why}' for name, why in out.items()], 3)}): ",
            code(f"whereasync demo --full --chapter {chapter}"),
        )


def _sweep(results: Results) -> Iterator[Block]:
    tried = [point for point in results.run.sweep if point.throughput or point.fault]
    if not tried:
        if results.run.sweep:
            yield caveat("the arms are as set, not tuned", hint=code("whereasync demo"))
        return
    names = list(dict.fromkeys(name for point in tried for name in point.throughput))
    experiment = results.run.experiment
    topics = (
        {cell.name: f"{cell.topic}, {cell.clients} clients" for cell in experiment.sweep}
        if experiment
        else {}
    )
    yield table(
        [left("candidate"), *(right(topics.get(name, name)) for name in names), left("")],
        [
            (
                str(point.arm),
                *(
                    Rate(point.throughput[name]) if name in point.throughput else None
                    for name in names
                ),
                good("chosen") if point.chosen else dim(point.fault.detail if point.fault else ""),
            )
            for point in sorted(tried, key=lambda point: (point.role, str(point.arm)))
        ],
        caption="How the arms were tuned; none of this entered the race",
    )


# ---------------------------------------------------------------- 3


def _chapter_change(results: Results) -> Iterator[Block]:
    cells = [each for each in results.cells if each.cell.chapter == 3]
    if not (cells or _left_out(results, 3)):
        return
    yield heading("3  What to change")
    fixes = [each for each in cells if each.cell.name.startswith(("fix", "gather"))]
    others = [each for each in cells if each not in fixes]
    if fixes:
        yield _race_table(
            fixes,
            "Before: the work of chapter 2. After: as advised, on the same server",
            ("before", "after"),
        )
    if others:
        yield _race_table(
            others,
            "What async adds once the views are as advised",
            ("sync", "async"),
        )
    yield from _remarks(cells)
    yield from _missing(results, 3)


# ---------------------------------------------------------------- 4


def _chapter_paragraph(results: Results) -> Iterator[Block]:
    sentences = summary.write(results)
    if any(sentences):
        yield heading("4  In one paragraph")
        yield paragraph(*sentences)
        if results.peak_rss:
            yield items(
                *(
                    (f"Peak memory, {results.run.arms.get(role, role)}: ", Size(peak))
                    for role, peak in results.peak_rss.items()
                )
            )
