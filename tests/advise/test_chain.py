"""The model of the middleware chain against what real requests through real handlers pay."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import django
import msgspec
import pytest
from tests.inventories import default, lay, mixed, sync_only

from whereasync.advise.chain import Cost, build, is_as_built, is_proved, join
from whereasync.model import Middleware

SEED, CHAINS = 5, 150
DEFAULT, SYNC_ON_TOP, SYNC_AT_THE_BOTTOM, NONE, SYNC_IN_THE_MIDDLE = range(5)


@pytest.fixture(scope="module")
def counted() -> list[dict[str, Any]]:
    """Count what requests through many chains pay, in the Django that is installed."""
    script = Path(__file__).with_name("real_chain.py")
    done = subprocess.run(
        [sys.executable, script, str(SEED), str(CHAINS)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def read(each: dict[str, Any]) -> tuple[Middleware, ...]:
    """Return the middleware of a chain that was counted."""
    return msgspec.convert(each["chain"], tuple[Middleware, ...])


@pytest.mark.parametrize("view", ["async", "sync"])
def test_a_real_request_pays_what_the_model_says(counted: list[dict[str, Any]], view: str) -> None:
    """For chains of Django's middleware and of every other kind, at random."""
    assert len(counted) == CHAINS + 5
    for each in counted:
        cost = build(read(each)).cost(view_is_async=view == "async")
        real = each["cost"][view]
        assert (cost.hops, cost.backs) == (real["hops"], real["backs"]), each


def test_a_real_request_holds_a_thread_where_the_model_says(
    counted: list[dict[str, Any]],
) -> None:
    """While an async view runs, something waits in a thread for it, or nothing does."""
    held = [(build(read(each)).cost(view_is_async=True), each["cost"]["async"]) for each in counted]
    assert [cost.is_pinned for cost, _ in held] == [real["is_pinned"] for _, real in held]
    assert {cost.is_pinned for cost, _ in held} == {True, False}


def test_the_random_chains_hold_every_kind(counted: list[dict[str, Any]]) -> None:
    """Sync-only, async-only, either, unused, hooks that hop and hooks that are awaited."""
    every = [middleware for each in counted for middleware in read(each)]
    assert {(each.can_sync, each.can_async) for each in every} == {
        (True, True),
        (True, False),
        (False, True),
    }
    assert {each.is_unused for each in every} == {True, False}
    assert any(each.async_hooks for each in every)
    assert any(set(each.hooks) - set(each.async_hooks) for each in every)
    assert any(each.name.startswith("django.") for each in every)


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (NONE, Cost(hops=2, backs=0, is_pinned=False)),
        (DEFAULT, Cost(hops=15, backs=0, is_pinned=False)),
        (SYNC_ON_TOP, Cost(hops=16, backs=1, is_pinned=True)),
        (SYNC_IN_THE_MIDDLE, Cost(hops=10, backs=1, is_pinned=True)),
        (SYNC_AT_THE_BOTTOM, Cost(hops=4, backs=1, is_pinned=True)),
    ],
)
def test_the_default_chain_costs_what_our_texts_say(
    counted: list[dict[str, Any]], chain: int, expected: Cost
) -> None:
    """The documentation's figures are these; when Django changes them it must be rewritten."""
    real = counted[chain]["cost"]["async"]
    assert Cost(**real) == expected
    assert build(read(counted[chain])).cost(view_is_async=True) == expected


def test_the_chain_by_hand_is_djangos(counted: list[dict[str, Any]]) -> None:
    """The other tests rest on inventories made by hand."""
    by_hand = [(each.name, each.hooks) for each in default()]
    assert by_hand == [(each.name, each.hooks) for each in read(counted[DEFAULT])]


def test_the_installed_django_is_one_that_was_counted() -> None:
    """A newer one must be counted before its hops are told."""
    assert is_proved(django.__version__)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("4.0.9", False), ("4.1", True), ("6.1.3", True), ("6.2", False), ("", False), ("x.y", False)],
)
def test_hops_are_known_for_a_range_of_versions(version: str, expected: bool) -> None:
    """Outside of it they are unknown, never guessed."""
    assert is_proved(version) is expected


def test_a_chain_that_django_built_otherwise_is_seen() -> None:
    """Then the model is wrong about that Django."""
    laid = lay([sync_only(), *default()])
    assert is_as_built(build(laid))
    assert not is_as_built(build([replace(laid[0], is_adapted=False), *laid[1:]]))
    assert not is_as_built(build([replace(laid[0], is_async=True), *laid[1:]]))


def test_the_culprits_are_those_that_cannot_be_awaited() -> None:
    """Not those that had to follow them."""
    chain = build([*default()[:2], sync_only("shop.A"), *default()[2:], sync_only("shop.B")])
    assert [each.name for each in chain.culprits] == ["shop.A", "shop.B"]
    assert not any(link.is_async for link in chain.links)


def test_an_unused_middleware_is_not_in_the_chain() -> None:
    """Django drops what raises MiddlewareNotUsed."""
    unused = replace(sync_only(), is_unused=True)
    assert build([unused]).links == ()
    assert not build([unused]).cost(view_is_async=True).is_pinned


def test_an_async_only_middleware_round_a_sync_one_is_adapted() -> None:
    """It stays on the loop, and hops to what it calls."""
    link = join(replace(mixed("shop.A"), can_sync=False), inner_is_async=False)
    assert (link.is_async, link.is_adapted) == (True, True)


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (Cost(hops=15, backs=0, is_pinned=False), "15 hops"),
        (Cost(hops=1, backs=0, is_pinned=False), "1 hop"),
        (Cost(hops=16, backs=1, is_pinned=True), "16 hops + 1 async_to_sync"),
    ],
)
def test_a_cost_is_said_in_words_of_asgiref(cost: Cost, said: str) -> None:
    """Hops and ways back apart."""
    assert str(cost) == said
