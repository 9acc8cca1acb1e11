"""What the doctor found: the verdict in a line, what is missing with what mends it, then all.

A newcomer would bury the one thing that is missing among twenty that are there: it stands in the
first lines, with the command that mends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.document import (
    Document,
    bad,
    dim,
    fault,
    good,
    left,
    paragraph,
    strong,
    table,
    warning,
)
from whereasync.model import Fault, Health

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.document import Block, Part
    from whereasync.model import Diagnosis, Symptom

MARKS = {Health.GOOD: good("✓"), Health.NOTE: warning("!"), Health.MISSING: bad("✗")}


def report(diagnosis: Diagnosis) -> Document:
    """Return the report."""
    return Document(title="whereasync doctor", blocks=tuple(_walk(diagnosis)))


def _walk(diagnosis: Diagnosis) -> Iterator[Block]:
    missing = diagnosis.missing
    if missing:
        count = "One thing is" if len(missing) == 1 else f"{len(missing)} things are"
        yield paragraph(bad(f"{count} missing before this project can be measured."))
    else:
        yield paragraph(good("This project can be measured."))
    for each in missing:
        yield fault(Fault(kind=each.subject, detail=each.detail, hint=each.hint))
    yield table(
        [left(""), left("looked at"), left("found")],
        [
            (MARKS[each.health], strong(each.subject), _describe(each))
            for each in diagnosis.symptoms
        ],
    )


def _describe(symptom: Symptom) -> tuple[Part, ...]:
    """Return what was found; the hint of what is missing stands above already."""
    has_hint = symptom.hint and symptom.health is not Health.MISSING
    return (symptom.detail, dim(f" ({symptom.hint})")) if has_hint else (symptom.detail,)
