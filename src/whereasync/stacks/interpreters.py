"""Which Pythons this machine has, wherever they were installed. Effect.

A newcomer would trust a name: pyenv puts a ``python3.9`` on the PATH that only says that it is not
enabled here. So each candidate is asked which version it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASK = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.implementation.name)"
_DEADLINE = 20.0  # s for an interpreter to say its version


def find_interpreter(version: str) -> Path:
    """Return a CPython of that version ("3.9" or "3.9.18"); BadInputError where there is none."""
    seen: set[Path] = set()
    for candidate in _candidates(version):
        if candidate not in seen and _is_version(candidate, version):
            return candidate
        seen.add(candidate)
    raise BadInputError(
        f"there is no Python {version} on this machine",
        f"uv python install {version}, or pyenv install {version}; then try again",
    )


def _candidates(version: str) -> Iterator[Path]:
    """Yield where such a Python may be: the PATH, then where pyenv and uv put theirs."""
    minor = ".".join(version.split(".")[:2])
    for directory in os.get_exec_path():
        yield Path(directory) / f"python{minor}"
        yield Path(directory) / "python3"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    yield from _installed_below(pyenv, f"{minor}*")
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    yield from _installed_below(uv, f"cpython-{minor}*")


def _installed_below(directory: Path, pattern: str) -> Iterator[Path]:
    for home in sorted(directory.glob(pattern), reverse=True):
        yield home / "bin" / "python3"


def _is_version(python: Path, version: str) -> bool:
    if not shutil.which(python):
        return False
    try:
        said = subprocess.run(
            [python, "-I", "-c", _ASK],
            cwd=os.sep,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=_DEADLINE,
        ).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return False
    return len(said) == 2 and said[1] == "cpython" and f"{said[0]}.".startswith(f"{version}.")
