"""All that ``check`` says of a project: findings, and the middleware chain with its cost.

It is what JSON gives and what every other format is made from. Paths below a base are relative to
it, as editors and code hosts want them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whereasync.advise import list_rules
from whereasync.advise.rules.middleware_chain import can_be_counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whereasync.advise.chain import Cost, Link
    from whereasync.advise.evidence import Evidence, Serving
    from whereasync.advise.rules import Rule
    from whereasync.model import Finding, Level

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What was found in a project, and what it is."""

    schema: int = SCHEMA
    settings: str
    django: str  # its version; empty: nobody says
    findings: tuple[Finding, ...]  # the gravest first
    waived: tuple[Finding, ...] = ()  # by a comment on their line
    rules: tuple[Rule, ...]
    routes: int
    views: int
    async_views: int
    serving: Serving
    servers: tuple[str, ...]  # what says so: "Procfile:2 gunicorn shop.wsgi"
    chain: tuple[Link, ...]  # the outermost first
    async_cost: Cost | None = None  # of a request to an async view; None: hops unknown
    sync_cost: Cost | None = None
    warnings: tuple[str, ...] = ()  # what the inventory could not look at

    def count(self, level: Level) -> int:
        """Return how many findings are of that level."""
        return sum(each.level is level for each in self.findings)

    def reaches(self, level: Level) -> bool:
        """Tell whether any finding is at or above a level."""
        return any(each.level.weight >= level.weight for each in self.findings)


def review(
    evidence: Evidence, findings: Sequence[Finding], waived: Sequence[Finding], *, base: str
) -> Review:
    """Gather what is shown; ``base`` is the directory that paths are made relative to."""
    inventory, chain = evidence.inventory, evidence.chain
    is_counted = can_be_counted(evidence)
    return Review(
        settings=inventory.settings,
        django=inventory.versions.get("django", ""),
        findings=tuple(_shorten(each, base) for each in findings),
        waived=tuple(_shorten(each, base) for each in waived),
        rules=tuple(each.rule for each in list_rules()),
        routes=len(inventory.routes),
        views=len(evidence.views),
        async_views=len(evidence.async_views),
        serving=evidence.serving,
        servers=tuple(
            f"{_relate(each.file, base)}:{each.line} {each.text}" for each in evidence.production
        ),
        chain=chain.links,
        async_cost=chain.cost(view_is_async=True) if is_counted else None,
        sync_cost=chain.cost(view_is_async=False) if is_counted else None,
        warnings=inventory.warnings,
    )


def _shorten(finding: Finding, base: str) -> Finding:
    evidence = tuple(_relate(line, base) for line in finding.evidence)
    return replace(finding, file=_relate(finding.file, base), evidence=evidence)


def _relate(text: str, base: str) -> str:
    return text.replace(base.rstrip("/") + "/", "")
