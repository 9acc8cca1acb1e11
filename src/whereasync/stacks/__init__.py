"""An environment for each stack, made once and kept: an interpreter, and what pip installs there.

It lies below ``$XDG_CACHE_HOME/whereasync/stacks``, and whatever finds it there again needs
no network. A newcomer would install into the environment that runs this tool: a stack has another
Python and another Django.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import serial
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.stacks.interpreters import find_interpreter
from whereasync.stacks.kept import (
    DEADLINE,
    LIMITS,
    find_complaint,
    find_home,
    is_offline,
    keep_alone,
    made_whole,
)
from whereasync.stacks.spec import NAMED, complete, parse_stack

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Stack
    from whereasync.processes import Supervisor

__all__ = [
    "ALONE",
    "NAMED",
    "Environment",
    "complete",
    "find_environment",
    "make_environment",
    "parse_stack",
]

ALONE = {"PYTHONPATH": "", "PYTHONHOME": ""}  # a stack must not see what is installed elsewhere
_MADE = "stack.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an environment's stack.json says."""

    python: str  # the interpreter that it was made with
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment for a stack."""

    stack: Stack
    path: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"


def find_environment(stack: Stack) -> Environment | None:
    """Return the stack's environment if it is made and its interpreter is still there."""
    environment = Environment(stack=stack, path=_path(stack))
    is_made = (environment.path / _MADE).exists() and environment.python.exists()
    return environment if is_made else None


def make_environment(stack: Stack, supervisor: Supervisor) -> Environment:
    """Return the stack's environment, and make it first if need be: by uv, else by venv and pip.

    Raises BadInputError, with the next step, for an interpreter that isn't there, requirements
    that can't be resolved, and a network that can't be reached.
    """
    if known := find_environment(stack):
        return known
    python = find_interpreter(stack.python)
    with keep_alone(_path(stack), f"the environment of stack {stack.name}"):
        if known := find_environment(stack):  # somebody else has made it meanwhile
            return known
        environment = Environment(stack=stack, path=_path(stack))
        with made_whole(environment.path):
            _make(environment, python, supervisor)
            made = Made(python=str(python), requirements=complete(stack))
            serial.write(environment.path / _MADE, made)
    return environment


def _path(stack: Stack) -> Path:
    """Return a path of the stack's own: what pip is asked, not what the stack is called."""
    asked = "\n".join([sys.platform, stack.python, *sorted(complete(stack))])
    name = stack.name if stack.name in NAMED else "stack"
    return find_home("stacks") / f"{name}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"


def _make(environment: Environment, python: Path, supervisor: Supervisor) -> None:
    path, wanted = environment.path, complete(environment.stack)
    if uv := shutil.which("uv"):
        begin: list[str | Path] = [uv, "venv", "--quiet", "--python", python, path]
        install: list[str | Path] = [uv, "pip", "install", "--quiet"]
        install += ["--python", environment.python]
    else:
        begin = [python, "-m", "venv", path]
        install = [environment.python, "-m", "pip", "install", "--quiet", *LIMITS]
    for argv, explain in ((begin, _explain_venv), ([*install, *wanted], _explain_install)):
        try:
            supervisor.run(argv, name="stack", deadline=DEADLINE, env=ALONE)
        except WhereAsyncError as error:
            raise explain(environment.stack, error) from error


def _explain_venv(stack: Stack, error: WhereAsyncError) -> WhereAsyncError:
    """Return what the user can do about an interpreter that makes no environment."""
    told = (line for line in error.log.splitlines() if "not available" in line)
    said = next(told, error.what).strip().rstrip(".")
    return BadInputError(
        f"Python {stack.python} can't make an environment for stack {stack.name}: {said}",
        f"install uv, or on Debian python{stack.python}-venv; then try again",
    )


def _explain_install(stack: Stack, error: WhereAsyncError) -> WhereAsyncError:
    """Return what the user can do about requirements that could not be installed."""
    if is_offline(error):
        return BadInputError(
            f"stack {stack.name} isn't here yet, and the package index can't be reached",
            "connect, and try again; from then on it needs no network",
        )
    return BadInputError(
        f"stack {stack.name} can't be installed: {find_complaint(error)}",
        f"change one of {' '.join(stack.requirements)}, on Python {stack.python}",
    )
