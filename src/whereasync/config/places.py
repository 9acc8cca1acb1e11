"""Where in a TOML file something stands, so that a refusal can name its line. Pure.

tomllib tells no lines of what it has read, so the text is looked through again for the key. A
newcomer would search for the key's name alone: the same one stands in every ``[[requests]]``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

KeyPath = tuple[str | int, ...]  # ("requests", 2, "fill", "pk")

_PIECE = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_PIECE}(?:\s*\.\s*{_PIECE})*)\s*=")
_LONG = re.compile(r"\"\"\"|'''")  # begins and ends text of several lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A value of a file."""

    file: str  # as a reader knows it
    text: str
    path: KeyPath = ()
    root: KeyPath = ()  # ("tool", "whereasync") in pyproject.toml

    def below(self, key: str | int) -> Place:
        """Return the place of what stands there under that key, or at that index."""
        return replace(self, path=(*self.path, key))

    @property
    def name(self) -> str:
        """What a reader calls it: "requests[2].fill.pk", counted from 1."""
        parts = (f"[{each + 1}]" if isinstance(each, int) else f".{each}" for each in self.path)
        return "".join(parts).removeprefix(".")

    def refuse(self, what: str, hint: str) -> BadInputError:
        """Return the error that says what is wrong here, with file and line."""
        line = find_line(self.text, (*self.root, *self.path))
        where = f"{self.file}, line {line}" if line else self.file
        return BadInputError(f"{where}: {what}", hint)


def find_line(text: str, path: KeyPath) -> int | None:
    """Return the line on which that stands, or the nearest thing around it; None: none of it."""
    deepest, found = 0, None
    for number, known in _walk(text):
        depth = _count_common(known, path)
        if depth > deepest and (depth == len(known) or depth == len(path)):
            deepest, found = depth, number
    return found


def _count_common(one: KeyPath, other: KeyPath) -> int:
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _walk(text: str) -> Iterator[tuple[int, KeyPath]]:
    """Yield each line that begins a table or gives a key, with its full path."""
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    is_inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        was_inside, is_inside = is_inside, is_inside ^ (len(_LONG.findall(line)) % 2 == 1)
        if was_inside:
            continue
        if line.lstrip().startswith("[") and (keys := _read_keys(line)):
            table = _count_tables(keys, counts, is_one_of_many=line.lstrip().startswith("[["))
            yield number, table
        elif (key := _KEY.match(line)) and (keys := _read_keys(f"{key[1]} = 0")):
            yield number, (*table, *keys)


def _count_tables(keys: KeyPath, counts: dict[KeyPath, int], *, is_one_of_many: bool) -> KeyPath:
    """Return a header's path: ``[[requests]]`` the third time is ("requests", 2)."""
    path: KeyPath = ()
    for depth, key in enumerate(keys, start=1):
        path = (*path, key)
        if is_one_of_many and depth == len(keys):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _read_keys(line: str) -> tuple[str, ...]:
    """Return the keys of a header, or of a key with its value; none where that is no TOML."""
    try:
        held: object = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    keys = []
    while isinstance(held, dict | list) and held:
        if isinstance(held, list):
            held = held[0]
        else:
            key, held = next(iter(held.items()))
            keys.append(key)
    return tuple(keys)
