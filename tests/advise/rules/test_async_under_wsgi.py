"""WA004: async views that a WSGI server calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.inventories import ROOT, evidence, inventory, view

from whereasync.advise.rules.async_under_wsgi import check
from whereasync.model import Level

if TYPE_CHECKING:
    from whereasync.model import Finding


def look(files: dict[str, str], *, number: int = 1, **fields: Any) -> list[Finding]:
    """Check a project with so many async views, and a sync one."""
    views = [view(f"shop.views.v{place}") for place in range(number)]
    made = inventory(*views, view("shop.views.home", is_async=False), **fields)
    return list(check(evidence(made, files)))


def test_the_server_is_named_where_it_is_started() -> None:
    """With the views that it calls."""
    [found] = look({"Procfile": "release: x\nweb: gunicorn shop.wsgi"}, number=2)
    assert (found.file, found.line, found.level) == (f"{ROOT}/Procfile", 2, Level.WARNING)
    assert found.message.startswith("gunicorn calls 2 async views by WSGI: a new event loop")
    assert found.evidence == ("gunicorn shop.wsgi", "async: shop.views.v0 and shop.views.v1")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "shop.views.v0"),
        (4, "shop.views.v0, shop.views.v1, shop.views.v2 and shop.views.v3"),
        (9, "shop.views.v0, shop.views.v1, shop.views.v2 and 6 more"),
    ],
)
def test_many_views_are_counted(number: int, said: str) -> None:
    """Nobody reads fifty names."""
    [found] = look({"Procfile": "gunicorn shop.wsgi"}, number=number)
    assert found.evidence[1] == f"async: {said}"


def test_a_project_without_an_asgi_entry_point_is_served_by_wsgi() -> None:
    """Whoever serves it."""
    [found] = look({"shop/settings.py": "WSGI_APPLICATION = 'shop.wsgi.application'"}, asgi="")
    assert found.message.startswith("1 async view, and no ASGI entry point")
    assert (found.file, found.line) == (f"{ROOT}/shop/settings.py", 1)
    assert found.evidence[0] == "entry point: shop.wsgi:application"


@pytest.mark.parametrize(
    "files",
    [
        {"Procfile": "uvicorn shop.asgi:a"},
        {"Procfile": "gunicorn shop.wsgi", "start.sh": "uvicorn shop.asgi:a"},
        {"Makefile": "python manage.py runserver"},
        {},
    ],
)
def test_what_may_be_asgi_is_left_alone(files: dict[str, str]) -> None:
    """Also where both serve: which views go where isn't told."""
    assert look(files) == []


def test_without_async_views_wsgi_is_right() -> None:
    """Nothing is lost."""
    assert look({"Procfile": "gunicorn shop.wsgi"}, number=0) == []
