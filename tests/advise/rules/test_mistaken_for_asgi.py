"""WA005: runserver and the test clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.inventories import ROOT, evidence, inventory, view

from whereasync.advise.rules.mistaken_for_asgi import check
from whereasync.model import Level

if TYPE_CHECKING:
    from whereasync.model import Finding

ASGI_RUNSERVER = ("daphne", "shop")


def look(files: dict[str, str], *, is_async: bool = True, **fields: Any) -> list[Finding]:
    """Check a project with a view."""
    made = inventory(view("shop.views.feed", is_async=is_async), **fields)
    return list(check(evidence(made, files)))


def test_runserver_is_noted_where_it_is_started() -> None:
    """In the Makefile, say."""
    [found] = look({"Makefile": "run:\n\tpython manage.py runserver\n"})
    assert (found.file, found.line, found.level) == (f"{ROOT}/Makefile", 2, Level.NOTE)
    assert found.message.startswith("runserver is WSGI here: 1 async view in a new event loop")
    assert found.evidence == ("async: shop.views.feed",)


def test_runserver_is_noted_where_its_replacement_would_be_installed() -> None:
    """Everybody has it."""
    [found] = look({"shop/settings.py": "\nINSTALLED_APPS = []"})
    assert (found.file, found.line) == (f"{ROOT}/shop/settings.py", 2)


@pytest.mark.parametrize(
    ("files", "fields"),
    [
        ({}, {"is_async": False}),
        ({}, {"installed_apps": ASGI_RUNSERVER}),
        ({"Makefile": "uvicorn shop.asgi:a --reload"}, {}),
        (
            {"tests/test_a.py": "def test_a(client):\n    client.get('/x/'); time()"},
            {"is_async": False},
        ),
    ],
)
def test_what_mistakes_nothing_is_left_alone(files: dict[str, str], fields: dict[str, Any]) -> None:
    """No async view, an ASGI runserver, an ASGI server for developers."""
    assert look(files, **fields) == []


@pytest.mark.parametrize(
    ("test", "level", "said"),
    [
        (
            "def test_a(client):\n    client.get('/x/')\n    time.time()",
            Level.WARNING,
            "test_a reads a clock beside the test client: Client calls async views as WSGI does",
        ),
        (
            "async def test_a(async_client):\n    await async_client.get('/x/')\n    time.time()",
            Level.WARNING,
            "test_a reads a clock beside the test client: AsyncClient has one thread",
        ),
        (
            "async def test_a(async_client):\n    await gather(async_client.get('/x/'))",
            Level.WARNING,
            "test_a sends requests at once through AsyncClient, which has one thread for all",
        ),
        (
            "def test_a(client):\n    client.get('/shop.views.feed/')",
            Level.NOTE,
            "1 request to async views through Client, which calls them as WSGI does",
        ),
    ],
)
def test_a_test_client_is_told(test: str, level: Level, said: str) -> None:
    """At the line of the request."""
    [found] = look({"tests/test_a.py": test}, installed_apps=ASGI_RUNSERVER)
    assert (found.file, found.line, found.level) == (f"{ROOT}/tests/test_a.py", 2, level)
    assert found.message.startswith(said)


def test_requests_of_one_file_are_one_note() -> None:
    """It works; nobody wants fifty notes."""
    test = "def test_a(client):\n    client.get('/shop.views.feed/')\n"
    test += "def test_b(client):\n    client.get(reverse('shop.views.feed'))\n"
    [found] = look({"tests/test_a.py": test}, installed_apps=ASGI_RUNSERVER)
    assert found.message.startswith("2 requests to async views")
    assert found.evidence == ("line 2: /shop.views.feed/", "line 4: shop.views.feed")
