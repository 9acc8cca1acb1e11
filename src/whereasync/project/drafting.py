"""Writes a project's whereasync.toml from what the guest says that the project is.

A newcomer would write over a file that is there: somebody has put their requests into it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync import config as configuration
from whereasync import serial
from whereasync.config.draft import draft
from whereasync.config.routes import list_parametrised, list_plain
from whereasync.errors import BadInputError
from whereasync.processes import supervised
from whereasync.project import settle_in
from whereasync.project.opening import find_interpreter, find_project, make_home

if TYPE_CHECKING:
    from whereasync.model import Config
    from whereasync.project.opening import Asked, Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A configuration that was written."""

    file: str  # as a reader knows it
    plain: int  # routes that are asked for without being named there
    parametrised: int  # others
    filled: int  # … of which so many could be guessed


def write_config(asked: Asked, *, force: bool = False) -> Written:
    """Ask the project what it is, and write the configuration.

    BadInputError where there is one already and no ``force``, or the project can't be asked.
    """
    found = find_project(asked)
    file = _choose_file(asked, found, force=force)
    home = make_home(found, find_interpreter(asked, found))
    with supervised() as supervisor:
        inventory = settle_in(home, supervisor).ask("inventory").inventory
    assert inventory is not None  # it had no fault
    written = draft(inventory, _keep(asked, found, file.parent))
    serial.write_bytes(file, written.encode())
    return Written(
        file=configuration.show(file),
        plain=len(list_plain(inventory.routes)),
        parametrised=len(list_parametrised(inventory.routes)),
        filled=len(configuration.read_config(file).requests),
    )


def _choose_file(asked: Asked, found: Found, *, force: bool) -> Path:
    """Return where it is to stand; BadInputError where one stands that isn't to be lost."""
    known = found.config.file
    if known and Path(known).name == configuration.PYPROJECT:
        raise BadInputError(
            f"{known} has [tool.whereasync] already", "change that, or take it out and try again"
        )
    if known and not force:
        raise BadInputError(f"{known} is there already", "whereasync init --force writes it anew")
    if asked.where and asked.where.is_file():
        return asked.where.absolute()
    is_below = found.directory.is_relative_to(found.start)
    home = Path(found.config.home) if known else found.start if is_below else found.directory
    return home / configuration.FILE


def _keep(asked: Asked, found: Found, home: Path) -> Config:
    """Return what of a configuration is needed to find the project again, and to load it."""
    directory = os.path.relpath(found.directory, home)
    python = found.config.python
    if asked.python:
        typed = Path(asked.python).expanduser()
        python = str(typed.absolute()) if os.sep in asked.python or typed.exists() else asked.python
        is_below = Path(python).is_relative_to(home)
        python = os.path.relpath(python, home) if is_below else python
    return replace(found.config, directory="" if directory == "." else directory, python=python)
