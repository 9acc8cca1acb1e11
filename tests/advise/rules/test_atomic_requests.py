"""WA003: async views that Django refuses to call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.inventories import ROOT, database, evidence, inventory, route, view

from whereasync.advise.rules.atomic_requests import check
from whereasync.model import Level

if TYPE_CHECKING:
    from whereasync.model import Finding, Handler

ATOMIC = database(is_atomic=True)


def look(*views: Handler, settings: str = "") -> list[Finding]:
    """Check a project with those views whose requests are atomic."""
    made = inventory(*views, databases=(ATOMIC, database(alias="other")))
    return list(check(evidence(made, {"shop/settings.py": settings} if settings else {})))


def test_each_async_view_is_named_where_it_is() -> None:
    """And where the setting is."""
    found = look(
        view(),
        view("shop.views.feed", line=40),
        settings="DATABASES = {'default': {\n'ATOMIC_REQUESTS': True}}",
    )
    assert [(each.file, each.line) for each in found] == [
        (f"{ROOT}/shop/views.py", 12),
        (f"{ROOT}/shop/views.py", 40),
    ]
    assert {each.level for each in found} == {Level.ERROR}
    assert found[1].message.startswith("shop.views.feed is async below ATOMIC_REQUESTS")
    assert found[0].evidence == (f"ATOMIC_REQUESTS of 'default': {ROOT}/shop/settings.py:2",)


def test_a_setting_from_elsewhere_is_named_by_its_module() -> None:
    """It stands in no file that was read."""
    [found] = look(view())
    assert found.evidence == ("ATOMIC_REQUESTS of 'default': shop.settings",)


@pytest.mark.parametrize(
    "fine",
    [
        view(is_async=False),
        view(is_atomic=False),
        view(is_called_async=False),  # a sync wrapper round an async function: Django calls that
    ],
)
def test_a_view_that_django_calls_is_fine(fine: Handler) -> None:
    """Sync, exempt, or wrapped."""
    assert look(fine) == []


def test_without_the_setting_all_is_fine() -> None:
    """It is off by default."""
    assert list(check(evidence(inventory(view())))) == []


def test_a_view_with_two_routes_is_told_once() -> None:
    """It is mended once."""
    made = inventory(routes=(route("/a/", view()), route("/b/", view())), databases=(ATOMIC,))
    assert len(list(check(evidence(made)))) == 1
