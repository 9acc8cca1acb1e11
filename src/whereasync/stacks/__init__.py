"""An environment for each stack, made once and kept: an interpreter, and what pip installs there.

It lies below ``$XDG_CACHE_HOME/whereasync/stacks``, and whatever finds it there again needs
no network. A newcomer would take a directory that is there for an environment that is whole: what
a Ctrl-C or a full disk left has no ``stack.json`` and is made again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync import serial
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.stacks.interpreters import find_interpreter
from whereasync.stacks.spec import NAMED, complete, parse_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

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

DEADLINE = 900.0  # s; a slow network, and a wheel that must be built
ALONE = {"PYTHONPATH": "", "PYTHONHOME": ""}  # a stack must not see what is installed elsewhere
_MADE = "stack.json"
_LIMITS = ["--disable-pip-version-check", "--no-input", "--retries", "1", "--timeout", "15"]
_OFFLINE = re.compile(
    "name resolution|network is unreachable|connection (refused|reset|broken)|dns error"
    "|failed to establish|error sending request|timed out|connect to proxy|tunnel connection",
    re.IGNORECASE,
)
_COMPLAINTS = (  # the telling one of uv, then of pip, which says more before and after
    re.compile(r"(?:cause:|╰─▶) (.+)", re.DOTALL),
    re.compile(r"ERROR: (Cannot install .+|No matching distribution .+)"),
    re.compile(r"(?:error|ERROR): (.+)"),
)


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


def home() -> Path:
    """Return where the environments are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "whereasync" / "stacks"


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
    with _alone(stack):
        if known := find_environment(stack):  # somebody else has made it meanwhile
            return known
        environment = Environment(stack=stack, path=_path(stack))
        shutil.rmtree(environment.path, ignore_errors=True)
        try:
            _make(environment, python, supervisor)
            made = Made(python=str(python), requirements=complete(stack))
            serial.write(environment.path / _MADE, made)
        except BaseException:
            shutil.rmtree(environment.path, ignore_errors=True)
            raise
    return environment


def _path(stack: Stack) -> Path:
    """Return a path of the stack's own: what pip is asked, not what the stack is called."""
    asked = "\n".join([sys.platform, stack.python, *sorted(complete(stack))])
    name = stack.name if stack.name in NAMED else "stack"
    return home() / f"{name}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"


@contextmanager
def _alone(stack: Stack) -> Iterator[None]:
    """Let nobody else make the same environment meanwhile; the kernel forgets who is killed."""
    path = _path(stack).with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        what = f"the environment of stack {stack.name} can't be kept in {path.parent}"
        raise serial.explain(error, what) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # the file stays: whoever waits for it holds it open


def _make(environment: Environment, python: Path, supervisor: Supervisor) -> None:
    path, wanted = environment.path, complete(environment.stack)
    if uv := shutil.which("uv"):
        begin: list[str | Path] = [uv, "venv", "--quiet", "--python", python, path]
        install: list[str | Path] = [uv, "pip", "install", "--quiet"]
        install += ["--python", environment.python]
    else:
        begin = [python, "-m", "venv", path]
        install = [environment.python, "-m", "pip", "install", "--quiet", *_LIMITS]
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
    if _OFFLINE.search(error.log):
        return BadInputError(
            f"stack {stack.name} isn't here yet, and the package index can't be reached",
            "connect, and try again; from then on it needs no network",
        )
    told = (found[1] for each in _COMPLAINTS if (found := each.search(error.log)))
    said = " ".join(next(told, error.what).split()).rstrip(".")
    return BadInputError(
        f"stack {stack.name} can't be installed: {said}",
        f"change one of {' '.join(stack.requirements)}, on Python {stack.python}",
    )
