"""Puts together what a command must know of a project before it can ask the guest.

A newcomer would let each command find it by itself: then ``doctor`` says that all is well with one
interpreter, and ``race`` runs another.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync import config as configuration
from whereasync.errors import BadInputError
from whereasync.project import Home
from whereasync.project.interpreter import Candidate, choose_interpreter, locate
from whereasync.project.places import find_directory, find_paths, find_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whereasync.model import Arm, Config
    from whereasync.processes import Supervisor
    from whereasync.project.interpreter import Interpreter
    from whereasync.project.places import Named

# What is commonly installed with a server, and changes what it does: ``uvicorn[standard]`` has it.
_BESIDE = {"uvicorn": ("httptools", "uvloop")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says of the project; empty: nothing."""

    where: Path | None = None  # a directory to look from, or the configuration's file
    python: str = ""
    settings: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where the project is, before its interpreter is known."""

    config: Config
    start: Path  # a directory
    directory: Path
    settings: Named
    paths: tuple[str, ...]


def open_project(asked: Asked) -> tuple[Home, Config]:
    """Return where the project lives, and its configuration; BadInputError with what is missing.

    Nothing of the project's is run, beyond its Python to ask for its version and Django's.
    """
    found = find_project(asked)
    return make_home(found, find_interpreter(asked, found)), found.config


def find_project(asked: Asked) -> Found:
    """Return where the project is, from its files alone."""
    start = (asked.where or Path.cwd()).absolute()
    if not start.exists():
        raise BadInputError(f"{configuration.show(start)} isn't there", "name another: --config")
    file = start if start.is_file() else None
    start = start.parent if file else start
    config = configuration.load(start, file)
    directory = find_directory(start, config)
    if not config.file and directory != start:  # manage.py is in src, and may have it beside
        config = configuration.load(directory)
        directory = find_directory(directory, config)
    check_config(config)
    settings = find_settings(asked.settings, config, directory)
    paths = find_paths(directory, config, settings.module)
    return Found(config=config, start=start, directory=directory, settings=settings, paths=paths)


def find_interpreter(asked: Asked, found: Found) -> Interpreter:
    """Return the project's interpreter; BadInputError where the guest can't run in it."""
    config = found.config
    told = (
        Candidate(path=locate(text, home), source=source)
        for text, home, source in (
            (asked.python, Path.cwd(), "--python"),
            (config.python, Path(config.home), config.file),
        )
        if text
    )
    return choose_interpreter(
        told,
        dict.fromkeys((found.directory, Path(config.home), found.start)),
        paths=found.paths,
        environment={**os.environ, **config.environment},
    )


def make_home(found: Found, interpreter: Interpreter) -> Home:
    """Return where the project lives."""
    return Home(
        python=interpreter.path,
        directory=found.directory,
        settings=found.settings.module,
        paths=found.paths,
        environment=found.config.environment,
    )


def check_config(config: Config) -> None:
    """Refuse what only the rooms that use it can: a database, an arm's server, a latency."""
    from whereasync.databases.address import parse_address
    from whereasync.servers.arms import parse_arm
    from whereasync.upstreams.declared import read_stand_ins

    if config.database:
        with _saying(config.file):
            parse_address(config.database)
    for name in config.arms:
        parse_arm(name, config)
    with _saying(config.file):
        read_stand_ins(config.stand_ins, Path(config.home))


@contextmanager
def _saying(where: str) -> Iterator[None]:
    try:
        yield
    except BadInputError as error:
        raise BadInputError(f"{where}: {error.what}", error.hint) from error


def lay_over(arms: Iterable[Arm], python: Path, supervisor: Supervisor) -> tuple[str, ...]:
    """Return the overlay that those arms need beside what the project has; none if it has all.

    BadInputError where it can't be made.
    """
    from whereasync.stacks.overlay import make_overlay

    wanted = find_wanted(arms, python)
    return (str(make_overlay(python, wanted, supervisor)),) if wanted else ()


def find_wanted(arms: Iterable[Arm], python: Path) -> tuple[str, ...]:
    """Return the distributions that those arms need and the interpreter lacks, sorted."""
    from whereasync.servers import find_lacking

    lacking = {name for arm in arms for name in find_lacking(arm, python)}
    beside = {name for each in lacking for name in _BESIDE.get(each, ())}
    return tuple(sorted(lacking | beside))
