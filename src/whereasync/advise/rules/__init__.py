"""A module a rule: ``RULE`` says what it is called, ``check(evidence)`` yields its findings.

Each has one test file of its name in tests/advise/rules, and one entry in docs/checks.md. What a
rule rests on must be seen happen by a test in the installed Django: tests/advise/real_facts.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync.model import Finding

if TYPE_CHECKING:
    from whereasync.advise.places import Place
    from whereasync.model import Handler, Level

SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a rule is called, and what it looks for in a line."""

    id: str  # "WA001"
    name: str  # "middleware-chain"
    what: str

    def find(  # a field of the noun each
        self,
        level: Level,
        message: str,
        next_step: str,
        place: Place,
        evidence: tuple[str, ...] = (),
    ) -> Finding:
        """Make a finding of this rule."""
        return Finding(
            rule=self.id,
            name=self.name,
            level=level,
            message=message,
            next_step=next_step,
            file=place.file,
            line=place.line,
            evidence=evidence,
        )


def name_views(views: tuple[Handler, ...]) -> str:
    """Return "a", "a and b", "a, b, c and 4 more"."""
    names = [view.name for view in views]
    if len(names) > SHOWN + 1:
        return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def count_views(views: tuple[Handler, ...]) -> str:
    """Return "1 async view" or "3 async views"."""
    return f"{len(views)} async view{'s' * (len(views) != 1)}"
