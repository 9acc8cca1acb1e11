"""WA001: who makes the chain sync, and what an order costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.inventories import COMMON, ROOT, default, django, evidence, inventory, sync_only, view

from whereasync.advise.rules.middleware_chain import can_be_counted, check
from whereasync.model import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.model import Finding, Middleware

FOREIGN = sync_only("whitenoise.middleware.WhiteNoiseMiddleware", file="/x/site-packages/w.py")
ASGI, WSGI = {"Procfile": "uvicorn shop.asgi:a"}, {"Procfile": "gunicorn shop.wsgi"}


def look(
    middleware: Iterable[Middleware],
    files: dict[str, str] | None = None,
    *,
    is_async: bool = True,
    **fields: Any,
) -> list[Finding]:
    """Check a project with a view and that chain."""
    made = inventory(view(is_async=is_async), middleware=middleware, **fields)
    return list(check(evidence(made, files)))


def test_the_default_chain_is_fine() -> None:
    """It hops a lot, and nothing can be done about that."""
    assert look(default(), ASGI) == []


def test_a_sync_only_middleware_is_named_where_the_settings_name_it() -> None:
    """With what a request pays, with and without it."""
    settings = f'MIDDLEWARE = [\n    "{FOREIGN.name}",\n]\n'
    [found] = look([FOREIGN, *default()], {**ASGI, "shop/settings.py": settings})
    assert (found.file, found.line) == (f"{ROOT}/shop/settings.py", 2)
    assert found.level is Level.WARNING
    assert found.message == (
        "WhiteNoiseMiddleware is sync-only: under ASGI each request holds a thread"
    )
    assert found.evidence == ("16 hops + 1 async_to_sync; without it 15 hops and no thread",)
    assert "release" in found.next_step


def test_ones_own_is_to_be_made_async_capable() -> None:
    """And its class is named."""
    found, _ = look([sync_only(), *default()], ASGI)
    assert "make it async-capable" in found.next_step
    assert f"{ROOT}/shop/middleware.py:7" in found.evidence


def test_one_of_two_does_not_free_the_thread() -> None:
    """Both have to go."""
    [first, second] = look([FOREIGN, replace(FOREIGN, name="silk.Silk"), *default()], ASGI)
    assert first.evidence[0].endswith("and still a thread")
    assert first.evidence[1] == "sync-only as well: Silk"
    assert second.evidence[1] == "sync-only as well: WhiteNoiseMiddleware"


def test_a_cheaper_order_is_suggested() -> None:
    """From 16 + 1 at the top to 4 + 1 at the bottom."""
    _, found = look([sync_only(), *default()], ASGI)
    assert found.message == (
        "the place of Tenant costs hops: 16 hops + 1 async_to_sync a request, in the cheapest "
        "order 4 hops + 1 async_to_sync"
    )
    assert found.next_step.startswith("move it below XFrameOptionsMiddleware, unless")
    assert found.evidence[0].startswith("it would pass SecurityMiddleware, SessionMiddleware, ")
    assert found.evidence[1] == "a thread is held in either order"


def test_the_cheapest_order_is_not_criticised() -> None:
    """Only the thread is."""
    [found] = look([*default(), sync_only()], ASGI)
    assert "holds a thread" in found.message


def test_a_project_without_async_views_counts_a_sync_one() -> None:
    """It hops once more."""
    [found] = look([*default(), sync_only()], ASGI, is_async=False)
    assert found.evidence[0].startswith("5 hops + 1 async_to_sync; without it 16 hops")


@pytest.mark.parametrize(
    ("files", "is_async", "level"),
    [
        (ASGI, False, Level.WARNING),
        ({}, True, Level.WARNING),
        ({}, False, Level.NOTE),
        (WSGI, True, Level.NOTE),
    ],
)
def test_the_level_is_how_sure_it_is_to_matter(
    files: dict[str, str], is_async: bool, level: Level
) -> None:
    """A warning where ASGI serves, or async views want it."""
    found = look([sync_only(), django(COMMON)], files, is_async=is_async)
    assert [each.level for each in found] == [level, level]


def test_wsgi_without_async_views_is_left_alone() -> None:
    """There the chain is as it should be."""
    assert look([sync_only(), *default()], WSGI, is_async=False) == []


@pytest.mark.parametrize("versions", [{"django": "99.0"}, {}])
def test_hops_of_an_unknown_django_are_not_told(versions: dict[str, str]) -> None:
    """The thread still is."""
    [found] = look([sync_only(), *default()], ASGI, versions=versions)
    assert found.evidence == (f"{ROOT}/shop/middleware.py:7",)


def test_hops_are_not_told_where_django_built_another_chain() -> None:
    """Then the model doesn't know that Django."""
    made = inventory(view(), middleware=default())
    assert can_be_counted(evidence(made))
    wrong = tuple(replace(each, is_async=False) for each in made.middleware)
    assert not can_be_counted(evidence(replace(made, middleware=wrong)))
