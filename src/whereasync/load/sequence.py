"""Single requests, one after another, each alone: the article's own way to time a view.

Each has two clocks: the view's own (from its Server-Timing header) and the client's, from sending
to the last byte. A newcomer would reconnect for each: that adds a handshake to one clock only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whereasync.load.http import NO_VIEW_TIME, Asker, LostAnswerError
from whereasync.load.users import NS
from whereasync.model import Request, Single, Target
from whereasync.processes.accounting import tree_cpu

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SINGLES = "singles.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request to ask alone, and which ``Single`` it makes."""

    row: str
    variant: str
    run: int
    target: int  # index into Sequence.targets
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """All the single requests of one client process, in this order."""

    targets: tuple[Target, ...]
    questions: tuple[Question, ...]
    timeout: float = 60.0  # s until one request counts as lost


async def ask_all(sequence: Sequence) -> AsyncIterator[Single]:
    """Yield one ``Single`` a question; a fault stays in its own, and the others go on.

    One connection a target is kept for as long as its server keeps it. BadInputError is raised for
    a target or a request that can't be had at all.
    """
    askers = [Asker(target, sequence.timeout) for target in sequence.targets]
    try:
        for question in sequence.questions:
            pids = sequence.targets[question.target].server_pids
            before = tree_cpu(pids)
            single = await _ask(askers[question.target], question)
            yield single if single.fault else replace(single, server_cpu=tree_cpu(pids) - before)
    finally:
        for asker in askers:
            asker.close()


async def _ask(asker: Asker, question: Question) -> Single:
    row, variant, run = question.row, question.variant, question.run
    try:
        answer = await asker.ask(question.request)
    except LostAnswerError as lost:
        return Single(row=row, variant=variant, run=run, fault=lost.fault)
    return Single(
        row=row,
        variant=variant,
        run=run,
        in_view=None if answer.view == NO_VIEW_TIME else answer.view * NS,
        client=(answer.done - answer.sent) * NS,
    )
