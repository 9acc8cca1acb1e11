from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_catalogue_is_the_urls(site: Callable[[str], Any]) -> None:
    """A view that is added in one place only fails here, and so does one of its methods."""
    entries = [entry for family in site("cars.catalogue").FAMILIES for entry in family.entries]
    listed = {(entry.method, entry.path, entry.kind == "async") for entry in entries}
    routed = {
        (method.upper(), f"/{pattern.pattern}", pattern.callback.view_class.view_is_async)
        for pattern in site("cars.urls").urlpatterns
        for method in ("get", "post")
        if hasattr(pattern.callback.view_class, method) and str(pattern.pattern)
    }
    assert listed == routed
    assert len(entries) == len(listed)


def test_the_index_lists_every_view_with_a_button_and_a_place_for_its_result(
    site: Callable[[str], Any], ask: Callable[..., Any]
) -> None:
    """A browser test clicks by path and method."""
    page = ask("/").content.decode()
    entries = [entry for family in site("cars.catalogue").FAMILIES for entry in family.entries]
    buttons = re.findall(r'<button type="button" data-path="(.+?)" data-method="(.+?)">', page)
    assert buttons == [(entry.path, entry.method) for entry in entries]
    assert page.count('class="result"') == len(entries)
    inputs = re.findall(r'<input name="(\w+)" .*? min="(\d+)" max="(\d+)" value="(\d+)">', page)
    numbers = [number for entry in entries for number in entry.takes]
    assert inputs == [(n.name, str(n.least), str(n.most), str(n.value)) for n in numbers]
    assert [n.name for n in numbers] == [
        *["calls", "wait"] * 3,
        *["burn", "wait"] * 2,
        *["queries", "wait"] * 3,
        *["every", "seconds"] * 2,
    ]
    for entry in entries:
        assert html.escape(entry.does) in page


def test_the_index_asks_the_network_for_nothing(ask: Callable[..., Any]) -> None:
    """It must work offline, and nothing it loads may blur the times that it shows."""
    page = ask("/").content.decode()
    assert not re.findall(r"https?://|<script src|url\(|@import", page)


def test_every_view_says_how_long_it_took(
    site: Callable[[str], Any], ask: Callable[..., Any], cars: Any
) -> None:
    """The header is in milliseconds, with three decimals at least."""
    catalogue = site("cars.catalogue")
    entries = [entry for family in catalogue.FAMILIES for entry in family.entries]
    asked = [("GET", "/", 200), *((each.method, each.path, each.status) for each in entries)]
    for method, path, status in asked:
        answer = ask(path, method=method, form=catalogue.FORM if method == "POST" else None)
        assert answer.status_code == status, path
        (milliseconds,) = re.findall(r"^view;dur=(\d+\.\d{3,})$", answer["Server-Timing"])
        assert float(milliseconds) > 0


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_clock_in_the_view_counts_the_handlers_time(
    site: Callable[[str], Any], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the handler's first line to its last, in ms."""
    timing = site("cars.timing")
    ticks = iter([5.0, 5.25])
    monkeypatch.setattr(timing, "perf_counter", lambda: next(ticks))

    def handle() -> dict[str, str]:
        return {}

    async def handle_async() -> dict[str, str]:
        return {}

    if kind == "sync":
        answer = timing.timed(handle)()
    else:
        answer = site("asgiref.sync").async_to_sync(timing.timed(handle_async))()
    assert answer == {"Server-Timing": "view;dur=250.0000"}
