"""Whatever a project raises while it is entered is a line, a place, and a next step."""

from __future__ import annotations

import runpy
import sys
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import pytest

from whereasync_guest.answer import GuestError, describe
from whereasync_guest.fence import NotReachableError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Asking

# What the packages that read the environment raise, in the places where they raise it.
PACKAGES = {
    "decouple": (
        "class UndefinedValueError(Exception): pass\n"
        "def config(name):\n"
        "    raise UndefinedValueError(f'{name} not found. Declare it as envvar or define a"
        " default value.')\n"
    ),
    "environ": (
        "from django.core.exceptions import ImproperlyConfigured\n"
        "def env(name):\n"
        "    try:\n"
        "        return {}[name]\n"
        "    except KeyError as exc:\n"
        "        raise ImproperlyConfigured(f'Set the {name} environment variable') from exc\n"
    ),
    "environs": (
        "class EnvError(ValueError): pass\n"
        "def env(name):\n"
        "    raise EnvError(f'Environment variable \"{name}\" not set')\n"
    ),
    "configurations": (
        "def value(name):\n"
        "    raise ValueError(f'Value {name!r} is required to be set as the environment variable"
        " {name!r}')\n"
    ),
    "pydantic_settings": (
        "class ValidationError(ValueError):\n"
        "    def errors(self):\n"
        "        return [{'type': 'missing', 'loc': ('shop_key',)}]\n"
        "def load():\n"
        "    raise ValidationError('1 validation error for Settings')\n"
    ),
}


@pytest.fixture
def fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a way to run settings that raise, and to describe what they raised."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.settings")
    monkeypatch.chdir(tmp_path)
    installed = tmp_path / "site-packages"
    installed.mkdir()
    for name, code in PACKAGES.items():
        (installed / f"our_{name}.py").write_text(code)
    monkeypatch.syspath_prepend(str(installed))

    def fail(code: str) -> dict[str, Any]:
        path = tmp_path / "settings.py"
        path.write_text(f"import os, sys\n{code}\n")
        with pytest.raises(BaseException) as raised:  # noqa: PT011 # SystemExit too
            runpy.run_path(str(path))
        return describe(raised.value)

    yield fail
    for name in PACKAGES:
        sys.modules.pop(f"our_{name}", None)


@pytest.mark.parametrize(
    "code",
    [
        "os.environ['SHOP_KEY']",
        "from our_decouple import config; config('SHOP_KEY')",
        "from our_environ import env; env('SHOP_KEY')",
        "from our_environs import env; env('SHOP_KEY')",
        "from our_configurations import value; value('SHOP_KEY')",
        "from our_pydantic_settings import load; load()",
        "raise RuntimeError('You must set SHOP_KEY in your environment.')",
        "raise ValueError('missing environment variable: SHOP_KEY')",
    ],
)
def test_a_missing_variable_is_named_where_the_user_reads_it(fail: Any, code: str) -> None:
    """However it is read."""
    fault = fail(code)
    assert fault["what"] == "the environment variable SHOP_KEY is missing"
    assert 'environment = { SHOP_KEY = "…" }' in fault["hint"]
    assert fault["where"] == "settings.py, line 2"


def test_one_that_is_behind_another_exception_is_found(fail: Any) -> None:
    """The user's own words hide which it was."""
    fault = fail(
        "try:\n    os.environ['SHOP_KEY']\nexcept KeyError:\n    raise RuntimeError('no shop')"
    )
    assert fault["what"] == "the environment variable SHOP_KEY is missing"


@pytest.mark.parametrize(
    ("code", "what", "hint"),
    [
        ("{}['SHOP_KEY']", "KeyError: 'SHOP_KEY'", "-m django check --settings shop.settings"),
        ("int(os.getenv('SHOP_PORT'))", "TypeError: ", 'environment = { SHOP_PORT = "…" }'),
        ("os.environ.get('SHOP_URL').split()", "AttributeError: ", "SHOP_URL"),
        ("int(os.getenv('PATH'))", "ValueError: ", "can't take what the environment says of PATH"),
        ("sys.exit()", "the project ends its own process as it is imported: sys.exit()", "line"),
        ("sys.exit('no key\\nat all')", "sys.exit(no key)", "environment = { … }"),
        ("import no_such_app", "the module no_such_app isn't installed in", "-m pip install"),
        ("import json.no_such", "there is no module json.no_such", "version control"),
        ("from json import no_such", "ImportError: cannot import name", "another version"),
        ("import shop", "the settings module shop.settings can't be found", "paths = ["),
        ("this is no Python", "can't read it: ", "mend that line; if"),
        ("open('/no/such/file')", "reads a file that isn't there: /no/such/file", "put it there"),
        (
            "raise RuntimeError('settings are not configured')",
            "RuntimeError: settings are not configured",
            'settings = "…"',
        ),
        ("raise RuntimeError('Error loading psycopg2 module')", "psycopg2", "-m pip install"),
        (
            "raise RuntimeError('The SECRET_KEY setting must not be empty.')",
            "SECRET_KEY",
            'environment = { SECRET_KEY = "…" }',
        ),
        ("raise ValueError", "ValueError", "-m django check"),
        (
            "class Odd(Exception):\n    errors = 7\nraise Odd('odd')",
            "Odd: odd",
            "-m django check",
        ),
    ],
)
def test_an_exception_is_a_line_and_a_next_step(fail: Any, code: str, what: str, hint: str) -> None:
    """The line says what, the hint what to do."""
    fault = fail(code)
    assert what in fault["what"]
    assert hint in fault["hint"]
    assert "\n" not in fault["what"] + fault["hint"]
    assert fault["where"].startswith("settings.py, line ")


def test_a_fault_of_ours_keeps_its_words_and_has_its_causes_place(fail: Any) -> None:
    """The kind too is the cause's."""
    cause = ValueError("x")
    error = GuestError("the URLs are gone", "look for them")
    error.__cause__ = cause
    fault = describe(error)
    assert (fault["what"], fault["hint"]) == ("the URLs are gone", "look for them")
    assert (fault["kind"], fault["where"]) == ("ValueError", "")


def test_a_call_that_the_fence_refused_is_named_whatever_it_became() -> None:
    """A library wraps it, and so do we; what led to it says what to do."""
    refused = NotReachableError(111, "whereasync: …")
    refused.what, refused.hint = "rates.example.com:80 is called", "declare a stand-in"
    try:
        try:
            raise refused
        except OSError as error:
            raise URLError(error)  # noqa: B904 # as urllib does
    except URLError as error:
        wrapped = GuestError("the URLs can't be loaded", "look there")
        wrapped.__cause__ = error
    told = describe(wrapped)
    assert (told["what"], told["hint"]) == (refused.what, refused.hint)
    assert describe(GuestError("one", "two"))["what"] == "one"


def test_a_project_that_is_itself_installed_has_a_place(
    fail: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The innermost frame in the package of its settings."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "our_shop.settings")
    home = tmp_path / "site-packages" / "our_shop"
    home.mkdir()
    (home / "settings.py").write_text("\n\nraise ValueError('x')\n")
    with pytest.raises(ValueError, match="x") as raised:
        runpy.run_path(str(home / "settings.py"))
    monkeypatch.setattr("whereasync_guest.faults.is_theirs", lambda _: False)
    assert describe(raised.value)["where"] == "site-packages/our_shop/settings.py, line 3"


@pytest.mark.parametrize(
    ("settings", "what", "hint"),
    [
        (
            "INSTALLED_APPS = ['django.contrib.auth', 'no_such_app.apps.Config']",
            "the app no_such_app.apps.Config isn't installed in",
            "-m pip install",
        ),
        ("import sys\nsys.exit(3)", "the project ends its own process", "environment"),
    ],
)
def test_what_stops_the_guest_is_a_fault(
    ask: Asking, tmp_path: Path, settings: str, what: str, hint: str
) -> None:
    """In a process of its own, as it happens."""
    (tmp_path / "settings.py").write_text(f"SECRET_KEY = 'x'\n{settings}\n")
    fault = ask(tmp_path, "settings")["fault"]
    assert fault["what"].startswith(what)
    assert hint in fault["hint"]


def test_settings_that_arent_there_are_a_fault(ask: Asking, tmp_path: Path) -> None:
    """With where to name them."""
    fault = ask(tmp_path, "shop.settings")["fault"]
    assert fault["what"] == "the settings module shop.settings can't be found"
    assert 'settings = "…"' in fault["hint"]


def test_a_variable_that_cant_be_read_is_named_and_not_shown(
    fail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a secret."""
    monkeypatch.setenv("SHOP_PORT", "hunter2")
    hint = fail("int(os.environ.get('SHOP_PORT'))")["hint"]
    assert hint == "that line can't take what the environment says of SHOP_PORT"
    assert "SHOP_SIZE" in fail("int(os.environ.get('SHOP_SIZE', 'x'))")["hint"]


def test_a_project_in_a_directory_of_its_packages_name_is_no_installed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment below it holds other people's code, of which no place is the user's."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.settings")
    module = tmp_path / "shop" / "venv" / "site-packages" / "django" / "query.py"
    module.parent.mkdir(parents=True)
    module.write_text("raise LookupError('no user')\n")
    with pytest.raises(LookupError) as raised:
        runpy.run_path(str(module))
    monkeypatch.setattr("whereasync_guest.faults.is_theirs", lambda _: False)  # nor this test
    assert not describe(raised.value)["where"]
