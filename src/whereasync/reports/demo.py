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
    Part,
    Seconds,
    Share,
    caveat,
    dim,
    fault,
    heading,
    items,
    paragraph,
    qualify,
)
from whereasync.reports import closing
from whereasync.reports.article import compare_with_article
from whereasync.reports.cells import CUT_SHORT
from whereasync.reports.chapters import compare_arms, compare_changes
from whereasync.stats import ALPHA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.results import Results


def report(results: Results) -> Document:
    """Return the whole report of a demo run, finished or cut short."""
    blocks = [
        *_preface(results),
        *compare_with_article(results),
        *compare_arms(results),
        *compare_changes(results),
        *_sum_up(results),
        *_closing(results),
    ]
    return Document(title=f"“{article.TITLE}”, repeated here", blocks=tuple(blocks))


# ---------------------------------------------------------------- around the chapters


def _preface(results: Results) -> Iterator[Block]:
    run = results.run
    versions = run.versions
    stack = [run.machine.python]
    stack += [f"Django {versions['django']}"] if "django" in versions else []
    if run.database:
        stack.append(f"{run.database.vendor} {run.database.version} ({run.database.where})")
    arm = run.experiment.article_arm if run.experiment else None
    named = {arm.server} if arm else set()
    named |= {arm.server for arm in run.arms.values()}
    stack += [f"{name} {versions[name]}" for name in sorted(named) if name in versions]
    yield paragraph(
        "Theirs: ", article.STACK, ". Ours: ", ", ".join(stack), ", on ", run.machine.cpu, ", ",
        Count(run.machine.cores), " cores.",
    )  # fmt: skip
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)


def _closing(results: Results) -> Iterator[Block]:
    run = results.run
    for found in run.caveats:
        yield qualify(found)
    race: tuple[Part, ...] = (
        dim(f", {results.blocks} blocks; intervals at "),
        dim(Share(1 - ALPHA)),
        dim(" or more, for all cells together"),
    )
    yield paragraph(
        dim(f"Seed {run.seed}, "),
        dim(Seconds(run.elapsed)),
        *(race if results.cells else ()),
        dim("."),
    )


# ---------------------------------------------------------------- 4


def _sum_up(results: Results) -> Iterator[Block]:
    if points := closing.write(results):
        yield heading("4  Where to apply async")
        yield items(*points)
