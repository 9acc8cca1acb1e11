"""The report of ``demo streaming``: what passing an answer on as it comes is worth.

The first line is the answer, from verdicts only. A newcomer would show throughput alone; streaming
is about the first byte and about memory, and may cost throughput.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync.demo.streaming import STREAMED, WHOLE
from whereasync.document import (
    Block,
    Document,
    Line,
    Part,
    Ratio,
    Seconds,
    Size,
    caveat,
    code,
    dim,
    fault,
    heading,
    left,
    next_step,
    paragraph,
    qualify,
    right,
    strong,
    table,
)
from whereasync.reports.article import space_unit
from whereasync.reports.cells import (
    CUT_SHORT,
    count_clients,
    join,
    remark,
    show_interval,
    show_rate,
    sign,
)
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.model import Experiment, Run
    from whereasync.results import CellResult, Results
    from whereasync.results.streaming import Passing
    from whereasync.stats import Comparison

NAMES = {"full": "1.1 MB", "small": "30 kB"}  # of the rates
STREAMING = {  # (fetch, answer) → which of the two is streamed
    (WHOLE, WHOLE): "nothing",
    (STREAMED, WHOLE): "fetch",
    (WHOLE, STREAMED): "answer",
    (STREAMED, STREAMED): "both",
}
FEW_PIECES = 0.9  # a first byte before that part of the whole time counts as a streamed one


def report(results: Results) -> Document:
    """Return the report of a streaming run, finished or cut short."""
    blocks = [
        *_answer(results.passings),
        *_preface(results.run),
        *_tables(results.passings),
        *_traps(results.passings),
        *remark([_without_doubt(each) for each in results.cells], more=None),
        *_closing(results),
    ]
    return Document(
        title="A year of rates, passed through whole or as it comes", blocks=tuple(blocks)
    )


# ---------------------------------------------------------------- the answer


def _answer(passings: Sequence[Passing]) -> Iterator[Block]:
    """Say of each number of clients, the most first, what streaming all the way gains."""
    if not passings:
        yield paragraph(strong("No result"), ": nothing was measured.")
    for clients in sorted({each.clients for each in passings}, reverse=True):
        mine = [each for each in passings if each.clients == clients]
        streamed = [each for each in mine if _is_telling(each, STREAMED)]
        if streamed:
            yield paragraph(*_praise(clients, streamed, mine))


def _is_telling(passing: Passing, way: str) -> bool:
    """Tell whether it fetches and answers in that one way, a view on the server of its kind."""
    variant = passing.variant
    return variant.is_native and variant.fetch == variant.answer == way


def _praise(clients: int, streamed: Sequence[Passing], mine: Sequence[Passing]) -> Iterator[Part]:
    yield strong(f"At {count_clients(clients)}, streamed all the way")
    for place, each in enumerate(sorted(streamed, key=lambda one: one.variant.view)):
        yield "; " if place else ": "
        yield f"{_name(each)} answers its first byte after "
        yield strong(_seconds(each.first_byte))
        yield from _weigh(" (", each.sooner, " sooner)")
        whole = next(
            (
                one
                for one in mine
                if _is_telling(one, WHOLE) and one.variant.view == each.variant.view
            ),
            None,
        )
        if each.peak_rss and whole and whole.peak_rss:
            yield ", takes "
            yield strong(Size(each.peak_rss))
            yield " instead of the "
            yield Size(whole.peak_rss)
            yield " of the same view, all whole"
        yield f", and its throughput {_say_speed(each.speed)}"
        yield from _weigh(" ", each.speed, "")
    reference = next((each for each in mine if each.variant.is_reference), None)
    if reference is not None:
        yield ". All whole, sync under WSGI, the first byte is there after "
        yield _seconds(reference.first_byte)
    yield "."


def _name(passing: Passing) -> str:
    return f"{passing.variant.view} under {passing.variant.interface.upper()}"


def _article(view: str) -> str:
    return "an" if view == "async" else "a"


def _weigh(before: str, comparison: Comparison | None, after: str) -> Iterator[Part]:
    """Yield a decided ratio with its interval, nothing for what is open."""
    if comparison is None or comparison.ratio is None or comparison.verdict is not Verdict.FASTER:
        return
    yield before
    yield Ratio(comparison.ratio)
    if interval := show_interval(comparison):
        yield " "
        yield interval
    yield after


def _say_speed(comparison: Comparison | None) -> str:
    match comparison.verdict if comparison else None:
        case Verdict.FASTER:
            assert comparison
            return "rises," if comparison.winner == "b" else "falls,"
        case Verdict.SAME:
            return "stays the same within 5 %"
        case _:
            return "is inconclusive"


# ---------------------------------------------------------------- what it rests on


def _preface(run: Run) -> Iterator[Block]:
    versions, experiment = run.versions, run.experiment
    stack = [run.machine.python]
    stack += [
        f"{name} {versions[key]}"
        for key, name in (
            ("django", "Django"),
            *((key, key) for key in ("gunicorn", "uvicorn", "httpx", "aiohttp")),
        )
        if key in versions
    ]
    yield paragraph(
        dim(f"{', '.join(stack)}, on {run.machine.cpu}, {run.machine.cores} cores."),
        *map(dim, _describe_upstream(experiment)),
    )
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)


def _describe_upstream(experiment: Experiment | None) -> Iterator[str]:
    if experiment is None or experiment.upstream is None:
        return
    upstream = experiment.upstream
    yield f" The API sends {NAMES.get(upstream.rates, upstream.rates)} in {upstream.pieces} parts"
    yield f", the first after {space_unit(upstream.latency)}, the others "
    yield f"{1000 * upstream.pause:g} ms apart."


def _tables(passings: Sequence[Passing]) -> Iterator[Block]:
    for clients in dict.fromkeys(each.clients for each in passings):
        mine = [each for each in passings if each.clients == clients]
        yield heading(count_clients(clients).capitalize())
        yield table(
            [
                left("streamed"),
                left("view"),
                right("first byte"),
                right("whole"),
                right("memory"),
                right("ratio"),
                right("interval"),
                right("CPU"),
            ],
            [_show(each) for each in mine],
            caption="Streamed: what isn't done at once, the fetching from the API, the answer, or "
            "both. First byte and whole answer: medians. Memory: the peak of the server's "
            "processes. Ratio: of requests/s. CPU: the server's, a request.",
            notes=[
                ("1× is ", show_rate(each.throughput), " requests/s")
                for each in mine
                if each.variant.is_reference
            ],
        )


def _show(passing: Passing) -> tuple[Line, ...]:
    variant, speed = passing.variant, passing.speed
    return (
        STREAMING[variant.fetch, variant.answer],
        _name(passing),
        _seconds(passing.first_byte),
        _seconds(passing.whole),
        Size(passing.peak_rss) if passing.peak_rss else None,
        Ratio(1.0)
        if variant.is_reference
        else Ratio(speed.ratio)
        if speed and speed.ratio
        else None,
        show_interval(speed) if speed else None,
        Seconds(passing.server_cpu),
    )


def _show_ratio(passing: Passing) -> Ratio | None:
    if passing.variant.is_reference:
        return Ratio(1.0)
    return Ratio(passing.speed.ratio) if passing.speed and passing.speed.ratio else None


def _seconds(value: float | None) -> Seconds | None:
    return None if value is None else Seconds(value)


# ---------------------------------------------------------------- what qualifies it


def _traps(passings: Sequence[Passing]) -> Iterator[Block]:
    """Name streamed answers that weren't, and say why; advise what to write instead."""
    crossed = [each for each in passings if not each.variant.is_native]
    held = [each for each in crossed if _is_held_back(each)]
    kinds = dict.fromkeys((each.variant.view, each.variant.interface) for each in held)
    for view, interface in kinds:
        where = [
            count_clients(each.clients)
            for each in held
            if (each.variant.view, each.variant.interface) == (view, interface)
        ]
        other = "async" if view == "sync" else "sync"
        yield caveat(
            f"{_article(view)} {view} iterator under {interface.upper()} streams nothing: Django "
            f"consumes it whole before it sends the first byte ({join(where)})",
            hint=f"under {interface.upper()} answer with {_article(other)} {other} iterator",
        )
    if any(each.variant.answer == STREAMED for each in passings):
        yield caveat(
            "a streamed answer sends its status before the API has answered: a refusal then "
            "breaks the connection in the middle, where a whole answer would have been a 500",
            hint="ask for the API's status first, where a broken answer would do harm",
        )


def _is_held_back(passing: Passing) -> bool:
    if passing.first_byte is None or passing.whole is None:
        return False
    return passing.first_byte > FEW_PIECES * passing.whole


def _without_doubt(result: CellResult) -> CellResult:
    """Return a cell whose own comparison, of a pair, needn't be decided: it isn't shown."""
    if result.is_void:
        return result
    return replace(result, comparison=replace(result.comparison, reason=None))


def _closing(results: Results) -> Iterator[Block]:
    run = results.run
    for found in run.caveats:
        yield qualify(found)
    yield next_step("What a thousand idle connections cost: ", code("whereasync demo idle"))
    yield sign(run, [each.speed for each in results.passings if each.speed], results.blocks)
