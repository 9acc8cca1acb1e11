"""What to measure."""

from __future__ import annotations

from dataclasses import dataclass, field

from whereasync.model.loading import SliceRules
from whereasync.model.requests import Arm, Cell, Request, Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the article published for one row, in seconds, to all its digits."""

    async_seconds: float
    sync_seconds: float
    ratio: float  # a time ratio, async ÷ sync


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the article's table: a request to a sync and to an async view."""

    name: str
    label: str
    requests: dict[str, Request]  # variant, "async" or "sync" → request
    runs: int
    objects: int | None = None  # loaded before it; None where no data is read
    figures: Figures | None = None  # None for a size that the article did not measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The stand-in for another service's API."""

    latency: str  # "20ms", "exponential:20ms", "lognormal:20ms,0.5"
    rates: str  # "full" is 1.1 MB, "small" is 30 kB
    seed: int = 0
    pieces: int = 1  # in which it sends its answer …
    pause: float = 0.0  # … with so many s between two


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """All that a run shall measure. ``plan.expand`` says in which order."""

    seed: int
    budget: float | None  # s for the whole run; None: as long as it takes
    article_arm: Arm | None = None  # of the rows
    article_upstream: Upstream | None = None
    rows: tuple[Row, ...] = ()
    objects: int  # loaded for the race
    upstream: Upstream | None = None  # of the race; None: the project calls whom it calls
    candidates: dict[str, tuple[Arm, ...]]  # role → arms to choose the best-tuned from
    sweep: tuple[Cell, ...] = ()  # what the candidates are tuned on
    cells: tuple[Cell, ...] = ()  # the race, the most telling first
    looks: tuple[int, ...] = (6,)  # blocks after which verdicts are read
    rules: SliceRules = field(default_factory=SliceRules)
    is_whole: bool = False  # every cell is measured, or none; else what fits into the budget
    is_ascending: bool = False  # a block's cells by clients: what many leave isn't seen at few
    stacks: dict[str, Stack] = field(default_factory=dict)  # role → what it runs on instead
    is_paired: bool = False  # cells are compared with each other: none ends before the others
    worst: float | None = None  # how much slower b may be than a (0.05 is 5 %): --fail-if
