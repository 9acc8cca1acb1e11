"""Where manage.py is, and which settings module the files name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from whereasync.errors import BadInputError
from whereasync.model import Config
from whereasync.project.places import find_directory, find_paths, find_settings, read_manage

if TYPE_CHECKING:
    from pathlib import Path

MANAGE = """#!/usr/bin/env python
import os, sys
def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
"""

EITHER = """
if "test" in argv:
    environ.setdefault("DJANGO_SETTINGS_MODULE", "a.test")
else:
    environ.setdefault("DJANGO_SETTINGS_MODULE", "a.dev")
"""
INSTEAD = """
environ.setdefault("DJANGO_SETTINGS_MODULE", "a.dev")
if x:
    environ["DJANGO_SETTINGS_MODULE"] = "a.test"
"""


def write(path: Path, text: str = MANAGE) -> Path:
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# ---------------------------------------------------------------- the directory


@pytest.mark.parametrize("place", [".", "src", "backend", ".."])
def test_manage_is_found_near_where_one_looks(tmp_path: Path, place: str) -> None:
    """Here, in src, one level down, or above."""
    start = tmp_path / "a"
    start.mkdir()
    write(start / place / "manage.py")
    assert find_directory(start, Config(home=str(start))).resolve() == (start / place).resolve()


def test_the_nearest_is_taken(tmp_path: Path) -> None:
    """What is installed or hidden holds nobody's project."""
    write(tmp_path / "manage.py")
    start = tmp_path / "a"
    for name in (".tox", "_build", "node_modules", "env"):
        write(start / name / "manage.py")
    write(start / "env" / "pyvenv.cfg")
    assert find_directory(start, Config()) == tmp_path
    write(start / "shop" / "manage.py")
    assert find_directory(start, Config()) == start / "shop"
    write(start / "src" / "manage.py")
    assert find_directory(start, Config()) == start / "src"


def test_several_equally_near_are_named(tmp_path: Path) -> None:
    """With a command that takes one of them."""
    write(tmp_path / "shop" / "manage.py")
    write(tmp_path / "blog" / "manage.py")
    with pytest.raises(BadInputError) as caught:
        find_directory(tmp_path, Config())
    assert caught.value.what == "there are several projects here: blog, shop"
    assert caught.value.hint == "go into one, or name it: --config blog"


def test_the_configuration_names_one_beside_it(tmp_path: Path) -> None:
    """Relative to its file, wherever one stands."""
    write(tmp_path / "src" / "shop" / "manage.py")
    config = Config(file="whereasync.toml", home=str(tmp_path), directory="src/shop")
    assert find_directory(tmp_path / "elsewhere", config) == tmp_path / "src" / "shop"
    with pytest.raises(BadInputError, match=r"whereasync\.toml: the directory “none” isn't there"):
        find_directory(
            tmp_path, Config(file="whereasync.toml", home=str(tmp_path), directory="none")
        )


def test_without_a_manage_it_is_where_the_configuration_is(tmp_path: Path) -> None:
    """As for a project that is an installed package."""
    config = Config(file="x", home=str(tmp_path), settings="bugs.settings")
    assert find_directory(tmp_path / "a", config) == tmp_path


# ---------------------------------------------------------------- the settings


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        (MANAGE, ("shop.settings",)),
        ('import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "a.b"', ("a.b",)),
        ('environ.setdefault("DJANGO_SETTINGS_MODULE", "a.b")', ("a.b",)),
        (EITHER, ("a.dev", "a.test")),
        (INSTEAD, ("a.dev", "a.test")),
        ('e.setdefault("DJANGO_SETTINGS_MODULE", name)', ()),
        ('e.setdefault("OTHER", "a.b")', ()),
        ("print 'Python 2'", ()),
        ("\0", ()),
    ],
)
def test_manage_is_read_and_not_run(tmp_path: Path, text: str, modules: tuple[str, ...]) -> None:
    """Whatever it sets, the usual first; one that can't be read names none."""
    assert read_manage(write(tmp_path / "manage.py", text)) == modules


def test_who_names_the_settings_comes_in_order(tmp_path: Path) -> None:
    """Each gives way to the one before."""
    write(tmp_path / "pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = of.pytest\n")
    nothing = Config()

    def find(given: str = "", config: Config = nothing, **environment: str) -> tuple[str, str]:
        named = find_settings(given, config, tmp_path, environment)
        return named.module, named.source

    assert find() == ("of.pytest", "pytest.ini")
    write(tmp_path / "manage.py")
    assert find() == ("shop.settings", "manage.py")
    variable = {"DJANGO_SETTINGS_MODULE": "of.variable"}
    assert find(**variable) == ("of.variable", "DJANGO_SETTINGS_MODULE")
    config = Config(file="f", environment={"DJANGO_SETTINGS_MODULE": "of.environment"})
    assert find("", config, **variable) == ("of.environment", "f")
    config = Config(file="f", settings="of.config", environment=config.environment)
    assert find("", config, **variable) == ("of.config", "f")
    assert find("given", config, **variable) == ("given", "--settings")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.django-stubs]\ndjango_settings_module = "a.b"'),
        ("pyproject.toml", '[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = "a.b"'),
        ("pytest.ini", "[pytest]\naddopts = %\nDJANGO_SETTINGS_MODULE = a.b"),
        ("tox.ini", "[pytest]\nDJANGO_SETTINGS_MODULE=a.b"),
        ("setup.cfg", "[tool:pytest]\nDJANGO_SETTINGS_MODULE = a.b"),
    ],
)
def test_tools_of_others_know_it_too(tmp_path: Path, name: str, text: str) -> None:
    """Beside manage.py that says nothing, or in the directory above it."""
    write(tmp_path / name, text)
    write(tmp_path / "src" / "manage.py", "pass")
    assert find_settings("", Config(), tmp_path, {}).module == "a.b"
    assert find_settings("", Config(), tmp_path / "src", {}).source == name


def test_broken_files_of_others_are_theirs(tmp_path: Path) -> None:
    """Nobody names one; what to do depends on whether a manage.py is there."""
    write(tmp_path / "pyproject.toml", "tool = 1")
    write(tmp_path / "src" / "pyproject.toml", "=")
    write(tmp_path / "setup.cfg", "no section")
    with pytest.raises(BadInputError, match="there is no Django project here"):
        find_settings("", Config(), tmp_path / "src", {})
    write(tmp_path / "src" / "manage.py", "pass")
    with pytest.raises(BadInputError, match=r"manage\.py doesn't say which settings module"):
        find_settings("", Config(), tmp_path / "src", {})


# ---------------------------------------------------------------- paths


def test_code_in_src_beside_manage_is_found(tmp_path: Path) -> None:
    """After what is configured, which is relative to the file."""
    config = Config(home=str(tmp_path), paths=("apps",))
    assert find_paths(tmp_path, config, "shop.settings") == (str(tmp_path / "apps"),)
    write(tmp_path / "src" / "shop" / "settings.py")
    expected = (str(tmp_path / "apps"), str(tmp_path / "src"))
    assert find_paths(tmp_path, config, "shop.settings") == expected
