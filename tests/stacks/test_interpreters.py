from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from whereasync.errors import BadInputError
from whereasync.stacks.interpreters import find_interpreter

if TYPE_CHECKING:
    from pathlib import Path

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that is all of the PATH, with no pyenv and no uv on the machine."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    return path


def put(path: Path, says: str) -> Path:
    """Make a program that says it is that Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def test_the_path_comes_first(machine: Path, tmp_path: Path) -> None:
    """Then pyenv's, then uv's."""
    uv = put(tmp_path / "uv" / "cpython-3.9.25-linux" / "bin" / "python3", "echo 3.9.25 cpython")
    assert find_interpreter("3.9") == uv
    pyenv = put(
        tmp_path / "pyenv" / "versions" / "3.9.18" / "bin" / "python3", "echo 3.9.18 cpython"
    )
    assert find_interpreter("3.9") == pyenv
    own = put(machine / "python3.9", "echo 3.9.2 cpython")
    assert find_interpreter("3.9") == own
    assert find_interpreter("3.9.18") == pyenv


def test_this_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real interpreter is asked, and says what it is."""
    monkeypatch.setenv("PATH", str(sys.prefix) + "/bin")
    assert find_interpreter(HERE).name.startswith("python3")


@pytest.mark.parametrize(
    "says",
    ["exit 127", "echo 3.8.1 cpython", "echo 3.9.1 pypy", "echo 3.90.1 cpython", "echo what"],
)
def test_a_name_alone_is_not_believed(machine: Path, says: str) -> None:
    """A shim that is not enabled, another version, another implementation."""
    put(machine / "python3.9", says)
    with pytest.raises(BadInputError, match=r"no Python 3\.9 on this machine") as caught:
        find_interpreter("3.9")
    assert "uv python install 3.9, or pyenv install 3.9" in caught.value.hint
