"""The whole answer: the host reads what the guest writes, and nothing is missing in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from whereasync import serial
from whereasync.errors import BadInputError
from whereasync.model import Answer, Inventory, ViewKind
from whereasync.processes import supervised
from whereasync.project import Home, settle_in

if TYPE_CHECKING:
    from conftest import Asking

PROJECT = Path(__file__).parent / "project"


def test_the_host_reads_what_the_guest_writes() -> None:
    """Through the door that the host uses, with its types."""
    home = Home(python=Path(sys.executable), directory=PROJECT, settings="nasty.settings")
    with supervised() as supervisor:
        answer = settle_in(home, supervisor).ask("inventory")
    found = answer.inventory
    assert found is not None
    kinds = {each.kind for route in found.routes for each in route.handlers}
    assert kinds == set(ViewKind)
    assert found.settings == "nasty.settings"
    assert found.walk_seconds < found.import_seconds


def test_nothing_that_the_host_knows_is_left_out(inventory: dict[str, Any]) -> None:
    """Field by field, of the whole and of its parts."""
    read = serial.decode(serial.encode({"inventory": inventory}), Answer).inventory
    assert isinstance(read, Inventory)
    assert set(inventory) == set(Inventory.__slots__)
    route = next(route for route in read.routes if route.handlers)
    samples = [
        (route, inventory["routes"][0]),
        (route.handlers[0], inventory["routes"][0]["handlers"][0]),
        (read.middleware[0], inventory["middleware"][0]),
        (read.databases[0], inventory["databases"][0]),
        (read.caches[0], inventory["caches"][0]),
    ]
    for noun, plain in samples:
        assert set(type(noun).__slots__) == set(plain), type(noun)


def test_what_the_settings_say_is_told(inventory: dict[str, Any]) -> None:
    """LOGIN_URL as a path, sessions by their application, entries without importing them."""
    told = {
        "wsgi": "nasty.wsgi:application",
        "asgi": "nasty.asgi:application",
        "login_url": "/waiting/",
        "sessions": "django.contrib.sessions.backends.db",
        "email": "django.core.mail.backends.smtp.EmailBackend",
        "hosts": ["nasty.example", "localhost"],
        "session_cookie": "nasty_session",
        "csrf_cookie": "csrftoken",
        "is_debug": True,
    }
    assert {name: inventory[name] for name in told} == told
    assert inventory["databases"][0]["name"] == str(PROJECT / "data" / "nasty.sqlite3")
    assert inventory["databases"][1] == {
        "alias": "archive",
        "engine": "nasty.backends.traced",
        "vendor": "sqlite",
        "name": str(PROJECT / "archive"),
        "host": "db.example",
        "port": "5433",
        "user": "reader",
        "conn_max_age": 60.0,
        "is_atomic": False,
        "has_pool": True,
        "mirror": "default",
    }


def test_a_login_that_isnt_there_is_a_warning(ask: Asking, tmp_path: Path) -> None:
    """And sessions are empty where they aren't installed."""
    (tmp_path / "settings.py").write_text(
        "SECRET_KEY = 'x'\nROOT_URLCONF = 'settings'\nurlpatterns = []\nLOGIN_URL = 'no-such'\n"
    )
    inventory = ask(tmp_path, "settings")["inventory"]
    (warning,) = inventory["warnings"]
    assert warning.startswith("LOGIN_URL names no-such, which is no path: ")
    assert inventory["sessions"] == ""
    assert (inventory["wsgi"], inventory["asgi"], inventory["routes"]) == ("", "", [])


def test_a_fault_is_one_line_with_a_place_and_a_next_step(tmp_path: Path) -> None:
    """As who types a command sees it."""
    (tmp_path / "settings.py").write_text("import os\nSECRET_KEY = os.environ['SHOP_SECRET']\n")
    home = Home(python=Path(sys.executable), directory=tmp_path, settings="settings")
    with supervised() as supervisor, pytest.raises(BadInputError) as refused:
        settle_in(home, supervisor).ask("inventory")
    what = "the environment variable SHOP_SECRET is missing (settings.py, line 2)"
    assert refused.value.what == what
    assert 'environment = { SHOP_SECRET = "…" }' in refused.value.hint
