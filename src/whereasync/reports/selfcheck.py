"""What selfcheck found: the verdict in a line, each limit beside its figure, then who lost.

Subjects "<group>: <row>" of one group share a table; without a group, those of the same figures do.
A newcomer would print one line a check: a hundred of them hide the one that failed, which stands at
the top here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whereasync.document import (
    Count,
    Document,
    Ratio,
    Seconds,
    bad,
    caveat,
    code,
    dim,
    good,
    heading,
    items,
    left,
    next_step,
    paragraph,
    right,
    strong,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from whereasync.document import Block, Line, Part
    from whereasync.model import Check, Fault
    from whereasync.results import Results

    Unchecked = Sequence[tuple[str, Fault]]  # what couldn't be checked → why

PARTS = {
    "simulated": "Simulated: known truths, noise like a shared machine's",
    "real": "Real: servers of this machine against themselves",
}
CAPTIONS = {
    "one cell": "One cell a run, judged as races are, at four sizes of block noise; coverage is "
    "that of the worst effect. Limits hold where the block SD is at most 4.5 %",
    "nine cells": "Nine cells a run, four of them equal; decided cells stop, all are judged "
    "together. Of the cells called faster: false ones, and intervals without the truth",
    "slice": "One slice, 64 clients: measured against true throughput",
    "rules": "When to stop, and how to average: each rule in the scene where it is worst, at a "
    "block SD of 4.4 %",
    "slice rules": "How long a slice lasts, and what is counted in it",
}
CHOSEN = "(chosen)"
_SIZE = re.compile(r", [0-9.]+ %$")

# how a figure's value reads, by how its name begins; any other is a share
UNITS: dict[str, Callable[[float], Part | tuple[Part, ...]]] = {
    "send lag": Seconds,
    "ratio": Ratio,
    "blocks": lambda value: Count(value, 1),
}


def report(results: Results) -> Document:
    """Return the report of a selfcheck that ran servers."""
    return report_checks(results.run.checks, find_unchecked(results))


def report_checks(checks: Sequence[Check], unchecked: Unchecked = ()) -> Document:
    """Return the report of one selfcheck, of whichever parts were run."""
    return Document(title="whereasync selfcheck", blocks=tuple(_walk(checks, unchecked)))


def find_unchecked(results: Results) -> Unchecked:
    """Return which cells of the real part are void, and what ended a run before its end."""
    void = [
        (each.cell.topic, each.comparison.reason)
        for each in results.cells
        if each.is_void and each.comparison.reason
    ]
    return (*void, *(("the run", found) for found in results.run.faults))


def _walk(checks: Sequence[Check], unchecked: Unchecked) -> Iterator[Block]:
    yield from _conclude(checks, unchecked)
    groups = _group(checks)
    losers = [key for key, found in groups.items() if _has_lost(found)]
    for part in dict.fromkeys(each.part for each in checks):
        shown = [key for key in groups if key[0] == part and key not in losers]
        if shown:
            yield heading(PARTS.get(part, part))
        for key in shown:
            yield _tabulate(key[1], groups[key])
    if losers:
        yield heading("What was not chosen, and why")
    for part, group, figures in losers:
        limits = {each.figure: each for each in checks if each.part == part and _is_limited([each])}
        yield _tabulate_losers(group, groups[part, group, figures], limits)


def _has_lost(checks: Sequence[Check]) -> bool:
    """Say whether these are rules that weren't chosen: simulated, and held to no limit."""
    return checks[0].part == "simulated" and not _is_limited(checks)


def _conclude(checks: Sequence[Check], unchecked: Unchecked) -> Iterator[Block]:
    kept = [each.is_kept for each in checks if each.is_kept is not None]
    said = f"{sum(kept)} of {len(kept)} limits kept"
    if not kept:
        yield paragraph(bad("selfcheck checked nothing: no figure has a limit"))
        if not unchecked:
            yield next_step("Start again: ", code("whereasync selfcheck"))
    elif not all(kept):
        yield paragraph(bad(f"selfcheck failed: {said}"))
        yield items(*(_accuse(each) for each in checks if each.is_kept is False))
    elif unchecked:
        yield paragraph(bad(f"selfcheck is incomplete: {said}, {len(unchecked)} not checked"))
    else:
        yield paragraph(good(f"selfcheck passed: {said}"))
    for name, why in unchecked:
        told = f"not checked: {name}, {why.kind}: {why.detail}"
        yield caveat(told, hint=why.hint or "run it again")


def _accuse(check: Check) -> tuple[Part, ...]:
    seen = _show(check.figure, check.value)
    return (f"{check.subject}: {check.figure} ", *seen, ", limit ", *_show_limit(check))


def _group(checks: Sequence[Check]) -> Mapping[tuple[str, str, str], list[Check]]:
    """Return the checks of each table, by part, name of the group and figures; a name or those."""
    figures: dict[str, list[str]] = {}
    for each in checks:
        figures.setdefault(f"{each.part} {each.subject}", []).append(each.figure)
    groups: dict[tuple[str, str, str], list[Check]] = {}
    for each in checks:
        group, named, _ = each.subject.partition(": ")
        alike = "" if named else "|".join(figures[f"{each.part} {each.subject}"])
        groups.setdefault((each.part, group if named else "", alike), []).append(each)
    return groups


def _is_limited(checks: Sequence[Check]) -> bool:
    return any(each.is_kept is not None for each in checks)


# ---------------------------------------------------------------- tables


def _tabulate(group: str, checks: Sequence[Check]) -> Block:
    limits = {each.figure: each for each in reversed(checks) if _is_limited([each])}
    figures = list(dict.fromkeys(each.figure for each in checks))
    first: list[Line] = [
        dim("limit"),
        *(_show_limit(limits[each]) if each in limits else None for each in figures),
        None,
        None,
    ]
    return table(
        [left(group), *(right(each) for each in figures), right("trials"), left("")],
        [first, *(_row(name, row, figures, _judge(row)) for name, row in _rows(checks))],
        caption=CAPTIONS.get(group, ""),
    )


def _tabulate_losers(group: str, checks: Sequence[Check], limits: Mapping[str, Check]) -> Block:
    figures = list(dict.fromkeys(each.figure for each in checks))
    return table(
        [left(group), *(right(each) for each in figures), right("trials"), left("limits missed")],
        [_row(name, row, figures, _regret(name, row, limits)) for name, row in _rows(checks)],
        caption=CAPTIONS.get(group, ""),
    )


def _rows(checks: Sequence[Check]) -> Iterator[tuple[str, Mapping[str, Check]]]:
    for subject in dict.fromkeys(each.subject for each in checks):
        row = {each.figure: each for each in checks if each.subject == subject}
        name = subject.partition(": ")[2] or subject
        # a scene's size is in its name, and again in the column of what it came to
        yield _SIZE.sub("", name) if "block SD" in row else name, row


def _row(name: str, row: Mapping[str, Check], figures: Sequence[str], verdict: Part) -> list[Line]:
    return [
        strong(name) if name.endswith(CHOSEN) else name,
        *(_show(each, row[each].value) if each in row else None for each in figures),
        Count(min(each.trials for each in row.values())),
        verdict,
    ]


def _judge(row: Mapping[str, Check]) -> Part:
    broken = [figure for figure, each in row.items() if each.is_kept is False]
    if broken:
        return bad(f"broken: {', '.join(broken)}")
    return good("kept") if _is_limited(list(row.values())) else dim("no limit")


def _regret(name: str, row: Mapping[str, Check], limits: Mapping[str, Check]) -> Part:
    missed = [
        figure
        for figure, each in row.items()
        if figure in limits and not _keeps(each.value, limits[figure])
    ]
    if missed:
        return bad(", ".join(missed))
    return good("none") if name.endswith(CHOSEN) else "none"


def _keeps(value: float, limit: Check) -> bool:
    return (limit.at_most is None or value <= limit.at_most) and (
        limit.at_least is None or value >= limit.at_least
    )


# ---------------------------------------------------------------- figures


def _show_limit(check: Check) -> tuple[Part, ...]:
    least, most = check.at_least, check.at_most
    if least is not None and most is not None:
        if least == -most:
            return ("±", *_show(check.figure, most))
        return (*_show(check.figure, least), " to ", *_show(check.figure, most))
    if most is not None:
        return ("≤ ", *_show(check.figure, most))
    return ("≥ ", *_show(check.figure, least or 0.0))


def _show(figure: str, value: float) -> tuple[Part, ...]:
    for name, unit in UNITS.items():
        if figure.startswith(name):
            shown = unit(value)
            return shown if isinstance(shown, tuple) else (shown,)
    percent = 100 * value
    is_small = 0.005 <= abs(percent) < 0.995  # below, nothing would be left of it
    return Count(percent, 2 if is_small else 1), " %"
