"""Which Python is the project's, and whether the guest can run in it. Effect.

The first that is named is taken, and must do: a newcomer would try the next one when it doesn't,
and measure the project on a Django that it never runs on.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

OLDEST = (3, 9)  # that the guest runs on
OLDEST_DJANGO = (4, 1)
_DEADLINE = 60.0  # s for a cold interpreter to import Django
_HINT = "name the project's Python: --python .venv/bin/python"

# Prints its version, and Django's or what its import says. Runs on any Python.
_ASK = """
import sys
sys.path[:0] = [path for path in sys.argv[1:] if path]
try:
    import django
    said = "has " + django.get_version()
except Exception as error:
    said = "lacks " + type(error).__name__ + ": " + str(error)
print("%d.%d.%d " % sys.version_info[:3] + " ".join(said.split()))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that the guest can run in."""

    path: Path
    source: str  # who named it: "--python", "VIRTUAL_ENV", ".venv"
    version: str  # "3.11.2"
    django: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A Python that somebody names."""

    path: Path
    source: str


def choose_interpreter(
    told: Iterable[Candidate],
    beside: Iterable[Path],
    *,
    paths: Iterable[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> Interpreter:
    """Return the project's interpreter: the first that is named.

    After those ``told`` come VIRTUAL_ENV's unless that is whereasync's own, ``.venv`` or ``venv``
    in a directory of ``beside``, and the one that runs this. ``paths`` may hold Django.
    BadInputError where it isn't there, or is too old for the guest, or has no Django or too old a
    one.
    """
    named = next(iter((*told, *_guess(beside, environment))))
    if not shutil.which(named.path):
        raise BadInputError(f"the Python that {named.source} names isn't there", _HINT)
    return _check(named, _ask(named, paths, environment))


def _guess(beside: Iterable[Path], environment: Mapping[str, str]) -> Iterator[Candidate]:
    active = environment.get("VIRTUAL_ENV")
    # Whoever activates whereasync's own, to run it, doesn't say by that where the project runs.
    if active and Path(active).resolve() != Path(sys.prefix).resolve():
        yield Candidate(path=Path(active) / "bin" / "python", source="VIRTUAL_ENV")
    for directory in beside:
        for name in (".venv", "venv"):
            if (directory / name / "bin").is_dir():
                yield Candidate(path=directory / name / "bin" / "python", source=name)
    yield Candidate(path=Path(sys.executable), source="whereasync's own environment")


def locate(text: str, home: Path) -> Path:
    """Return a program: a path relative to ``home``, an environment's directory, or on the PATH."""
    path = home / Path(text).expanduser()
    if path.is_dir():
        return path / "bin" / "python"
    on_path = shutil.which(text) if os.sep not in text and not path.exists() else None
    return Path(on_path) if on_path else Path(os.path.abspath(path))  # noqa: PTH100 # a symlink stays


def _ask(named: Candidate, paths: Iterable[str], environment: Mapping[str, str]) -> list[str]:
    """Return its version, "has" or "lacks", and Django's version or what its import said."""
    try:
        said = subprocess.run(
            [named.path, "-c", _ASK, *paths],
            cwd=os.sep,  # or a directory of the caller's could shadow a module
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=_DEADLINE,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        said = ""
    words = next(reversed(said.splitlines()), "").split(" ", 2)
    if len(words) != 3:
        raise BadInputError(f"what {named.source} names can't be run as a Python", _HINT)
    return words


def _check(named: Candidate, said: list[str]) -> Interpreter:
    version, has, django = said
    if _read(version) < OLDEST:
        raise BadInputError(
            f"the Python that {named.source} names is {version}: whereasync's guest needs "
            f"{_write(OLDEST)} or newer",
            "move the project to a newer Python, or name another: --python",
        )
    if has != "has":
        raise BadInputError(_say_lacking(named, version, django), _HINT)
    if _read(django) < OLDEST_DJANGO:
        oldest = _write(OLDEST_DJANGO)
        raise BadInputError(
            f"the project has Django {django}: whereasync measures {oldest} or newer",
            f"try it on a newer one: pip install 'django>={oldest}'",
        )
    return Interpreter(path=named.path, source=named.source, version=version, django=django)


def _say_lacking(named: Candidate, version: str, said: str) -> str:
    who = f"the Python that {named.source} names"
    if named.path == Path(sys.executable):
        who = "the project's Python isn't known, and the one that runs whereasync"
    if "No module named 'django'" in said:
        return f"{who} ({version}) has no Django"
    return f"{who} ({version}) can't import Django: {said}"


def _read(version: str) -> tuple[int, ...]:
    """Return the first two numbers: "5.2rc1" is (5, 2)."""
    return tuple(int(each) for each in re.findall(r"\d+", version)[:2])


def _write(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
