"""Servers that a project's interpreter lacks, in a directory beside it that is made once and kept.

The guest puts the directory after the project's own path, so that whatever the project has is its
own. A newcomer would let pip choose freely: it brings a new asgiref beside the server, which then
runs on the project's old one. So what the project has binds pip's choice, and an overlay is made
anew once that has changed.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from whereasync import serial
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.stacks import ALONE
from whereasync.stacks.kept import (
    DEADLINE,
    LIMITS,
    find_complaint,
    find_home,
    is_offline,
    keep_alone,
    made_whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from whereasync.processes import Supervisor

_MADE = "overlay.json"
_ASKED = 30.0  # s for an interpreter to list what it has
_VERSION = re.compile(r"[0-9A-Za-z.!]+")  # without what a build of somebody's own appends

# Prints what an interpreter and a directory have: {name: version}. Runs on Python 3.9.
_LIST = """
import json, re, sys
from importlib import metadata
def names(paths):
    found = {}
    for each in metadata.distributions(**paths):
        name, version = each.metadata["Name"], each.version
        if name and version:
            found.setdefault(re.sub("[-_.]+", "-", name).lower(), version)
    return found
print(json.dumps({
    "version": sys.version, "has": names({}), "pip": "pip" in names({}),
    "laid": names({"path": sys.argv[1:]}) if sys.argv[1:] else {},
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an overlay's overlay.json says."""

    wanted: tuple[str, ...]
    shared: dict[str, str] = field(default_factory=dict)  # what the project has of it → its version


def find_overlay(python: Path, wanted: Sequence[str]) -> Path | None:
    """Return the directory that holds these distributions for that interpreter, if it is made.

    It isn't the right one any more when the project has other versions of what both have.
    """
    path = _path(python, wanted)
    try:
        made = serial.read(path / _MADE, Made)
    except WhereAsyncError:
        return None
    has = _ask(python)["has"]
    return path if all(has.get(name) == made.shared[name] for name in made.shared) else None


def make_overlay(python: Path, wanted: Sequence[str], supervisor: Supervisor) -> Path:
    """Return the directory that holds these distributions, and make it first if need be.

    By uv, else by the pip of the project's interpreter, else by ours. Nothing is installed there.
    Raises BadInputError, with the next step, where they can't be installed or the index can't be
    reached.
    """
    if known := find_overlay(python, wanted):
        return known
    path = _path(python, wanted)
    with keep_alone(path, f"what the project lacks ({', '.join(wanted)})"):
        if known := find_overlay(python, wanted):  # somebody else has made it meanwhile
            return known
        with made_whole(path):
            path.mkdir(parents=True)
            _install(python, wanted, path, supervisor)
            has, laid = _ask(python)["has"], _list(python, path)["laid"]
            shared = {name: has[name] for name in sorted(laid) if name in has}
            serial.write(path / _MADE, Made(wanted=tuple(wanted), shared=shared))
    return path


def _path(python: Path, wanted: Sequence[str]) -> Path:
    asked = "\n".join([sys.platform, str(python), _ask(python)["version"], *sorted(wanted)])
    return find_home("overlays") / hashlib.sha256(asked.encode()).hexdigest()[:12]


def _install(python: Path, wanted: Sequence[str], path: Path, supervisor: Supervisor) -> None:
    bound = supervisor.directory / "constraints.txt"
    bound.write_text(_bind(_ask(python)["has"]), encoding="utf-8")
    try:
        supervisor.run(
            [*_choose_installer(python), "--target", path, "--constraint", bound, *wanted],
            name="overlay",
            deadline=DEADLINE,
            env=ALONE,
        )
    except WhereAsyncError as error:
        raise _explain(wanted, error) from error


def _bind(has: Mapping[str, str]) -> str:
    """Return constraints that keep to what the project has."""
    versions = {name: _VERSION.match(version) for name, version in has.items()}
    return "".join(f"{name}=={found[0]}\n" for name, found in versions.items() if found)


def _choose_installer(python: Path) -> list[str | Path]:
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--python", python]
    if _ask(python)["pip"]:
        return [python, "-m", "pip", "install", "--quiet", *LIMITS]
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *LIMITS]
    raise BadInputError(
        "the project's Python has no pip, and there is no uv to install servers beside it",
        "install uv, or python -m ensurepip in the project's environment",
    )


def _explain(wanted: Sequence[str], error: WhereAsyncError) -> WhereAsyncError:
    names = " ".join(wanted)
    if is_offline(error):
        return BadInputError(
            f"the project lacks {names}, and the package index can't be reached",
            "connect, and try again; from then on it needs no network",
        )
    return BadInputError(
        f"the project lacks {names}, and beside what it has they can't be installed: "
        f"{find_complaint(error)}",
        f"install {names} in the project's environment, or race another server",
    )


@functools.cache
def _ask(python: Path) -> dict[str, Any]:
    """Return what an interpreter says of itself; asked once."""
    return _list(python)


def _list(python: Path, *laid: Path) -> dict[str, Any]:
    try:
        said = subprocess.run(
            [python, "-c", _LIST, *laid],
            cwd=os.sep,  # or a directory of the caller's could shadow a module
            env={**os.environ, **ALONE},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=_ASKED,
        ).stdout
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise BadInputError(
            "the project's Python can't say what it has", "name another: --python"
        ) from error
    return found
