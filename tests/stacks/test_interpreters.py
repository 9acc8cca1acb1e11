"""Interpreters are found by what they say; these are shell scripts that say it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from whereasync.errors import BadInputError
from whereasync.stacks.interpreters import find_interpreter

if TYPE_CHECKING:
    from pathlib import Path

SAYS_NOTHING = "exit 127  # as pyenv's does for a version that isn't enabled"


def make_python(path: Path, says: str) -> Path:
    """Make a program that answers whatever it is asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def version(number: str, implementation: str = "cpython") -> str:
    """Return what a Python does when it is asked for its version."""
    return f"echo {number} {implementation}"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine without any Python: two directories on the PATH, pyenv's and uv's empty."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_one_that_is_missing_is_named_with_what_to_do() -> None:
    """Whichever tool somebody has."""
    with pytest.raises(BadInputError) as refused:
        find_interpreter("3.9")
    assert refused.value.what == "there is no Python 3.9 on this machine"
    assert "uv python install 3.9, or pyenv install 3.9" in refused.value.hint


@pytest.mark.parametrize(
    ("place", "asked"),
    [
        ("second/python3.9", "3.9"),
        ("second/python3", "3.9"),
        ("second/python3.9", "3.9.18"),
        (".pyenv/versions/3.9.18/bin/python3", "3.9"),
        (".local/share/uv/python/cpython-3.9.18-linux-x86_64-gnu/bin/python3", "3.9"),
    ],
)
def test_it_is_found_wherever_it_was_installed(home: Path, place: str, asked: str) -> None:
    """On the PATH, by pyenv or by uv."""
    python = make_python(home / place, version("3.9.18"))
    assert find_interpreter(asked) == python


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("PYENV_ROOT", "moved/versions/3.9.18/bin/python3"),
        ("UV_PYTHON_INSTALL_DIR", "moved/cpython-3.9.18-x/bin/python3"),
        ("XDG_DATA_HOME", "moved/uv/python/cpython-3.9.18-x/bin/python3"),
    ],
)
def test_it_is_found_where_the_environment_says(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, place: str
) -> None:
    """Both tools may keep theirs elsewhere."""
    monkeypatch.setenv(variable, str(home / "moved"))
    python = make_python(home / place, version("3.9.18"))
    assert find_interpreter("3.9") == python


@pytest.mark.parametrize(
    "says",
    [
        SAYS_NOTHING,
        version("3.10.1"),
        version("3.90.0"),
        version("3.9.18", "pypy"),
        "echo",
        "echo a b c",
    ],
)
def test_a_name_proves_nothing(home: Path, says: str) -> None:
    """The next one is asked."""
    make_python(home / "first" / "python3.9", says)
    right = make_python(home / "second" / "python3.9", version("3.9.18"))
    assert find_interpreter("3.9") == right


def test_what_can_not_be_run_is_passed_over(home: Path) -> None:
    """A file for another machine, and one that nobody may execute."""
    foreign = home / "first" / "python3.9"
    make_python(foreign, "").write_bytes(b"\x7fELF but not really")
    make_python(home / "first" / "python3", "").chmod(0o644)
    right = make_python(home / "second" / "python3.9", version("3.9.18"))
    assert find_interpreter("3.9") == right


def test_the_whole_version_must_be_right(home: Path) -> None:
    """3.9.1 is not 3.9.18."""
    make_python(home / "first" / "python3.9", version("3.9.18"))
    with pytest.raises(BadInputError):
        find_interpreter("3.9.1")


def test_a_real_one_is_asked_in_its_own_words(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """The question is Python, so a real one answers it."""
    (home / "first").mkdir()
    (home / "first" / "python3").symlink_to(sys.executable)
    found = find_interpreter(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert found == home / "first" / "python3"
