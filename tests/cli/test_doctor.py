"""``init`` and ``doctor`` through the door, on a small project that is really entered."""

from __future__ import annotations

import json
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from whereasync import cli
from whereasync.cli.doctor import choose_arm
from whereasync.config import read_config
from whereasync.model import Handler, Inventory, Route, ViewKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]
    Diagnose = Callable[..., tuple[int, dict[str, dict[str, Any]]]]

MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'
SETTINGS = """
import os
from pathlib import Path
SECRET_KEY = "x"
INSTALLED_APPS = ["shop"]
ROOT_URLCONF = "shop.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
HERE = Path(__file__).parent.parent
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "db.sqlite3"}}
if "SHOP_KEY" not in os.environ:
    raise RuntimeError("SHOP_KEY is not set")
"""
MODELS = """
from django.db import models
class Item(models.Model):
    slug = models.SlugField()
"""
URLS = """
from django.http import HttpResponse
from django.urls import path
def index(request):
    return HttpResponse("index")
async def detail(request, pk):
    return HttpResponse(str(pk))
urlpatterns = [path("", index), path("item/<int:pk>/", detail, name="detail")]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a project, and stand in it, without an environment of anybody's."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "manage.py").write_text(MANAGE)
    for name, text in (
        ("settings", SETTINGS),
        ("models", MODELS),
        ("urls", URLS),
        ("__init__", ""),
    ):
        (tmp_path / "shop" / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for name in ("VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE", "SHOP_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put the signal handlers back, which the door sets for its process."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Give what goes through the door, and returns the exit code, stdout and stderr.

    Unguarded: this process must stay where it is.
    """

    def enter(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([*arguments, "--unguarded"])
        assert isinstance(left.value.code, int)
        return (left.value.code, *capfd.readouterr())

    return enter


@pytest.fixture
def diagnose(run: Run) -> Diagnose:
    """Give the doctor's exit code, and what it says of each subject."""

    def ask(*arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
        code, out, _ = run("doctor", "--json", *arguments)
        return code, {each["subject"]: each for each in json.loads(out)["symptoms"]}

    return ask


@pytest.mark.parametrize(("is_async", "server"), [(False, "gunicorn"), (True, "uvicorn")])
def test_async_views_are_asked_under_asgi(*, is_async: bool, server: str) -> None:
    """Whatever else there is."""
    views = [
        Handler(name="shop.views.x", kind=ViewKind.FUNCTION, is_async=each, is_called_async=each)
        for each in (False, is_async)
    ]
    inventory = Inventory(
        settings="shop.settings",
        versions={},
        routes=tuple(Route(path="/", handlers=(view,)) for view in views),
        middleware=(),
        databases=(),
        caches=(),
        sessions="",
        email="",
        installed_apps=(),
    )
    assert choose_arm(inventory).server == server


def test_who_asks_is_only_said_where_something_is_asked(run: Run) -> None:
    """Else the doctor would be as content as if that user had been looked at."""
    code, out, said = run("doctor", "--as", "ann")
    assert (code, out) == (2, "")
    assert "add --requests" in said


def test_a_project_is_found_written_down_and_found_well(
    project: Path, run: Run, diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From what lacks a variable to what needs nothing, with the commands that the tool names."""
    code, found = diagnose()
    assert code == 1
    assert found["project"]["health"] == "missing"
    assert "SHOP_KEY is not set" in found["project"]["detail"]
    assert found["settings"]["detail"] == "shop.settings, named by manage.py"
    code, out, err = run("init")
    assert (code, out) == (2, "")
    assert "SHOP_KEY is not set" in err
    assert sorted(path.name for path in project.iterdir()) == ["manage.py", "shop"]

    monkeypatch.setenv("SHOP_KEY", "1")
    code, out, err = run("init")
    assert (code, err) == (0, "")
    assert out.startswith("Wrote whereasync.toml: ")
    assert read_config(project / "whereasync.toml").settings == "shop.settings"

    code, out, _ = run("doctor")
    assert code == 0
    assert "This project can be measured." in out
    assert re.search("✓ +configuration", out)
    _, found = diagnose(str(project / "shop"), "--settings", "shop.settings")
    assert found["settings"]["detail"] == "shop.settings, named by --settings"
    assert found["project"]["detail"].startswith("loads: ")


def test_a_configuration_that_is_there_is_not_written_over(project: Path, run: Run) -> None:
    """But with --force, which keeps what the project needs to load."""
    text = 'settings = "shop.settings"\nseed = ["x"]\n[environment]\nSHOP_KEY = "1"\n'
    (project / "whereasync.toml").write_text(text)
    code, _, err = run("init")
    assert code == 2
    assert "whereasync.toml is there already" in err
    assert "try: whereasync init --force" in err
    assert (project / "whereasync.toml").read_text() == text
    assert run("init", "--force", "--python", sys.executable)[0] == 0
    config = read_config(project / "whereasync.toml")
    assert (config.environment, config.seed) == ({"SHOP_KEY": "1"}, ())
    assert config.python == sys.executable
    (project / "whereasync.toml").unlink()
    (project / "pyproject.toml").write_text("[tool.whereasync]\nseed = []\n")
    assert "pyproject.toml has [tool.whereasync] already" in run("init", "--force")[2]


def test_it_is_written_where_it_will_be_found(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one stands, or beside a manage.py above; its directory is named where it must be."""
    monkeypatch.setenv("SHOP_KEY", "1")
    monkeypatch.chdir(project / "shop")
    assert run("init")[1].startswith("Wrote ../whereasync.toml")
    (project / "whereasync.toml").unlink()
    outside = project.parent / f"{project.name}-outside"
    outside.mkdir()
    project.rename(outside / "src")
    monkeypatch.chdir(outside)
    assert run("init")[1].startswith("Wrote whereasync.toml")
    assert read_config(outside / "whereasync.toml").directory == "src"


def bare_environment(project: Path) -> None:
    """Put an environment without Django beside manage.py."""
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)


def misspell(project: Path) -> None:
    """Write a configuration with a typing error."""
    (project / "whereasync.toml").write_text('setings = "x"')


@pytest.mark.parametrize(
    ("prepare", "arguments", "what"),
    [
        (misspell, (), "whereasync.toml, line 1: there is no key “setings” here"),
        (bare_environment, ("--python", ".venv"), "the Python that --python names"),
        (bare_environment, (".", "--config", "."), "PATH and --config both name the project"),
        (lambda project: (project / "manage.py").unlink(), (), "there is no Django project here"),
    ],
)
def test_what_is_typed_wrongly_is_bad_input(
    project: Path,
    run: Run,
    prepare: Callable[[Path], object],
    arguments: tuple[str, ...],
    what: str,
) -> None:
    """One line, and a next step."""
    prepare(project)
    code, out, err = run("doctor", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"whereasync: {what}")
    assert len(err.splitlines()) == 2


def test_an_environment_that_nobody_typed_is_a_finding(project: Path, diagnose: Diagnose) -> None:
    """What needs it isn't looked at."""
    bare_environment(project)
    code, found = diagnose()
    assert code == 1
    assert found["interpreter"]["health"] == "missing"
    assert found["interpreter"]["detail"].endswith("has no Django")
    assert "--python" in found["interpreter"]["hint"]
    assert "project" not in found
