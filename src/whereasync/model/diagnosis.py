"""What a doctor's look at a project found, a symptom a thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How it is with one thing."""

    GOOD = "good"
    NOTE = "note"  # nothing is missing, but somebody should know it
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One thing that was looked at, and what mends it."""

    subject: str  # "interpreter"
    health: Health
    detail: str
    hint: str = ""  # the command, or what to write where


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All that was looked at, in the order in which one thing needs the other."""

    symptoms: tuple[Symptom, ...]

    @property
    def missing(self) -> tuple[Symptom, ...]:
        """What keeps the project from being measured."""
        return tuple(each for each in self.symptoms if each.health is Health.MISSING)
