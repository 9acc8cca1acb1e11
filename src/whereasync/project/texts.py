"""The project's files that say something without running: what serves it, settings, tests.

Nothing is imported or followed beyond the project, and large files are passed over. A newcomer
would walk everything below the directory: virtual environments lie there, with all of Django.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.advise.deployment import DIRECTORIES, is_read
from whereasync.model import SourceText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LARGEST = 1_000_000  # bytes; what people write by hand is smaller
UP = 3  # directories above manage.py in which a repository may begin
NOT_THEIRS = frozenset(
    {"node_modules", "site-packages", "dist-packages", "__pycache__", "build", "dist", "static"}
)
MODULES = 30  # that settings are made of, at most


def read(path: Path) -> SourceText | None:
    """Return a file's text, or None where it can't be had."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        return SourceText(path=str(path), text=path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def read_all(paths: Iterable[Path]) -> tuple[SourceText, ...]:
    """Return the texts of those files that can be read."""
    return tuple(text for path in paths if (text := read(path)) is not None)


# ---------------------------------------------------------------- what serves it


def read_deployment(directory: Path) -> tuple[SourceText, ...]:
    """Return what may start servers: beside manage.py, up to where the repository begins.

    Directories such as ``docker`` or ``deploy`` there are looked into as well.
    """
    found: dict[Path, None] = {}
    for place in climb(directory):
        for path in _list(place):
            if path.is_file() and is_read(path.name):
                found[path] = None
            elif path.is_dir() and path.name in DIRECTORIES:
                found |= {inner: None for inner in _walk(path) if is_read(inner.name)}
    return read_all(found)


def climb(directory: Path) -> tuple[Path, ...]:
    """Return the directory and those above it up to the repository's, or itself alone."""
    above = [directory, *directory.parents][: UP + 1]
    tops = [place for place, each in enumerate(above) if (each / ".git").exists()]
    return tuple(above[: tops[0] + 1]) if tops else (directory,)


def _list(directory: Path) -> Sequence[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return ()


# ---------------------------------------------------------------- settings


def read_settings(module: str, paths: Iterable[Path]) -> tuple[SourceText, ...]:
    """Return the settings module, found below one of ``paths``, and those it imports of its kind.

    That is ``from .base import *`` and the like; none where the module is installed elsewhere.
    """
    roots = tuple(paths)
    found: dict[str, SourceText] = {}
    wanted = [module]
    while wanted and len(found) < MODULES:
        name = wanted.pop(0)
        text = None if name in found else _find(name, roots)
        if text:
            found[name] = text
            wanted += _list_imports(name, text)
    return tuple(found.values())


def _find(module: str, roots: tuple[Path, ...]) -> SourceText | None:
    inner = module.replace(".", "/")
    spellings = (f"{inner}.py", f"{inner}/__init__.py")
    texts = (read(root / spelling) for root in roots for spelling in spellings)
    return next((text for text in texts if text), None)


def _list_imports(module: str, text: SourceText) -> Iterator[str]:
    """Yield the modules from which everything is imported."""
    try:
        tree = ast.parse(text.text)
    except (SyntaxError, ValueError):
        return
    is_package = Path(text.path).name == "__init__.py"
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names):
            above = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*above, *filter(None, [node.module])])


# ---------------------------------------------------------------- tests


def read_tests(directory: Path) -> tuple[SourceText, ...]:
    """Return the project's test modules, by the names that test runners go by."""
    return read_all(path for path in _walk(directory) if _is_test(path, directory))


def _is_test(path: Path, directory: Path) -> bool:
    if path.suffix != ".py":
        return False
    inside = path.relative_to(directory).parts[:-1]
    by_name = path.name.startswith("test") or path.name.endswith("_test.py")
    return by_name or not {"test", "tests"}.isdisjoint(inside)


def _walk(directory: Path) -> Iterator[Path]:
    """Yield the files below a directory, but for what isn't the project's own."""
    for place, directories, files in os.walk(directory):
        directories[:] = sorted(each for each in directories if _is_theirs(Path(place) / each))
        yield from (Path(place) / name for name in sorted(files))


def _is_theirs(directory: Path) -> bool:
    is_hidden = directory.name.startswith(".")
    is_environment = (directory / "pyvenv.cfg").exists()
    return not (is_hidden or is_environment or directory.name in NOT_THEIRS)
