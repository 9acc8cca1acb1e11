from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from whereasync.demo.cells import FAMILIES, FORM, ORDER, cells, tuning_cells
from whereasync.demo.experiment import LENGTHS

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT = cells((1, 8, 64), (2, 3), None)


def names(*arguments: Any) -> list[str]:
    """Return the names of the cells for these arguments."""
    return [cell.name for cell in cells(*arguments)]


def test_a_cells_name_is_its_own_and_a_file_name() -> None:
    """Its samples lie in a file of that name."""
    found = [cell.name for cell in DEFAULT]
    assert len(set(found)) == len(found)
    assert all(name.replace("-", "").isalnum() for name in found)
    assert all(cell.name.rpartition("-")[2] == str(cell.clients) for cell in DEFAULT)


def test_the_most_telling_come_first() -> None:
    """What --quick can afford: the article's GET and API, the N+1, and gathered calls."""
    assert names((1,), (2, 3), None)[: LENGTHS["quick"].cells] == [
        "same-get-1",
        "same-api-1",
        "fix-get-sync-1",
        "fan-5-1",
    ]


def test_every_family_is_raced() -> None:
    """One that ORDER forgets would never be measured."""
    assert {name for name, _ in ORDER} == set(FAMILIES)
    assert {cell.name.rpartition("-")[0] for cell in DEFAULT} == set(FAMILIES)
    assert all(family.name == key for key, family in FAMILIES.items())


@pytest.mark.parametrize("chapter", [2, 3])
def test_one_chapter_can_be_asked_for(chapter: int) -> None:
    """And both together have no other cells, in the same order."""
    alone = cells((1, 8, 64), (chapter,), None)
    assert alone
    assert alone == tuple(cell for cell in DEFAULT if cell.chapter == chapter)


def test_chapter_1_is_no_race() -> None:
    """It has rows, and no cells."""
    assert cells((1, 8, 64), (1,), None) == ()


@pytest.mark.parametrize("clients", [(1,), (4, 2), (2, 2, 2), (1, 8, 64), (1, 2, 4, 8, 16, 32)])
def test_chapter_2_is_asked_at_every_number_of_clients(clients: tuple[int, ...]) -> None:
    """Also where there are more than fewest, middle and most; each once."""
    found = names(clients, (2,), None)
    assert sorted(found) == sorted(
        {
            f"{family}-{number}"
            for family in ("same-get", "same-post", "same-api")
            for number in clients
        }
    )


def test_the_order_of_clients_as_typed_changes_nothing() -> None:
    """Fewest, middle and most are found by size."""
    assert cells((64, 1, 8), (2, 3), None) == DEFAULT


def test_sqlite_takes_one_writer() -> None:
    """POST at 8 clients would measure the lock; reading is free."""
    kept = names((1, 8, 64), (2, 3), 1)
    assert set(names((1, 8, 64), (2, 3), None)) - set(kept) == {"same-post-8", "same-post-64"}
    assert "same-post-1" in kept


def test_chapter_2_sets_sync_against_async_and_a_fix_stays_on_its_server() -> None:
    """Before and after race on one arm, so that the arm can't be the reason."""
    for cell in DEFAULT:
        roles = (cell.a.role, cell.b.role)
        if cell.name.startswith(("fix", "gather")):
            assert roles in {("wsgi", "wsgi"), ("asgi", "asgi")}
            assert (cell.a.label, cell.b.label) == ("before", "after")
        else:
            assert roles == ("wsgi", "asgi")
            assert (cell.a.label, cell.b.label) == ("sync", "async")


def test_both_sides_ask_for_the_same() -> None:
    """Method and form are equal, and so is what the query asks for."""
    for cell in DEFAULT:
        a, b = cell.a.request, cell.b.request
        assert (a.method, a.body, a.status) == (b.method, b.body, b.status)
        assert a.path.partition("?")[2] == b.path.partition("?")[2]
        assert a.path != b.path
        assert a.body == (FORM if a.method == "POST" else "")


def test_candidates_are_tuned_on_a_view_that_computes_and_one_that_waits() -> None:
    """At the middle and at the most clients, sync and async alike."""
    assert [cell.name for cell in tuning_cells((64, 1, 8))] == ["same-get-8", "fan-1-64"]
    assert [cell.name for cell in tuning_cells((1,))] == ["same-get-1", "fan-1-1"]
    for cell in tuning_cells((1, 8, 64)):
        assert {cell.a.role, cell.b.role} == {"wsgi", "asgi"}


def test_every_request_finds_a_view_of_its_kind(site: Callable[[str], Any]) -> None:
    """The paths are the project's, and async sides are async views."""
    resolve = site("django.urls").resolve
    is_async = site("asgiref.sync").iscoroutinefunction
    for side in {side for cell in DEFAULT for side in (cell.a, cell.b)}:
        view = resolve(side.request.path.partition("?")[0]).func
        kind = getattr(view, "view_class", None)
        answers_async = kind.view_is_async if kind else is_async(view)
        assert answers_async == (side.role == "asgi"), side.request.path
