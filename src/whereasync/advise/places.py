"""Where in the settings' source a thing is written, so that a finding has a line to stand on.

Settings are values when the project runs, and may come from anywhere: a place that isn't found is
no error, the finding then names the file alone. A newcomer would run the settings again to look.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whereasync.model import SourceText


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a file; without a line the file as a whole."""

    file: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What is written where in the modules that make up the settings."""

    file: str = ""  # the settings module itself
    strings: dict[str, Place]
    keys: dict[str, Place]  # names that are assigned, keys of dictionaries, keyword arguments

    def of_string(self, value: str) -> Place:
        """Return where a string stands, a middleware's dotted name say."""
        return self.strings.get(value, Place(file=self.file))

    def of_key(self, *names: str) -> Place:
        """Return where the first of those settings that is written anywhere is written."""
        found = (self.keys[name] for name in names if name in self.keys)
        return next(found, Place(file=self.file))


def look_up(settings: Iterable[SourceText]) -> Places:
    """Read the settings' modules, the one that is named first and what it imports after it.

    A module that can't be parsed by this Python is passed over. What stands in several places is
    taken from the first module, and there from the last line, which is the one that counts.
    """
    files = list(settings)
    strings: dict[str, Place] = {}
    keys: dict[str, Place] = {}
    for file in reversed(files):
        for kind, name, line in _read(file.text):
            place = Place(file=file.path, line=line)
            (strings if kind == "string" else keys)[name] = place
    return Places(file=files[0].path if files else "", strings=strings, keys=keys)


def _read(text: str) -> Iterator[tuple[str, str, int]]:
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return
    found = [(kind, name, line) for node in nodes for kind, name, line in _name(node)]
    yield from sorted(found, key=lambda each: each[2])


def _name(node: ast.AST) -> Iterator[tuple[str, str, int]]:
    match node:
        case ast.Constant(value=str(value)):
            yield "string", value, node.lineno
        case ast.Dict():
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield "key", key.value, key.lineno
        case ast.Subscript(slice=ast.Constant(value=str(value)), ctx=ast.Store()):
            yield "key", value, node.lineno
        case ast.Name(id=name, ctx=ast.Store()):
            yield "key", name, node.lineno
        case ast.keyword(arg=str(name)):
            yield "key", name, node.lineno
