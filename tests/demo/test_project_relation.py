from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

FORM = {"engine": "engine V8", "name": "Simca", "location": "Poissy"}
WAYS = ("through", "wrapped", "aadd")


@pytest.mark.parametrize("way", WAYS)
def test_every_way_adds_a_store_says_so_and_takes_it_away_again(
    ask: Callable[..., Any], cars: Any, way: str
) -> None:
    """The same answer, so their times can be compared; what was there stays."""
    before = [cars.Car.objects.count(), cars.Store.objects.count()]
    answer = ask(f"/relation/async-{way}/", method="POST", form=FORM)
    assert (answer.status_code, answer.content) == (200, b"1 store\n")
    assert "Server-Timing" in answer
    assert [cars.Car.objects.count(), cars.Store.objects.count()] == before


def test_what_django_lacks_is_said_and_not_tried(
    site: Callable[[str], Any],
    ask: Callable[..., Any],
    cars: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On Django 4.1 there is no aadd: no traceback for every request, and no row."""
    before = cars.Store.objects.count()
    monkeypatch.setattr(site("cars.views.relation").AsyncAadd, "is_there", False)
    answer = ask("/relation/async-aadd/", method="POST", form=FORM)
    assert (answer.status_code, answer.content) == (404, b"not in this Django\n")
    assert cars.Store.objects.count() == before
