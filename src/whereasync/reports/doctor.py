"""What the doctor found: the verdict in a line, then a line a thing, then what to do.

A newcomer would bury the one thing that is missing among twenty that are there: it stands in the
first lines, with the command that mends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.document import (
    Document,
    bad,
    good,
    heading,
    items,
    left,
    paragraph,
    strong,
    table,
    warning,
)
from whereasync.model import Health

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
    yield table(
        [left(""), left(""), left("")],
        [(MARKS[each.health], strong(each.subject), each.detail) for each in diagnosis.symptoms],
    )
    for title, health in (("What mends it", Health.MISSING), ("What may help", Health.NOTE)):
        hinted = [each for each in diagnosis.symptoms if each.health is health and each.hint]
        if hinted:
            yield heading(title)
            yield items(*map(_advise, hinted))


def _advise(symptom: Symptom) -> tuple[Part, ...]:
    return (strong(symptom.subject), f": {symptom.hint}")
