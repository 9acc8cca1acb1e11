"""Who makes the middleware chain sync under ASGI, what that costs, and which order costs least.

Hops and held threads are told apart: a sync middleware holds a thread wherever it stands, while
its place decides how many hops there are. A newcomer would recommend to move it outwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.advise.chain import build, is_as_built, is_proved
from whereasync.advise.evidence import Serving
from whereasync.advise.ordering import find_cheapest, is_own, list_moved
from whereasync.advise.rules import Rule
from whereasync.model import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.advise.chain import Chain, Cost
    from whereasync.advise.evidence import Evidence
    from whereasync.model import Finding, Middleware

RULE = Rule(
    id="WA001",
    name="middleware-chain",
    what="sync-only middleware that holds a thread under ASGI, and an order with fewer hops",
)


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each sync-only middleware, and for each one worth moving."""
    has_async = bool(evidence.async_views)
    if evidence.serving is Serving.WSGI and not has_async:
        return
    for middleware in evidence.chain.culprits:
        yield _blame(middleware, evidence)
    if can_be_counted(evidence):
        yield from _suggest(evidence)


def can_be_counted(evidence: Evidence) -> bool:
    """Tell whether hops are known: for a Django they were counted on, that built the same chain."""
    django = evidence.inventory.versions.get("django", "")
    return is_proved(django) and is_as_built(evidence.chain)


def cost(chain: Chain, evidence: Evidence) -> Cost:
    """Return what an async view pays in that chain, or a sync one where there are none."""
    return chain.cost(view_is_async=bool(evidence.async_views))


def _level(evidence: Evidence) -> Level:
    """Return warning where requests come by ASGI, or async views say that they should."""
    if evidence.serving is Serving.WSGI:
        return Level.NOTE
    is_async = evidence.serving is not Serving.UNKNOWN or evidence.async_views
    return Level.WARNING if is_async else Level.NOTE


def _blame(middleware: Middleware, evidence: Evidence) -> Finding:
    cure = (
        "make it async-capable: sync_and_async_middleware, or MiddlewareMixin"
        if is_own(middleware)
        else "look for a release of it that is async-capable, or do without it"
    )
    return RULE.find(
        _level(evidence),
        f"{_short(middleware)} is sync-only: under ASGI each request holds a thread",
        cure,
        evidence.places.of_string(middleware.name),
        tuple(_explain(middleware, evidence)),
    )


def _explain(middleware: Middleware, evidence: Evidence) -> Iterator[str]:
    others = [each for each in evidence.chain.culprits if each is not middleware]
    if can_be_counted(evidence):
        used = [each for each in evidence.inventory.middleware if each is not middleware]
        without = cost(build(used), evidence)
        thread = "still a thread" if without.is_pinned else "no thread"
        yield f"{cost(evidence.chain, evidence)}; without it {without} and {thread}"
    if others:
        yield f"sync-only as well: {_name(others)}"
    if is_own(middleware):
        yield f"{middleware.file}:{middleware.line or 1}"


def _suggest(evidence: Evidence) -> Iterator[Finding]:
    used = [link.middleware for link in evidence.chain.links]
    cheapest = find_cheapest(used)
    before, after = cost(evidence.chain, evidence), cost(build(cheapest), evidence)
    if after.changes >= before.changes:
        return
    for middleware, passed in list_moved(used, cheapest):
        yield RULE.find(
            _level(evidence),
            f"the place of {_short(middleware)} costs hops: {before} a request, in the cheapest "
            f"order {after}",
            f"move it below {_short(passed[-1])}, unless what it passes needs it to come first",
            evidence.places.of_string(middleware.name),
            (f"it would pass {_name(passed)}", "a thread is held in either order"),
        )


def _short(middleware: Middleware) -> str:
    return middleware.name.rpartition(".")[2]


def _name(middleware: list[Middleware] | tuple[Middleware, ...]) -> str:
    return ", ".join(map(_short, middleware))
