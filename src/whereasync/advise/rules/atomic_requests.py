"""ATOMIC_REQUESTS and async views: Django raises at the first request, by ASGI and by WSGI.

A transaction belongs to a thread, and an async view has none. A newcomer would look for the error
at start-up: it comes when the view is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.advise.places import Place
from whereasync.advise.rules import Rule
from whereasync.model import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.advise.evidence import Evidence
    from whereasync.model import Finding

RULE = Rule(
    id="WA003",
    name="atomic-requests",
    what="async views below ATOMIC_REQUESTS, which Django refuses to call",
)


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each async view that isn't taken out of the transaction."""
    atomic = [each.alias for each in evidence.inventory.databases if each.is_atomic]
    if not atomic:
        return
    setting = evidence.places.of_key("ATOMIC_REQUESTS", "atomic_requests")
    where = f"{setting.file}:{setting.line}" if setting.line else evidence.inventory.settings
    for view in evidence.async_views:
        if view.is_atomic:
            yield RULE.find(
                Level.ERROR,
                f"{view.name} is async below ATOMIC_REQUESTS: each request raises RuntimeError",
                "@transaction.non_atomic_requests, and where writes belong together a sync "
                "function with transaction.atomic",
                Place(file=view.file, line=view.line),
                (f"ATOMIC_REQUESTS of {', '.join(map(repr, atomic))}: {where}",),
            )
