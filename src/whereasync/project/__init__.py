"""The user's project seen from outside: asks the guest, which runs in the project's interpreter.

The guest is copied alone into a private directory, which goes on the project's PYTHONPATH: nothing
is installed or edited there. A newcomer would put our own site-packages on that path, and give a
project on Python 3.9 our Django.
"""

from __future__ import annotations

import itertools
import os
import shutil
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from whereasync import serial
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Answer, Order
from whereasync.processes.exits import describe_exit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from whereasync.processes import Child, Supervisor

DEADLINE = 120.0  # s; a large project's import, on a slow disk
GUEST = "whereasync_guest"
_CODE = "guest"  # below the private directory: what goes on PYTHONPATH
_ORDER = "WHEREASYNC_ORDER"  # as the guest's order.py has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a project lives, and how its code is reached."""

    python: Path
    directory: Path  # manage.py's; what is relative in the project is relative to it
    settings: str  # DJANGO_SETTINGS_MODULE
    paths: tuple[str, ...] = ()  # to be imported from, beside the directory
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A door into the project's interpreter; ``settle_in`` opens it."""

    home: Home
    supervisor: Supervisor
    directory: Path  # private: the guest's code, orders and answers
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def ask(
        self,
        command: str,
        *arguments: str,
        order: Order | None = None,
        deadline: float = DEADLINE,
    ) -> Answer:
        """Have the guest carry out a command; its fault becomes a BadInputError.

        What the home decides of ``order`` is filled in.
        """
        name = f"{next(self.numbers):02}-{command}"
        answer = self.directory / f"{name}.answer.json"
        asked = replace(order or Order(), answer=str(answer))
        child = self.supervisor.spawn(
            [self.home.python, "-m", GUEST, command, *arguments],
            name=command,
            env=self.environment(name, asked),
            cwd=self.home.directory,
        )
        try:
            code = child.wait(deadline)
        except BaseException:  # Ctrl-C too: whoever clears up after it must find nobody at work
            child.stop(grace=0.5)
            raise
        return _read(answer, child, code)

    def environment(self, name: str, order: Order) -> dict[str, str]:
        """Write an order under that name, and return the environment in which it is found."""
        home = self.home
        written = self.directory / f"{name}.order.json"
        complete = replace(
            order,
            settings=home.settings,
            private=str(self.directory),
            paths=(str(home.directory), *home.paths),
        )
        serial.write(written, complete)
        theirs = home.environment.get("PYTHONPATH", "")
        path = os.pathsep.join(filter(None, [str(self.directory / _CODE), theirs]))
        return {
            **home.environment,
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",  # nothing is written beside the project's code
            "DJANGO_SETTINGS_MODULE": home.settings,
            _ORDER: str(written),
        }


def _read(path: Path, child: Child, code: int) -> Answer:
    if not path.exists() and code < 0:
        became, hint = describe_exit(code)
        raise WhereAsyncError(
            f"the project's Python {became} (at {child.name})", hint, log=child.tail()
        )
    if not path.exists():
        raise WhereAsyncError(
            f"the project's Python ended without an answer to {child.name}: "
            f"{next(reversed(child.tail().splitlines()), 'it wrote nothing')}",
            log=child.tail(),
        )
    answer = serial.read(path, Answer, "answer of the guest")
    if answer.fault:
        where = f" ({answer.fault.where})" if answer.fault.where else ""
        raise BadInputError(f"{answer.fault.what}{where}", answer.fault.hint)
    return answer


def settle_in(home: Home, supervisor: Supervisor) -> Guest:
    """Copy the guest into a private directory of the run, and return the door to it."""
    directory = supervisor.directory / "project"
    directory.mkdir(exist_ok=True)
    spec = find_spec(GUEST)
    assert spec is not None  # a dependency of ours
    assert spec.submodule_search_locations
    shutil.copytree(
        next(iter(spec.submodule_search_locations)),
        directory / _CODE / GUEST,
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    return Guest(home=home, supervisor=supervisor, directory=directory)
