"""Chapter 4, where to apply async: what the figures support, and nothing else. The answer first.

A sentence is chosen by verdicts and filled with ratios and intervals. An inconclusive cell gives a
sentence that says so; a cell that wasn't measured gives none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.demo.cells import WAITS
from whereasync.document import Interval, Part, Ratio, Seconds, code, strong
from whereasync.reports.article import space_unit
from whereasync.reports.cells import count_clients, join
from whereasync.reports.chapters import rank
from whereasync.reports.map import say_wait
from whereasync.results.breakeven import Pays
from whereasync.results.conclusions import Finding
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from whereasync.results import CellResult, Conclusion, Results
    from whereasync.results.cells import SideResult

HERE = {
    Finding.HELD: "held here",
    Finding.FAILED: "did not hold here",
    Finding.MIXED: "held here in part",
    Finding.OPEN: "is inconclusive here",
}
BEST = 3  # changes to name
MAP = "whereasync map --budget 5m"
ANSWERS: tuple[tuple[str, Callable[[set[str]], bool]], ...] = (
    ("pays for", lambda outcomes: outcomes == {"b"}),
    ("is slower for", lambda outcomes: outcomes == {"a"}),
    ("makes no difference for", lambda outcomes: outcomes == {"same"}),
    (
        "pays or not with the number of clients for",
        lambda outcomes: len(outcomes) > 1 and "open" not in outcomes,
    ),
    ("is inconclusive for", lambda outcomes: "open" in outcomes),
)


def write(results: Results) -> tuple[tuple[Part, ...], ...]:
    """Return the points of the chapter; empty where no cell was measured."""
    by_name = {each.cell.name: each for each in results.cells}
    points = [
        _answer(results),
        _break_even(results),
        _name_changes(results),
        _weigh_client(results),
        *(
            _judge(conclusion, by_name)
            for conclusion in results.conclusions
            if conclusion.finding is not Finding.UNMEASURED
        ),
    ]
    return tuple(written for point in points if (written := tuple(point)))


def _break_even(results: Results) -> Iterator[Part]:
    """Say from which wait on async pays, with one call a request, against which server.

    It takes several waits at a load where threads are short, which a short run has no time for.
    """
    if not results.cells:
        return
    measured = [each for each in results.break_evens if each.calls == 1 and len(each.waits) > 1]
    rows = [each for each in measured if each.case not in (Pays.OPEN, Pays.MIXED)]
    yield strong("Break-even: ")
    if not rows:
        yield "inconclusive here; " if measured else "not measured in this run; "
        yield "from which wait on async pays: "
        yield code(MAP)
        yield "."
        return
    arms = results.run.arms
    yield "with one call a request, "
    for place, each in enumerate(rows):
        yield "; " if place else ""
        if each.case is Pays.NEVER:
            yield "async is not shown to pay at any wait from "
            yield from (Seconds(each.waits[0]), " to ", Seconds(each.waits[-1]))
        else:
            yield "async pays "
            yield from say_wait(each)
        yield f" at {count_clients(each.clients)}"
    against = f" against {arms['wsgi']}" if "wsgi" in arms else ""
    yield f" on this machine{against}."


# ---------------------------------------------------------------- what held


def _judge(conclusion: Conclusion, by_name: dict[str, CellResult]) -> Iterator[Part]:
    yield "The article's conclusion that " if conclusion.is_the_articles else "That "
    yield conclusion.claim
    yield " "
    yield strong(HERE[conclusion.finding])
    yield " ("
    yield from _list([by_name[name] for name in (*conclusion.evidence, *conclusion.undecided)])
    yield ")."


def _list(cells: Collection[CellResult]) -> Iterator[Part]:
    """List cells, with what each is about where they are about several things."""
    several = len({each.cell.topic for each in cells}) > 1
    for place, each in enumerate(sorted(cells, key=rank)):
        yield "; " if place else ""
        yield f"{each.cell.topic} at " if several else ""
        yield from _figures(each)


def _figures(result: CellResult) -> Iterator[Part]:
    comparison, clients = result.comparison, result.cell.clients
    yield f"{count_clients(clients)} "
    if comparison.verdict is Verdict.SAME:
        yield "the same within 5 %"
    elif comparison.verdict is not Verdict.FASTER:
        yield comparison.verdict.value
    elif comparison.ratio and comparison.low is not None and comparison.high is not None:
        yield Ratio(comparison.ratio)
        yield " "
        yield Interval(comparison.low, comparison.high)


# ---------------------------------------------------------------- why, and what to change


def _weigh_client(results: Results) -> Iterator[Part]:
    """Say what a call costs as the article makes it, beside what it costs with a shared client."""
    written = _cheapest(results, "same-api")
    shared = _cheapest(results, "fan-1")
    experiment = results.run.experiment
    if written is None or experiment is None or experiment.upstream is None:
        return
    yield "An API call as written costs "
    yield Seconds(written.server_cpu / 1000)
    yield f" of server CPU for {space_unit(experiment.upstream.latency)} of waiting"
    if shared is not None:
        yield "; with one HTTP client for the process it costs "
        yield Seconds(shared.server_cpu / 1000)
    yield "."


def _cheapest(results: Results, family: str) -> SideResult | None:
    sides = [each.a for each in _family(results, family) if each.a]
    return min(sides, key=lambda side: side.server_cpu, default=None)


def _family(results: Results, family: str) -> list[CellResult]:
    return [each for each in results.cells if each.cell.family == family]


def _name_changes(results: Results) -> Iterator[Part]:
    """Name the largest decided gains of a change, sync or async, and what is inconclusive."""
    changes = [each for each in results.cells if each.cell.is_change]
    gains = [each for each in changes if _outcome(each) == "b"]
    gains.sort(key=lambda each: each.comparison.ratio or 0.0, reverse=True)
    for place, each in enumerate(gains[:BEST]):
        yield "; then " if place else strong("What helps most: ")
        yield each.cell.topic
        yield " ("
        yield from _figures(each)
        yield ")"
    if gains:
        yield "."
    doubtful = [each for each in changes if each.comparison.verdict is Verdict.INCONCLUSIVE]
    if doubtful:
        named = [f"{each.cell.topic} at {each.cell.clients}" for each in sorted(doubtful, key=rank)]
        yield f"{' ' * bool(gains)}Inconclusive among the changes: {'; '.join(named)}."


def _outcome(result: CellResult) -> str:
    """Return the winner, "a" or "b", "same", or "open" for what is inconclusive or void."""
    match result.comparison.verdict:
        case Verdict.FASTER:
            return result.comparison.winner or "open"
        case Verdict.SAME:
            return "same"
        case _:
            return "open"


def _answer(results: Results) -> Iterator[Part]:
    """Answer the article's title as far as the verdicts allow it."""
    places = [
        (where, {_outcome(each) for each in _family(results, family)})
        for where, family in (
            ("the GET", "advised-get"),
            ("one API call", "fan-1"),
            *((f"a call of {ms} ms", f"wait-{ms}") for ms in WAITS),
            ("five gathered calls", "fan-5"),
            ("twenty gathered calls", "fan-20"),
        )
    ]
    answers = [
        f"{answer} {join(named)}"
        for answer, is_so in ANSWERS
        if (named := [where for where, outcomes in places if is_so(outcomes)])
    ]
    if answers:
        yield strong("Once the views are as advised, ")
        yield f"async {join(answers)} on this machine."
