"""The cheapest order against a search through all of them, and what it never moves."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.inventories import (
    AUTH,
    COMMON,
    CSRF,
    FRAMES,
    SECURITY,
    SESSION,
    VIEW,
    default,
    django,
    mixed,
    sync_only,
)

from whereasync.advise.chain import build
from whereasync.advise.ordering import NOT_PASSED, find_cheapest, is_own, list_moved, may_pass

if TYPE_CHECKING:
    from whereasync.model import Middleware

FOREIGN = "/x/site-packages/whitenoise/middleware.py"


def name(chain: tuple[Middleware, ...]) -> list[str]:
    """Return the names, the outermost first."""
    return [each.name for each in chain]


def changes(chain: tuple[Middleware, ...]) -> int:
    """Return what a request to an async view pays."""
    return build(chain).cost(view_is_async=True).changes


def keeps_what_must_be_kept(order: tuple[int, ...], chain: list[Middleware]) -> bool:
    """Tell whether no pair stands the other way round that may not."""
    places = {number: place for place, number in enumerate(order)}
    return all(
        places[outer] < places[inner] or may_pass(chain[outer], chain[inner])
        for outer, inner in itertools.combinations(range(len(chain)), 2)
    )


def invent(draw: random.Random) -> list[Middleware]:
    """Return a chain of everything that orders differ by."""
    makers = [
        lambda: django(draw.choice([SECURITY, SESSION, COMMON, CSRF, AUTH, FRAMES])),
        lambda: django(draw.choice(sorted(NOT_PASSED))),
        lambda: sync_only(f"shop.S{draw.random()}"),
        lambda: sync_only("whitenoise.W", file=FOREIGN),
        lambda: mixed("shop.Mixed", file="/srv/shop/m.py"),
        lambda: replace(mixed("shop.Async", ()), can_sync=False),
    ]
    weights = [6, 1, 4, 1, 1, 1]
    return [make() for make in draw.choices(makers, weights, k=draw.randrange(2, 7))]


def test_no_allowed_order_is_cheaper() -> None:
    """Compared with every permutation that keeps what must be kept."""
    draw = random.Random(11)
    gained = 0
    for _ in range(150):
        chain = invent(draw)
        found = find_cheapest(chain)
        allowed = [
            changes(tuple(chain[number] for number in order))
            for order in itertools.permutations(range(len(chain)))
            if keeps_what_must_be_kept(order, chain)
        ]
        assert changes(found) == min(allowed)
        gained += changes(found) < changes(tuple(chain))
    assert gained > 20


def test_a_sync_middleware_goes_to_the_bottom() -> None:
    """The default chain with one at the top: 16 + 1 become 4 + 1."""
    tenant = sync_only()
    found = find_cheapest([tenant, *default()])
    assert name(found) == [*name(default()), tenant.name]
    assert changes(found) == 5


def test_djangos_own_keep_their_order() -> None:
    """Whatever else moves."""
    chain = [sync_only("shop.A"), *default()[:4], sync_only("shop.B"), *default()[4:]]
    found = [each for each in find_cheapest(chain) if each.name.startswith("django.")]
    assert name(tuple(found)) == name(default())


def test_only_what_must_move_moves() -> None:
    """One sync middleware at the bottom is enough: all others run in its thread."""
    chain = [sync_only("shop.A"), django(SECURITY), sync_only("shop.B"), django(SESSION)]
    assert name(find_cheapest(chain)) == ["shop.A", SECURITY, SESSION, "shop.B"]


@pytest.mark.parametrize("barrier", sorted(NOT_PASSED))
def test_nothing_moves_inside_the_cache_or_a_fallback(barrier: str) -> None:
    """It would be skipped, or its answer be stored for all."""
    chain = (sync_only(), django(SECURITY), django(barrier), django(SESSION))
    assert name(find_cheapest(chain)) == [SECURITY, "shop.middleware.Tenant", barrier, SESSION]


@pytest.mark.parametrize(
    "stranger",
    [
        sync_only("whitenoise.middleware.WhiteNoiseMiddleware", file=FOREIGN),
        sync_only("somebody.Unknown", file=""),
        mixed("shop.Either", file="/srv/shop/m.py"),
    ],
)
def test_what_is_not_the_projects_or_not_sync_only_stays(stranger: Middleware) -> None:
    """Its documentation decides, or moving it gains nothing."""
    chain = (stranger, *default())
    assert find_cheapest(chain) == chain


def test_a_stranger_is_not_passed() -> None:
    """It may have to be the last, who knows."""
    stranger = mixed("somebody.Last", file=FOREIGN)
    chain = (sync_only(), django(SECURITY), stranger)
    assert name(find_cheapest(chain)) == [SECURITY, "shop.middleware.Tenant", "somebody.Last"]


def test_a_move_that_gains_nothing_is_not_made() -> None:
    """A hook of the view hops anyway."""
    chain = (sync_only(), mixed("django.x.OnlyView", [VIEW]))
    assert find_cheapest(chain) == chain


def test_what_is_unused_is_left_out() -> None:
    """It isn't in the chain."""
    unused = replace(sync_only(), is_unused=True)
    assert find_cheapest([unused, *default()]) == default()


def test_a_move_says_what_was_passed() -> None:
    """And nobody else moved."""
    tenant = sync_only()
    before = (django(SECURITY), tenant, django(SESSION), django(COMMON))
    [(moved, passed)] = list_moved(before, find_cheapest(before))
    assert moved == tenant
    assert name(passed) == [SESSION, COMMON]


def test_own_is_what_is_not_installed() -> None:
    """Without a file nobody knows."""
    assert is_own(sync_only())
    assert not is_own(sync_only(file=FOREIGN))
    assert not is_own(sync_only(file="/usr/lib/python3/dist-packages/x.py"))
    assert not is_own(sync_only(file=""))
