"""What a reading of a project found, and the texts it was read from.

A finding is data: renderers say it to a terminal, to a code host, to a program. A newcomer would
put colours or escapes into its message: each format has its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is; the names are those of SARIF."""

    NOTE = "note"  # worth knowing
    WARNING = "warning"  # costs something on a server as the project is served
    ERROR = "error"  # a request fails

    @property
    def weight(self) -> int:
        """The place in the order: a note weighs least."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a rule found, with what to do about it."""

    rule: str  # "WA001"
    name: str  # "middleware-chain"
    level: Level
    message: str  # one line, without a full stop
    next_step: str  # one line
    file: str = ""  # empty: it is about the project as a whole
    line: int | None = None  # from 1
    evidence: tuple[str, ...] = ()  # a line each

    @property
    def anchor(self) -> str:
        """Where the rule is explained."""
        return f"docs/checks.md#{self.rule.lower()}-{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """A file of the project, read."""

    path: str
    text: str
