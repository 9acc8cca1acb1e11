"""What the user says of a project: ``[tool.whereasync]`` in pyproject.toml, or whereasync.toml.

The file is looked for upwards from a directory, and read strictly: an unknown key is an error with
the nearest name. A newcomer would let a typing error fall back to a default; then something else is
measured than what was asked for.
"""

from __future__ import annotations

import os
import re
import tomllib
from typing import TYPE_CHECKING, Any

from whereasync.config.places import Place
from whereasync.config.recipes import read_arms, read_recipes, read_stand_ins
from whereasync.config.users import read_users
from whereasync.config.values import (
    Key,
    application,
    choice,
    clients,
    commands,
    duration,
    host,
    module,
    near,
    read_table,
    text,
    texts,
    variables,
)
from whereasync.errors import BadInputError
from whereasync.model import Config, Recipe

if TYPE_CHECKING:
    from pathlib import Path

FILE = "whereasync.toml"
PYPROJECT = "pyproject.toml"
SECTION = ("tool", "whereasync")

KEYS = {
    "settings": Key(module, 'settings = "shop.settings"'),
    "python": Key(text, 'python = ".venv/bin/python"'),
    "directory": Key(text, 'directory = "src"'),
    "paths": Key(texts, 'paths = ["apps"]'),
    "environment": Key(variables, 'environment = { DEBUG = "0" }'),
    "database": Key(text, 'database = "embedded"'),
    "template": Key(text, 'template = "shop_template"'),
    "seed": Key(commands, 'seed = ["loaddata demo"]'),
    "host": Key(host, 'host = "shop.example.com"'),
    "wsgi": Key(application, 'wsgi = "shop.wsgi:application"'),
    "asgi": Key(application, 'asgi = "shop.asgi:application"'),
    "tasks": Key(choice("eager", "drop"), 'tasks = "eager"'),
    "budget": Key(duration, 'budget = "5m"'),
    "clients": Key(clients, "clients = [1, 8, 64]"),
    "users": Key(read_users, 'users = { staff = "admin" }'),
    "requests": Key(read_recipes, "[[requests]]"),
    "arms": Key(read_arms, "[arms]"),
    "stand-ins": Key(read_stand_ins, "[stand-ins]"),
}


def load(start: Path, file: Path | None = None) -> Config:
    """Read that file, or the nearest from ``start`` upwards; the default where there is none."""
    found = file or find_file(start)
    return read_config(found) if found else Config(home=str(start.absolute()))


def find_file(start: Path) -> Path | None:
    """Return the configuration that holds for a directory, its own or one above it.

    BadInputError where a directory has it in both files.
    """
    for directory in (start.absolute(), *start.absolute().parents):
        own, project = directory / FILE, directory / PYPROJECT
        is_in_project = project.is_file() and _has_section(project)
        if own.is_file() and is_in_project:
            raise BadInputError(
                f"{show(own)} and [tool.whereasync] in {show(project)} both configure this project",
                "keep one of them",
            )
        if own.is_file() or is_in_project:
            return own if own.is_file() else project
    return None


def read_config(file: Path) -> Config:
    """Read a configuration; BadInputError, with file and line, for whatever can't be."""
    content = _read_text(file)
    table = _parse(file, content)
    root = SECTION if file.name == PYPROJECT else ()
    for key in root:
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise BadInputError(f"{show(file)}: {key} is no table", "write [tool.whereasync]")
    if root and not table:
        raise BadInputError(f"{show(file)} has no [tool.whereasync]", "whereasync init")
    place = Place(file=show(file), text=content, root=root)
    if "tool" in table:
        raise place.below("tool").refuse(
            f"in {FILE} the keys stand at the top", "leave out [tool.whereasync]"
        )
    said = read_table(table, place, KEYS)
    said = {key.replace("-", "_"): held for key, held in said.items()}
    users = said.pop("users", {}).items()
    config = Config(
        file=show(file),
        home=str(file.absolute().parent),
        users={name: user.name for name, user in users},
        new_users={user.name: user.make for _, user in users if user.make is not None},
        **said,
    )
    _check_names(config, place)
    return config


def show(file: Path) -> str:
    """Return a file as a reader knows it: from where they are, if it lies below or just above."""
    relative = os.path.relpath(file.absolute())
    return relative if relative.count("..") <= 2 else str(file)


def _has_section(project: Path) -> bool:
    try:
        content = project.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    if "whereasync" not in content:  # somebody else's file may even be malformed
        return False
    return SECTION[1] in _parse(project, content).get(SECTION[0], {})


def _read_text(file: Path) -> str:
    try:
        return file.read_bytes().decode().replace("\r\n", "\n")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInputError(
            f"{show(file)} can't be read: {reason}", "name another: --config"
        ) from (error)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInputError(
            f"{show(file)}, line {line}: this is no UTF-8", "save it in that encoding"
        ) from error


def _parse(file: Path, content: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.+) \(at (?:line (\d+), column (\d+)|(.+))\)", str(error))
        said, line, column, end = found.groups() if found else (str(error), None, None, "")
        if line is None:
            line, column = content.count("\n") + 1, len(content.rpartition("\n")[2]) + 1
        said = f"{said[:1].lower()}{said[1:]}" + f" at the {end}" * bool(end)
        raise BadInputError(
            f"{show(file)}, line {line}, column {column}: {said}",
            'text stands in quotes: key = "…"'
            if "value" in said
            else 'mend that line: a table is [name], a key is key = "…"',
        ) from None


def _check_names(config: Config, place: Place) -> None:
    """Refuse names that nothing in the file bears, and one that two things bear."""
    names = {recipe.name for recipe in config.requests}
    for number, recipe in enumerate(config.requests):
        _check_user(recipe, config, place.below("requests").below(number))
    for name, arm in config.arms.items():
        here = place.below("arms").below(name)
        if arm.request and arm.request not in names:
            raise here.below("request").refuse(
                f"the arm “{name}” names “{arm.request}”, no request", near(arm.request, names)
            )
        if name in names:
            raise here.refuse(f"an arm and a request are both called “{name}”", "rename one")


def _check_user(recipe: Recipe, config: Config, place: Place) -> None:
    if recipe.user and recipe.user not in config.users:
        hint = near(recipe.user, config.users) if config.users else ""
        raise place.below("as").refuse(
            f"the request “{recipe.name}” is asked as “{recipe.user}”, no user of [users]",
            hint or f'write users = {{ {recipe.user} = "their user name" }}',
        )
