"""Async views that a WSGI server calls: each call makes an event loop, and ends it.

They work, hold a thread each, and cost more than the same view written sync. A newcomer would look
at the views: what is to change is the server, or nothing should have been async.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.advise.evidence import Serving
from whereasync.advise.places import Place
from whereasync.advise.rules import Rule, count_views, name_views
from whereasync.model import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.advise.evidence import Evidence
    from whereasync.model import Finding

RULE = Rule(
    id="WA004",
    name="async-under-wsgi",
    what="async views served by WSGI, where each call makes a new event loop",
)
LOOPS = "a new event loop each call, and a thread held"


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each WSGI server that alone serves a project with async views."""
    views = evidence.async_views
    if evidence.serving is not Serving.WSGI or not views:
        return
    named = f"async: {name_views(views)}"
    for command in evidence.production:
        yield RULE.find(
            Level.WARNING,
            f"{command.server} calls {count_views(views)} by WSGI: {LOOPS}",
            "serve the project by ASGI (uvicorn, hypercorn, granian, daphne), or make the "
            "views sync",
            Place(file=command.file, line=command.line),
            (command.text, named),
        )
    if not evidence.production:
        yield RULE.find(
            Level.WARNING,
            f"{count_views(views)}, and no ASGI entry point: by WSGI {LOOPS}",
            "write an asgi.py with get_asgi_application() and serve that, or make the views sync",
            evidence.places.of_key("WSGI_APPLICATION"),
            (f"entry point: {evidence.inventory.wsgi}", named),
        )
