"""What ``check`` found, the answer first, then file by file, then the middleware chain.

A newcomer would sort by rule: whoever mends something opens a file, and wants all of it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.advise.evidence import Serving
from whereasync.document import (
    Count,
    Document,
    NoteKind,
    caveat,
    code,
    dim,
    find,
    good,
    heading,
    left,
    next_step,
    paragraph,
    right,
    strong,
    table,
    warning,
)
from whereasync.model import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.advise.chain import Cost, Link
    from whereasync.advise.review import Review
    from whereasync.document import Block, Line, Part
    from whereasync.model import Finding

KINDS = {
    Level.ERROR: NoteKind.ERROR,
    Level.WARNING: NoteKind.WARNING,
    Level.NOTE: NoteKind.REMARK,
}
SERVED = {
    Serving.ASGI: "served by ASGI",
    Serving.WSGI: "served by WSGI",
    Serving.BOTH: "served by ASGI and by WSGI",
    Serving.UNKNOWN: "nothing says how it is served",
}
PROJECT = "The project"  # where a finding has no file


def report(review: Review) -> Document:
    """Return the report of a project's check."""
    return Document(title=_answer(review), blocks=tuple(_walk(review)))


def _answer(review: Review) -> str:
    if not review.findings:
        return f"Nothing found: {', '.join(_describe(review))}"
    levels = [
        _number(review.count(level), level.value)
        for level in reversed(Level)
        if review.count(level)
    ]
    return f"{_number(len(review.findings), 'finding')}: {', '.join(levels)}"


def _describe(review: Review) -> Iterator[str]:
    yield _number(review.views, "view")
    yield f"{review.async_views or 'none'} of them async"
    yield f"{len(review.chain)} middleware"
    yield SERVED[review.serving]


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _walk(review: Review) -> Iterator[Block]:
    if review.findings:
        yield paragraph(f"{', '.join(_describe(review))}.")
    for file in dict.fromkeys(each.file for each in review.findings):
        yield heading(file or PROJECT, level=3)
        found = [each for each in review.findings if each.file == file]
        yield from map(_show, sorted(found, key=lambda each: each.line or 0))
    if review.chain:
        yield from _show_chain(review)
    for each in review.warnings:
        yield caveat(each)
    if review.waived:
        waived = _number(len(review.waived), "finding")
        yield paragraph(dim(f"{waived} waived by a comment."))
    if review.findings:
        yield next_step(
            "docs/checks.md explains each rule; waive one on its line: ",
            code(f"# whereasync: ignore[{review.findings[0].rule}]"),
        )


def _show(finding: Finding) -> Block:
    where = f"line {finding.line}: " if finding.line else ""
    because = f" ({'; '.join(finding.evidence)})" if finding.evidence else ""
    return find(
        KINDS[finding.level],
        f"{where}{finding.message}.",
        dim(f"{because} {finding.rule}"),
        hint=finding.next_step,
    )


# ---------------------------------------------------------------- the chain


def _show_chain(review: Review) -> Iterator[Block]:
    yield heading("The middleware chain under ASGI")
    yield _say_cost(review)
    is_counted = review.async_cost is not None
    yield table(
        [
            left("middleware"),
            left("can be"),
            left("runs"),
            *[right("hops")] * is_counted,
            left("below it"),
        ],
        [_row(link, is_counted=is_counted) for link in review.chain],
        notes=[_explain(review)],
    )


def _say_cost(review: Review) -> Block:
    if review.async_cost is None or review.sync_cost is None:
        known = "this Django" if not review.django else f"Django {review.django}"
        return caveat(f"hops unknown: the chain of {known} was never counted by our tests")
    return paragraph(
        "Each request to an async view pays ",
        strong(str(review.async_cost)),
        f", to a sync view {review.sync_cost}. ",
        *_say_pinned(review.async_cost, review),
    )


def _say_pinned(cost: Cost, review: Review) -> Iterator[Part]:
    if not cost.is_pinned:
        yield good("No thread is held by the chain.")
        return
    names = [_short(each) for each in review.chain if not each.is_async and _is_culprit(each)]
    yield warning("A thread is held for the whole request, because of ")
    yield warning(", ".join(dict.fromkeys(names)))
    yield warning(".")


def _row(link: Link, *, is_counted: bool) -> tuple[Line, ...]:
    able = link.middleware
    both = able.can_sync and able.can_async
    can = "sync or async" if both else "async only" if able.can_async else "sync only"
    adapter = "async_to_sync" if not link.is_async else "sync_to_async"
    return (
        _short(link),
        warning(can) if _is_culprit(link) else dim(can),
        good("on the loop") if link.is_async else warning("in the thread"),
        *[Count(link.hops)] * is_counted,
        warning(adapter) if link.is_adapted else "",
    )


def _explain(review: Review) -> str:
    top = review.chain[0]
    begins = "" if top.is_async else "The first is called through sync_to_async. "
    return begins + (
        "A hop is a change to a thread, by sync_to_async. Hops are those of its own hooks; 2 more "
        "are Django's handler's, 1 more a sync view's."
    )


def _is_culprit(link: Link) -> bool:
    return not link.middleware.can_async


def _short(link: Link) -> str:
    return link.middleware.name.rpartition(".")[2]
