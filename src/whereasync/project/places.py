"""Where a project's manage.py is, and which settings module is its own: read, never run.

A newcomer would import manage.py to ask it. Its text says the same, and running somebody's code
before the guest guards it is what this tool never does.
"""

from __future__ import annotations

import ast
import configparser
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whereasync.model import Config

MANAGE = "manage.py"
VARIABLE = "DJANGO_SETTINGS_MODULE"
_NAME = "settings module"


class NoProjectError(BadInputError):
    """Nobody says that there is a project here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A settings module, and who named it."""

    module: str
    source: str  # "--settings", "whereasync.toml", "manage.py"


def find_directory(start: Path, config: Config) -> Path:
    """Return the project's directory: the configured one, manage.py's, or where one looks from.

    manage.py is looked for in ``start``, in ``src`` and the other directories there, then upwards.
    BadInputError where several are equally near, or the configured directory isn't there.
    """
    home = Path(config.home or start)
    if config.directory:
        directory = home / Path(config.directory).expanduser()
        if not directory.is_dir():
            raise BadInputError(
                f"{config.file}: the directory “{config.directory}” isn't there",
                "name manage.py's, relative to that file",
            )
        return directory.resolve()
    return _find_manage(home if config.file else start.absolute()) or home.absolute()


def _find_manage(start: Path) -> Path | None:
    for directory in (start, start / "src"):
        if (directory / MANAGE).is_file():
            return directory
    below = sorted(path.parent for path in start.glob(f"*/{MANAGE}") if _is_projects(path.parent))
    if len(below) > 1:
        names = ", ".join(path.name for path in below)
        raise BadInputError(
            f"there are several projects here: {names}",
            f"go into one, or name it: --config {below[0].name}",
        )
    above = (path for path in start.parents if (path / MANAGE).is_file())
    return below[0] if below else next(above, None)


def _is_projects(directory: Path) -> bool:
    """Return whether a project may live there: not what is hidden or installed."""
    is_hidden = directory.name.startswith((".", "_")) or directory.name == "node_modules"
    return not is_hidden and not (directory / "pyvenv.cfg").exists()


def find_settings(
    given: str, config: Config, directory: Path, environment: Mapping[str, str] = os.environ
) -> Named:
    """Return the settings module: given, configured, or as the environment or a file names it.

    The files are manage.py, pyproject.toml and pytest's, in the directory, the configuration's and
    the one above. BadInputError where nobody names one.
    """
    told = (
        Named(module=given, source="--settings"),
        Named(module=config.settings, source=config.file),
        Named(module=config.environment.get(VARIABLE, ""), source=config.file),
        Named(module=environment.get(VARIABLE, ""), source=VARIABLE),
        *_read_files(directory, Path(config.home) if config.home else directory),
    )
    found = next((named for named in told if named.module), None)
    if found is None and (directory / MANAGE).is_file():
        raise BadInputError(
            f"{MANAGE} doesn't say which {_NAME} it takes", "name it: --settings shop.settings"
        )
    if found is None:
        raise NoProjectError(
            f"there is no Django project here: no {MANAGE}, and no {_NAME} is named",
            "go to manage.py's directory, or name it: --config PATH (or --settings shop.settings)",
        )
    return found


def _read_files(directory: Path, home: Path) -> Iterator[Named]:
    yield from (Named(module=each, source=MANAGE) for each in read_manage(directory / MANAGE))
    for place in dict.fromkeys((directory, home, directory.parent)):
        for name, read in (
            ("pyproject.toml", _read_pyproject),
            ("pytest.ini", _read_ini),
            ("tox.ini", _read_ini),
            ("setup.cfg", _read_ini),
        ):
            yield Named(module=read(place / name), source=name)


def read_manage(path: Path) -> tuple[str, ...]:
    """Return the settings modules that a manage.py sets, the likeliest first.

    That is what it sets as a default last: before it come exceptions, as for tests.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):  # Python 2's, or none at all
        return ()
    found = [module for node in ast.walk(tree) for module in _read_node(node)]
    defaults = [module for module, is_default in found if is_default]
    others = [module for module, is_default in found if not is_default]
    return tuple(dict.fromkeys([*reversed(defaults), *reversed(others)]))


def _read_node(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield what ``environ.setdefault(VARIABLE, …)`` or ``environ[VARIABLE] = …`` sets."""
    match node:
        case ast.Call(
            func=ast.Attribute(attr="setdefault"),
            args=[ast.Constant(value=name), ast.Constant(value=str(module))],
        ) if name == VARIABLE:
            yield module, True
        case ast.Assign(
            targets=[ast.Subscript(slice=ast.Constant(value=name))],
            value=ast.Constant(value=str(module)),
        ) if name == VARIABLE:
            yield module, False


def _read_pyproject(path: Path) -> str:
    try:
        tool: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
        stubs = tool.get("django-stubs", {}).get("django_settings_module", "")
        return str(stubs or tool.get("pytest", {}).get("ini_options", {}).get(VARIABLE, ""))
    except (OSError, ValueError, AttributeError):  # somebody else will complain of it
        return ""


def _read_ini(path: Path) -> str:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, ValueError):
        return ""
    told = (parser.get(name, VARIABLE, fallback="") for name in ("pytest", "tool:pytest"))
    return next(filter(None, told), "")


def find_paths(directory: Path, config: Config, module: str) -> tuple[str, ...]:
    """Return what to import from beside the directory: the configured, and a ``src`` that has it.

    Projects whose code lies in ``src`` beside manage.py are often installed; where they aren't,
    this finds them.
    """
    home = Path(config.home or directory)
    told = tuple(str(home / Path(path).expanduser()) for path in config.paths)
    package = module.partition(".")[0]
    source = directory / "src"
    is_there = any((source / name).exists() for name in (package, f"{package}.py"))
    return (*told, str(source)) if is_there else told
