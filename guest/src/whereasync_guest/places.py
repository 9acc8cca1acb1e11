"""Where functions and classes stand: file and line, from what Python keeps of them.

Lines are those of ``def`` and ``class``, not of the first decorator above, so that whoever reads
the source with a parser finds the same. A newcomer would ask ``inspect``, which parses the whole
file again for every class.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

DECORATED = 60  # lines: as far as a def may stand below its first decorator
INSTALLED = ("site-packages", "dist-packages", "<frozen")
OURS = str(Path(__file__).parent) + os.sep
STANDARD = str(Path(os.__file__).parent) + os.sep

GROUNDS: list[str] = []  # the project's own directories, where they lie among packages
FETCHED: list[str] = []  # the overlay: servers that were fetched beside the project

_DEF = re.compile(r"\s*(?:async\s+)?def\b")


class Place(NamedTuple):
    """A file, empty where there is no source, and a line of it."""

    file: str = ""
    line: int | None = None


NOWHERE = Place()


def locate(thing: Any) -> Place:
    """Return where a function, a class, or the class of an object is written."""
    if isinstance(thing, FunctionType):
        return _locate_code(thing.__code__)
    return _locate_class(thing if isinstance(thing, type) else type(thing))


def is_installed(file: str) -> bool:
    """Whether a file came with a package or with Python, so that its reader didn't write it.

    What lies below the project's own directory did not, even if that is installed itself.
    """
    if file.startswith((STANDARD, OURS, *FETCHED)) and "-packages" not in file:
        return True
    root = next((root for root in GROUNDS if file.startswith(root)), "")
    return any(part in file[len(root) :] for part in INSTALLED)


def _locate_code(code: CodeType) -> Place:
    file, first = os.path.abspath(code.co_filename), code.co_firstlineno  # noqa: PTH100 # no link is followed
    lines = linecache.getlines(file)
    if not lines:
        return NOWHERE
    if code.co_name == "<lambda>":
        return Place(file, first)
    below = range(first, min(first + DECORATED, len(lines) + 1))
    return Place(file, next((line for line in below if _DEF.match(lines[line - 1])), first))


def _locate_class(kind: type) -> Place:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    lines = linecache.getlines(file)
    if not lines:
        return NOWHERE
    opening = re.compile(rf"(\s*)class\s+{re.escape(kind.__name__)}\b")
    found = [
        (len(match[1]), number)
        for number, line in enumerate(lines, 1)
        if "class" in line and (match := opening.match(line))
    ]
    if not found:  # made by a call of type()
        return NOWHERE
    is_nested = "." in kind.__qualname__
    return Place(file, (max if is_nested else min)(found)[1])
