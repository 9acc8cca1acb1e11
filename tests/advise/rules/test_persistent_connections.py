"""WA002: connections that are kept for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.inventories import ROOT, database, evidence, inventory

from whereasync.advise.rules.persistent_connections import check
from whereasync.model import Level

if TYPE_CHECKING:
    from whereasync.model import Finding

ASGI = {"Procfile": "uvicorn shop.asgi:a"}


def look(files: dict[str, str], *, django: str = "5.2.3", **fields: Any) -> list[Finding]:
    """Check a project with a database like that."""
    made = inventory(databases=(database(**fields),), versions={"django": django})
    return list(check(evidence(made, files)))


@pytest.mark.parametrize(("age", "said"), [(60.0, "60"), (0.5, "0.5"), (None, "None")])
def test_an_age_under_asgi_is_found(age: float | None, said: str) -> None:
    """Where it is written, a minute or for ever."""
    settings = "A = 1\nDATABASES = {'default': {'CONN_MAX_AGE': 60}}\n"
    [found] = look({**ASGI, "shop/settings.py": settings}, conn_max_age=age)
    assert found.level is Level.WARNING
    assert found.message.startswith(f"CONN_MAX_AGE = {said} of 'default': under ASGI")
    assert (found.file, found.line) == (f"{ROOT}/shop/settings.py", 2)
    assert found.evidence == ()


def test_an_age_in_a_url_is_found_too() -> None:
    """As dj-database-url takes it."""
    settings = "DATABASES = {\n    'default': config(\n        conn_max_age=600)}\n"
    [found] = look({**ASGI, "shop/settings.py": settings}, conn_max_age=600.0)
    assert found.line == 3


def test_none_is_fine() -> None:
    """Connections are closed with the request."""
    assert look(ASGI, conn_max_age=0.0) == []


def test_wsgi_is_fine() -> None:
    """Its threads live on, and use what they kept."""
    assert look({"Procfile": "gunicorn shop.wsgi"}, conn_max_age=60.0) == []


def test_it_is_a_note_where_nobody_says_how_it_is_served() -> None:
    """Most projects with both entry points are served by WSGI."""
    [found] = look({}, conn_max_age=60.0)
    assert found.level is Level.NOTE
    assert found.evidence == ("nothing says how the project is served",)


@pytest.mark.parametrize(
    ("fields", "cure"),
    [
        ({}, "psycopg's pool: OPTIONS"),
        ({"django": "5.0.9"}, "from Django 5.1 on"),
        ({"django": "x"}, "from Django 5.1 on"),
        ({"vendor": "mysql"}, "asgiref 3.13"),
    ],
)
def test_the_cure_is_one_that_the_project_can_have(fields: dict[str, Any], cure: str) -> None:
    """The pool is psycopg's, and came with Django 5.1."""
    [found] = look(ASGI, conn_max_age=60.0, **fields)
    assert cure in found.next_step
