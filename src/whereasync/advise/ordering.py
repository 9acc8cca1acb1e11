"""Which order of MIDDLEWARE costs least, among those that keep what must be kept.

Only the project's own middleware that can't run on the loop is moved, only inwards, and only past
Django's, where Django's list of ordering hints has nothing against it. Everything else keeps its
order: what a stranger's middleware relies on stands in its documentation, which nobody read here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from whereasync.advise.chain import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whereasync.model import Middleware

# Behind the two of the cache a middleware would be skipped, or what it answers one user be stored
# for all; the two fall-backs are to be the last that a request meets.
# https://docs.djangoproject.com/en/stable/ref/middleware/#middleware-ordering
NOT_PASSED = frozenset(
    {
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
        "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
        "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
    }
)
_Choice: TypeAlias = tuple[int, int, tuple[int, ...]]  # changes, moves; places, innermost first
INSTALLED = ("/site-packages/", "/dist-packages/")


def find_cheapest(middleware: Sequence[Middleware]) -> tuple[Middleware, ...]:
    """Return the order with the fewest changes of mode; among equals the one that moves least.

    Unused ones keep their places out of it and are left out of the answer.
    """
    used = [each for each in middleware if not each.is_unused]
    places = range(len(used))
    inside = [
        {inner for inner in places[outer + 1 :] if not may_pass(used[outer], used[inner])}
        for outer in places
    ]

    @cache
    def choose(left: frozenset[int], *, is_async: bool) -> _Choice:
        """Order those that are left, round a handler of that mode."""
        if not left:
            return int(not is_async), 0, ()  # a sync top is called through one hop
        free = (place for place in left if not inside[place] & left)
        return min(put(place, left, is_async=is_async) for place in free)

    def put(place: int, left: frozenset[int], *, is_async: bool) -> _Choice:
        """Make that one the innermost of those left."""
        link = join(used[place], inner_is_async=is_async)
        changes, moves, order = choose(left - {place}, is_async=link.is_async)
        passed = sum(other > place for other in left)
        return changes + link.hops + link.is_adapted, moves + passed, (place, *order)

    _, _, order = choose(frozenset(places), is_async=True)
    return tuple(used[place] for place in reversed(order))


def may_pass(outer: Middleware, inner: Middleware) -> bool:
    """Tell whether ``outer`` may be moved inside ``inner``, as far as anything documented goes."""
    is_passable = inner.name.startswith("django.") and inner.name not in NOT_PASSED
    return is_own(outer) and not outer.can_async and is_passable


def is_own(middleware: Middleware) -> bool:
    """Tell whether its code is the project's."""
    return bool(middleware.file) and not any(part in middleware.file for part in INSTALLED)


def list_moved(
    before: Sequence[Middleware], after: Sequence[Middleware]
) -> Iterable[tuple[Middleware, tuple[Middleware, ...]]]:
    """Yield each middleware that was moved inwards, with those that it now stands inside of."""
    old = {id(each): place for place, each in enumerate(before)}
    for place, each in enumerate(after):
        passed = tuple(other for other in after[:place] if old[id(other)] > old[id(each)])
        if passed:
            yield each, passed
