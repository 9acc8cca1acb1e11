"""The report of ``demo idle``: what clients cost that are connected and say nothing.

The first line says who was served, and for how much. A newcomer would show memory alone: an arm
that serves 16 of 1,000 needs little of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.document import (
    Block,
    Count,
    Document,
    Line,
    Part,
    Seconds,
    Share,
    Size,
    bad,
    caveat,
    code,
    dim,
    fault,
    good,
    left,
    next_step,
    paragraph,
    qualify,
    right,
    strong,
    table,
)
from whereasync.model import Interface
from whereasync.reports.cells import CUT_SHORT, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whereasync.document import Figure
    from whereasync.results import Results
    from whereasync.results.idle import IdleResult, Range

WIDE = 2.0  # highest ÷ lowest from where a range is shown beside its median
# What is wrong with an arm, and what to do about it.
THREAD_EACH = (
    (
        "a thread for each client, though the view is async: Django keeps a request's thread, "
        "on which its middlewares and signals ran, until the answer has ended"
    ),
    "hand a few threads in (asgiref 3.13), as demosite/asgi_shared.py does",
)
THREADS_HELD = (
    "a client holds a thread for as long as it is connected, and who comes when all are held waits",
    "as many threads as clients, or an async view under ASGI",
)
CONSUMED_WHOLE = (
    (
        "Django consumes a sync iterator whole before its first byte, and one that never ends is "
        "never sent; meanwhile each client holds a thread"
    ),
    "under ASGI answer with an async iterator",
)


def report(results: Results) -> Document:
    """Return the report of an idle run, finished or cut short."""
    shown = [each for each in results.idle if each.turns]
    blocks = [
        *_answer(shown),
        *_preface(results),
        *_table(shown),
        *_after(shown),
        *_explain(shown),
        *_closing(results),
    ]
    return Document(title="Idle clients: connected, and waiting for events", blocks=tuple(blocks))


# ---------------------------------------------------------------- the answer


def _answer(results: Sequence[IdleResult]) -> Iterator[Block]:
    """Say, arm by arm, how many were served and what they cost; the async ones first."""
    if not results:
        yield paragraph(strong("No result"), ": nothing was measured.")
        return
    ranked = sorted(results, key=lambda each: (not _is_async(each), not each.arm.asgi))
    parts: list[Part] = [strong(f"Of {results[0].asked:,} idle clients "), ""]
    for place, each in enumerate(ranked):
        parts.append("; " if place else "")
        parts += _sum_up(each)
    yield paragraph(*parts, ".")


def _is_async(result: IdleResult) -> bool:
    return result.arm.request.path.split("/")[-2] == "async"


def _sum_up(result: IdleResult) -> Iterator[Part]:
    yield result.arm.label
    yield " served "
    yield _name_served(result)
    if result.threads and result.grown:
        yield ", for "
        yield Count(result.threads.median)
        yield " threads and " if result.threads.median > 1 else " thread and "
        yield Size(max(0.0, result.grown.median))
    if result.refused_turns:
        yield ", and nobody else"


def _name_served(result: IdleResult) -> Part:
    served = result.served.median if result.served else 0
    if served == result.asked:
        return strong("all")
    return strong(Count(served)) if served else strong("none")


# ---------------------------------------------------------------- what it rests on


def _preface(results: Results) -> Iterator[Block]:
    run = results.run
    versions = run.versions
    stack = [run.machine.python]
    stack += [f"Django {versions['django']}"] if "django" in versions else []
    named = sorted({each.server for each in run.arms.values()})
    stack += [f"{name} {versions[name]}" for name in named if name in versions]
    turns = max((each.turns for each in results.idle), default=0)
    often = f" Median of {turns} turns, each on a fresh server." if turns > 1 else ""
    yield paragraph(
        dim(f"{', '.join(stack)}, on {run.machine.cpu}, {run.machine.cores} cores.{often}")
    )
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)
    for each in results.idle:
        for found in dict.fromkeys(each.faults):
            yield fault(found)


def _table(results: Sequence[IdleResult]) -> Iterator[Block]:
    if not results:
        return
    yield table(
        [
            left("server, view"),
            right("served"),
            right("first event"),
            right("threads"),
            right("memory"),
            right("CPU"),
            right("another visitor"),
        ],
        [_show(each) for each in results],
        caption="Served: clients that got their first event, and when, half of them. Memory: more "
        "than without them. CPU: of a core, while nothing happens but a comment now and then. "
        "A range is shown where turns differ twofold.",
    )


def _show(result: IdleResult) -> tuple[Line, ...]:
    return (
        result.arm.label,
        _show_range(result.served, Count),
        _show_range(result.first_p50, Seconds),
        _show_range(result.threads, Count),
        _show_range(result.grown, Size),
        _show_range(result.cpu, Share),
        _show_visit(result),
    )


def _show_range(found: Range | None, figure: Callable[[float], Figure]) -> Line:
    """Return the median, with the range where that is wide."""
    if found is None:
        return None
    if (found.low > 0 and found.high / found.low < WIDE) or found.low == found.high:
        return figure(found.median)
    return (figure(found.median), dim(" ["), dim(figure(found.low)), dim("–"),
            dim(figure(found.high)), dim("]"))  # fmt: skip


def _show_visit(result: IdleResult) -> Line:
    if result.refused_turns:
        return bad("no answer")
    return good(Seconds(result.visit.median)) if result.visit else None


# ---------------------------------------------------------------- what qualifies it


def _after(results: Sequence[IdleResult]) -> Iterator[Block]:
    """Say who keeps connections of clients that have left."""
    for each in results:
        if each.kept and each.kept.median > 0 and not _is_async(each):
            yield caveat(
                f"{each.arm.label}: a second after all had left it still held ",
                Count(each.kept.median),
                " connections: a sync generator learns that its reader is gone when it writes",
                hint="write a comment every few seconds, or it is held for ever",
            )


def _explain(results: Sequence[IdleResult]) -> Iterator[Block]:
    """Say why some were not served, or what was taken for each: a reason once, with the remedy."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in results:
        if found := _find_reason(each):
            reasons.setdefault(found, []).append(each.arm.label)
    for (detail, hint), labels in reasons.items():
        yield caveat(f"{'; '.join(sorted(labels))}: {detail}", hint=hint)


def _find_reason(result: IdleResult) -> tuple[str, str] | None:
    """Return what is wrong with an arm, and what to do about it."""
    if _is_async(result) and _holds_threads(result):
        return THREAD_EACH
    if result.served and result.served.median >= result.asked and not result.refused_turns:
        return None
    if result.arm.arm.interface is Interface.WSGI:
        return THREADS_HELD
    return None if _is_async(result) else CONSUMED_WHOLE


def _holds_threads(result: IdleResult) -> bool:
    served = result.served.median if result.served else 0
    return bool(served and result.threads and result.threads.median >= served)


def _closing(results: Results) -> Iterator[Block]:
    run = results.run
    for found in run.caveats:
        yield qualify(found)
    yield next_step("What streaming gains otherwise: ", code("whereasync demo streaming"))
    yield sign(run)
