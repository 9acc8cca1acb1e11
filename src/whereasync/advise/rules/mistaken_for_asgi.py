"""What looks like ASGI and isn't: runserver, and Django's test clients.

Async views run there too, so that nothing warns; but ``runserver`` and ``Client`` call them as WSGI
does, and ``AsyncClient`` has one thread for all requests. A newcomer would time views with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.advise.clients import Misuse
from whereasync.advise.deployment import RUNSERVER
from whereasync.advise.places import Place
from whereasync.advise.rules import Rule, count_views, name_views
from whereasync.model import Interface, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.advise.clients import ClientUse
    from whereasync.advise.evidence import Evidence
    from whereasync.model import Finding

RULE = Rule(
    id="WA005",
    name="mistaken-for-asgi",
    what="runserver or the test client taken for an ASGI server",
)
RACE = "whereasync race PATH PATH measures views on real servers"
SERVER = "ask a running ASGI server instead: uvicorn, or ChannelsLiveServerTestCase"


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield findings of a project with async views; without any nothing is mistaken."""
    if evidence.async_views:
        yield from _look_at_runserver(evidence)
        yield from _look_at_tests(evidence.uses)


def _look_at_runserver(evidence: Evidence) -> Iterator[Finding]:
    """Yield the note unless runserver calls ASGI, or an ASGI server with reload stands beside."""
    commands = [each for each in evidence.commands if each.is_development]
    has_another = any(each.interface is Interface.ASGI for each in commands)
    if evidence.has_asgi_runserver or has_another:
        return
    views = evidence.async_views
    used = [each for each in commands if each.server == RUNSERVER]
    places = [Place(file=each.file, line=each.line) for each in used]
    for place in places or [evidence.places.of_key("INSTALLED_APPS")]:
        yield RULE.find(
            Level.NOTE,
            f"runserver is WSGI here: {count_views(views)} in a new event loop each call, unlike "
            "under ASGI",
            'develop on ASGI: "daphne" first in INSTALLED_APPS, or uvicorn --reload',
            place,
            (f"async: {name_views(views)}",),
        )


def _look_at_tests(uses: tuple[ClientUse, ...]) -> Iterator[Finding]:
    asked: dict[str, list[ClientUse]] = {}
    for use in uses:
        if use.misuse is Misuse.TIMED:
            yield _find_timed(use)
        elif use.misuse is Misuse.GATHERED:
            yield RULE.find(
                Level.WARNING,
                f"{use.test} sends requests at once through AsyncClient, which has one thread for "
                "all: what is sync runs one after another",
                SERVER,
                Place(file=use.file, line=use.line),
            )
        else:
            asked.setdefault(use.file, []).append(use)
    for file, found in asked.items():
        yield _find_asked(file, found)


def _find_timed(use: ClientUse) -> Finding:
    how = (
        "AsyncClient has one thread for all requests, and no server"
        if use.is_async
        else "Client calls async views as WSGI does, in a new event loop each"
    )
    return RULE.find(
        Level.WARNING,
        f"{use.test} reads a clock beside the test client: {how}",
        RACE,
        Place(file=use.file, line=use.line),
    )


def _find_asked(file: str, uses: list[ClientUse]) -> Finding:
    """Make one note for a file: it works, and is only not what a server does."""
    requests = f"{len(uses)} request{'s' * (len(uses) != 1)}"
    return RULE.find(
        Level.NOTE,
        f"{requests} to async views through Client, which calls them as WSGI does, in a new event "
        "loop each",
        "await self.async_client.get(…) takes the view's own way",
        Place(file=file, line=uses[0].line),
        tuple(f"line {use.line}: {use.view}" for use in uses),
    )
