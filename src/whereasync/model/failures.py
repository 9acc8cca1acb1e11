"""What voids or qualifies figures, and how something that went wrong is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whereasync.errors import WhereAsyncError


class Void(StrEnum):
    """Why a cell's figures must not be shown. docs/method.md has a row for each."""

    STATUS = "status"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    ANSWERS_DIFFER = "answers differ"
    RECIPE = "recipe"
    SERVER = "server"
    SERVER_DIED = "server died"
    DATABASE_REFUSED = "database refused connections"
    NOTHING_COMPLETED = "nothing completed"
    CLIENT_SATURATED = "client saturated"
    SEND_LAG = "send lag"
    NOT_SUSTAINED = "rate not sustained"
    LITTLES_LAW = "Little's law"
    SAMPLES = "samples"


class Caveat(StrEnum):
    """What qualifies figures wherever they are shown. docs/method.md has a row for each."""

    DIFFERENT_WORK = "different work"
    NOISY_MACHINE = "noisy machine"
    NO_PINNING = "no CPU pinning"
    SHARED_CORE = "server and client share a core"
    DATABASE_LIMIT = "the database was the limit"
    NEVER_SETTLED = "warm-up never settled"
    BUDGET_ENDED = "budget ended before the last look"
    SWAP = "swap in use"
    DEVELOPMENT_SERVER = "development server"
    CALLED_OUT = "called out"
    NO_STAND_IN = "no stand-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that went wrong in a trial, recorded as a failure and never as a zero."""

    kind: str  # a Void or a Caveat; "run", "probe" and "inconclusive" beside them
    detail: str
    hint: str = ""

    @classmethod
    def of(cls, kind: str, error: WhereAsyncError) -> Fault:
        """Return the fault of a trial that this error ended."""
        return cls(kind=kind, detail=error.what, hint=error.hint)
