"""What is said of a project that loads, from inventories made by hand."""

from __future__ import annotations

import shutil
import sys
import venv
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from whereasync import serial
from whereasync.databases import binaries
from whereasync.errors import BadInputError
from whereasync.model import (
    CacheSetting,
    Config,
    DatabaseSetting,
    Handler,
    Health,
    Inventory,
    NamedArm,
    Recipe,
    Route,
    Symptom,
    ViewKind,
)
from whereasync.project import examining
from whereasync.project.examining import judge_inventory
from whereasync.project.interpreter import Interpreter
from whereasync.stacks import overlay

VIEW = Handler(name="shop.views.index", kind=ViewKind.FUNCTION, is_async=True, is_called_async=True)
PLAIN = Route(path="/", handlers=(VIEW,))
DETAIL = Route(path="/item/<int:pk>/", parameters={"pk": "int"})
ODD = Route(path="^odd/([0-9]+)$", parameters={"0": "regex"})


def take(**said: Any) -> Inventory:
    """Return an inventory."""
    usual: dict[str, Any] = {
        "settings": "shop.settings",
        "versions": {},
        "routes": (PLAIN,),
        "middleware": (),
        "databases": (),
        "caches": (),
        "sessions": "",
        "email": "",
        "installed_apps": (),
    }
    return Inventory(**{**usual, **said})


def judge(subject: str, config: Config | None = None, **said: Any) -> list[Symptom]:
    """Return what is said of a subject."""
    found = judge_inventory(take(**said), config or Config())
    return [each for each in found if each.subject == subject]


def database(
    vendor: str, name: str = "shop", alias: str = "default", **more: str
) -> dict[str, Any]:
    """Return an inventory's databases, one of them."""
    setting = DatabaseSetting(
        alias=alias, engine=f"their.{vendor}", vendor=vendor, name=name, **more
    )
    return {"databases": (setting,)}


def only(symptoms: list[Symptom]) -> tuple[Health, str]:
    """Return what the only symptom says."""
    [symptom] = symptoms
    return symptom.health, symptom.detail


def test_views_are_counted() -> None:
    """Each once, whatever number of routes leads to it; with how many are async."""
    expected = (Health.GOOD, "loads: 3 routes to 1 views, 1 of them async")
    assert only(judge("project", routes=(PLAIN, PLAIN, DETAIL))) == expected


def test_sqlite_is_measured_on_a_copy(tmp_path: Path) -> None:
    """Of a file that is there, or a new one."""
    file = tmp_path / "db.sqlite3"
    health, detail = only(judge("database", **database("sqlite", str(file))))
    assert health is Health.NOTE
    assert detail == "default: sqlite: db.sqlite3 isn't there; migrate makes one"
    file.touch()
    expected = (Health.GOOD, "default: sqlite: measured on a copy")
    assert only(judge("database", **database("sqlite", str(file)))) == expected
    expected = (Health.GOOD, "default: sqlite")
    assert only(judge("database", **database("sqlite", ":memory:"))) == expected


@pytest.mark.parametrize(
    ("address", "health", "detail"),
    [
        ("postgres://u:p@h/d", Health.GOOD, "default: postgresql: a new one on the configured"),
        ("sqlite:", Health.NOTE, "default: postgresql, and measured on SQLite, as configured"),
        ("", Health.GOOD, "default: postgresql: a new one on a PostgreSQL of our own"),
    ],
)
def test_postgres_says_where_the_throwaway_one_comes_from(
    address: str, health: Health, detail: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The configured server, or one of our own."""
    monkeypatch.setattr(binaries, "find_binaries", lambda *, system: tmp_path)
    found = only(judge("database", Config(database=address), **database("postgresql")))
    assert found[0] is health
    assert found[1].startswith(detail)


def test_a_postgres_that_is_nowhere_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine may have one, so its absence is played."""

    def find(*, system: bool) -> Path:
        raise BadInputError(f"there is no PostgreSQL ({system=})", "install it")

    monkeypatch.setattr(binaries, "find_binaries", find)
    [symptom] = judge("database", Config(database="embedded:system"), **database("postgresql"))
    assert symptom.health is Health.MISSING
    assert (symptom.detail, symptom.hint) == ("there is no PostgreSQL (system=True)", "install it")


def test_what_is_not_supported_is_missing_where_it_is_the_default() -> None:
    """Elsewhere it is a note: most views never ask for it."""
    [symptom] = judge("database", **database("mysql"))
    assert symptom.health is Health.MISSING
    assert symptom.detail == "default: mysql is not supported yet"
    assert "PostgreSQL or SQLite" in symptom.hint
    [symptom] = judge("database", **database("unknown", alias="other"))
    assert (symptom.health, symptom.detail) == (
        Health.NOTE,
        "their.unknown is not supported yet",
    )


def test_no_database_and_a_replica() -> None:
    """Neither keeps anybody from measuring."""
    assert only(judge("database")) == (Health.NOTE, "the project has none")
    expected = (Health.GOOD, "read: a replica of default, taken for it")
    assert only(judge("database", **database("mysql", alias="read", mirror="default"))) == expected


def test_what_is_replaced_is_named() -> None:
    """Caches, e-mail, tasks as configured; DEBUG is the reader's to turn off."""
    said: dict[str, Any] = {
        "caches": (CacheSetting(alias="default", backend="django.core.cache.RedisCache"),),
        "email": "django.core.mail.backends.smtp.EmailBackend",
        "versions": {"celery": "5.4"},
        "is_debug": True,
    }
    expected = (Health.GOOD, "default (RedisCache): replaced by private ones")
    assert only(judge("caches", **said)) == expected
    assert only(judge("e-mail", **said)) == (Health.GOOD, "EmailBackend: goes nowhere")
    assert only(judge("tasks", Config(tasks="drop"), **said)) == (
        Health.GOOD,
        "Celery's are dropped",
    )
    assert only(judge("DEBUG", **said))[0] is Health.NOTE
    for subject in ("caches", "e-mail", "tasks", "DEBUG"):
        assert judge(subject) == []


def test_requests_that_are_asked_and_those_that_are_not() -> None:
    """A recipe counts for the route whose path it has, however its parameter is called."""
    recipe = Recipe(name="x", path="/item/{item}/?full=1", fill={"item": "1"})
    routes = (PLAIN, DETAIL, ODD)
    first, second = judge("requests", Config(file="f", requests=(recipe,)), routes=routes)
    assert first.detail == "1 without parameters, 1 configured"
    assert (second.health, second.detail) == (
        Health.NOTE,
        "1 routes with parameters are not asked for",
    )
    assert second.hint == "fill them in [[requests]]"
    nothing, left = judge("requests", routes=(DETAIL,))
    assert (nothing.health, nothing.detail) == (Health.NOTE, "there is nothing to ask for")
    assert left.hint == "whereasync init"


def test_what_the_guest_could_not_look_at_is_passed_on() -> None:
    """Ten of them, and how many more."""
    told = judge("not looked at", warnings=tuple(f"thing {n}" for n in range(12)))
    assert [each.detail for each in told] == [f"thing {n}" for n in range(10)] + ["2 more things"]


# ---------------------------------------------------------------- before the project is entered


def test_other_systems_are_told_what_they_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said aloud, and no hindrance."""
    assert examining._look_at_platform().health is Health.GOOD
    monkeypatch.setattr(sys, "platform", "darwin")
    assert examining._look_at_platform().health is Health.NOTE


def lay(python: Path, *wanted: str) -> Path:
    """Make an overlay of nothing, as if these distributions were in it; return it."""
    path = overlay._path(python, wanted)
    path.mkdir(parents=True)
    serial.write(path / "overlay.json", overlay.Made(wanted=wanted))
    return path


def test_servers_are_there_or_beside_or_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that arms name; without arms the usual ones."""
    venv.create(tmp_path / "env", symlinks=True)
    bare = tmp_path / "env" / "bin" / "python"
    config = Config(arms={"a": NamedArm(name="a", server="uvicorn", path="/")})

    def look(python: Path, config: Config) -> list[tuple[Health, str]]:
        interpreter = Interpreter(path=python, source="venv", version="3.11.1", django="5.2")
        return [
            (each.health, each.detail) for each in examining._look_at_servers(config, interpreter)
        ]

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lacking = "uvicorn: not in the project; whereasync fetches it on first use, beside it"
    assert look(bare, config) == [(Health.NOTE, lacking)]
    laid = lay(bare, "httptools", "uvicorn", "uvloop")
    beside = "uvicorn: not in the project; whereasync has it beside it"
    assert look(bare, config) == [(Health.GOOD, beside)]
    assert [health for health, _ in look(bare, Config())] == [Health.NOTE, Health.GOOD]
    shutil.rmtree(laid)
    lay(bare, "gunicorn", "httptools", "uvicorn", "uvloop")  # a race of both fetched them at once
    assert [health for health, _ in look(bare, Config())] == [Health.GOOD, Health.GOOD]
    version = metadata.version("uvicorn")
    assert look(Path(sys.executable), config) == [(Health.GOOD, f"uvicorn {version}")]
    both = look(Path(sys.executable), Config())
    assert [detail.partition(" ")[0] for _, detail in both] == ["gunicorn", "uvicorn"]
