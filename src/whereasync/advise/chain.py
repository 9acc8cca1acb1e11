"""Django's middleware chain under ASGI as a pure model: who runs where, and what a request pays.

It rebuilds what ``BaseHandler.load_middleware`` does, from the innermost outwards. A newcomer would
think that one sync middleware costs most hops: it makes those outside it sync too, which saves
theirs, and holds a thread as long as the request lasts. So hops and threads are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whereasync.model import Middleware

OWN_HOPS = 2  # Django's handler: the receivers of request_started, and response.close
AROUND = ("process_request", "process_response")  # MiddlewareMixin.__acall__ hops for each
ALWAYS = ("process_view",)  # the handler hops for it, whatever the middleware's own mode
PROVED = ((4, 1), (6, 1))  # the first and the last Django on which tests have counted this


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A middleware in its place in the chain."""

    middleware: Middleware
    is_async: bool  # it runs on the event loop
    is_adapted: bool  # a change of mode stands between it and what it calls
    hops: int  # of its hooks, each time it is passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the chain costs a request that answers 200 with a plain response."""

    hops: int  # calls of sync_to_async
    backs: int  # calls of async_to_sync: from a thread back to the loop
    is_pinned: bool  # a thread is held while the request lasts

    @property
    def changes(self) -> int:
        """Changes of mode of either kind."""
        return self.hops + self.backs

    def __str__(self) -> str:
        hops = f"{self.hops} hop{'s' * (self.hops != 1)}"
        return f"{hops} + {self.backs} async_to_sync" if self.backs else hops


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The middleware that are used, the outermost first."""

    links: tuple[Link, ...]

    def cost(self, *, view_is_async: bool) -> Cost:
        """Return what a request to such a view pays; hops in the view's own code aren't in it."""
        is_async_on_top = not self.links or self.links[0].is_async
        adapted = [link for link in self.links if link.is_adapted]
        backs = sum(not link.is_async for link in adapted)
        return Cost(
            hops=OWN_HOPS
            + sum(link.hops for link in self.links)
            + (len(adapted) - backs)
            + (not is_async_on_top)
            + (not view_is_async),
            backs=backs,
            is_pinned=any(not link.is_async for link in self.links),
        )

    @property
    def culprits(self) -> tuple[Middleware, ...]:
        """Those that can't run on the loop, and so make it sync from themselves outwards."""
        return tuple(
            link.middleware
            for link in self.links
            if not link.is_async and not link.middleware.can_async
        )


def build(middleware: Sequence[Middleware]) -> Chain:
    """Return the chain that Django builds for ASGI from MIDDLEWARE, the outermost first."""
    links: list[Link] = []
    is_async = True
    for each in reversed([each for each in middleware if not each.is_unused]):
        link = join(each, inner_is_async=is_async)
        links.insert(0, link)
        is_async = link.is_async
    return Chain(links=tuple(links))


def join(middleware: Middleware, *, inner_is_async: bool) -> Link:
    """Return a middleware round a handler of that mode, as Django would choose its own."""
    is_sync = not inner_is_async and middleware.can_sync
    is_async = not is_sync and middleware.can_async
    hopping = ALWAYS + AROUND * is_async
    return Link(
        middleware=middleware,
        is_async=is_async,
        is_adapted=is_async is not inner_is_async,
        hops=sum(
            hook in hopping and hook not in middleware.async_hooks for hook in middleware.hooks
        ),
    )


def is_as_built(chain: Chain) -> bool:
    """Tell whether Django itself chose the same modes, as its inventory says."""
    return all(
        (link.is_async, link.is_adapted) == (link.middleware.is_async, link.middleware.is_adapted)
        for link in chain.links
    )


def is_proved(django: str) -> bool:
    """Tell whether tests have counted real hops on a Django of that version, "5.2.3"."""
    try:
        major, minor = (int(part) for part in django.split(".")[:2])
    except ValueError:
        return False
    return PROVED[0] <= (major, minor) <= PROVED[1]
