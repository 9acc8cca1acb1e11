"""WSGI and ASGI applications, found without importing them."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from whereasync_guest.entry_points import find_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an importable package, entry_shop, and forget it afterwards."""
    home = tmp_path / "entry_shop"
    (home / "settings").mkdir(parents=True)
    for each in (home, home / "settings"):
        (each / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield home
    for name in [name for name in sys.modules if name.partition(".")[0] == "entry_shop"]:
        del sys.modules[name]


def find(kind: str = "wsgi", **settings: Any) -> tuple[str, list[str]]:
    """Find an entry of entry_shop, and what was said."""
    warnings: list[str] = []
    return (
        find_entry(SimpleNamespace(**settings), "entry_shop.settings.live", kind, warnings),
        warnings,
    )


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("application = get()", "entry_shop.wsgi:application"),
        ("application: object = get()", "entry_shop.wsgi:application"),
        ("from elsewhere import made as application", "entry_shop.wsgi:application"),
        ("def app(environ, start): ...", "entry_shop.wsgi:app"),
        ("if True:\n    application = 1", ""),
        ("this is no Python", ""),
    ],
)
def test_a_module_beside_the_settings_is_read_not_imported(
    package: Path, code: str, found: str
) -> None:
    """Whatever it would raise."""
    (package / "wsgi.py").write_text(f"raise_if_imported\n{code}\n")
    assert find() == (found, [])
    assert "entry_shop.wsgi" not in sys.modules


def test_one_beside_the_urls_is_found(package: Path) -> None:
    """As where settings are a package of their own."""
    (package / "asgi.py").write_text("application = 1")
    warnings: list[str] = []
    settings = SimpleNamespace(ROOT_URLCONF="entry_shop.urls")
    assert find_entry(settings, "elsewhere", "asgi", warnings) == "entry_shop.asgi:application"


@pytest.mark.parametrize("named", ["entry_shop.served.handler", "entry_shop.served:handler"])
def test_what_the_settings_name_comes_first(package: Path, named: str) -> None:
    """Written as servers have it."""
    (package / "served.py").write_text("")
    (package / "wsgi.py").write_text("application = 1")
    assert find(WSGI_APPLICATION=named) == ("entry_shop.served:handler", [])


def test_one_that_isnt_there_is_said_and_another_looked_for(package: Path) -> None:
    """Django would fail at it as well."""
    (package / "wsgi.py").write_text("application = 1")
    found, warnings = find(WSGI_APPLICATION="gone.wsgi.application")
    assert found == "entry_shop.wsgi:application"
    assert warnings == ["WSGI_APPLICATION names gone.wsgi.application, which can't be found"]
    assert find("asgi") == ("", [])
