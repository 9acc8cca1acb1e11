"""What a value of the configuration may be, and how it is refused: with what is expected. Pure.

A reader takes a value and its place, and returns what it means. A newcomer would take ``true`` for
a number, which Python does; here it is a wrong type.
"""

from __future__ import annotations

import difflib
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from whereasync.config.places import Place

    Reader: TypeAlias = Callable[[Any, Place, str], Any]  # value, place, example

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|min|h)?")
_HOST = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?")
_UNITS = {"m": 60.0, "min": 60.0, "h": 3600.0}
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_APPLICATION = re.compile(rf"{_MODULE.pattern}(:[^\W\d]\w*)?")
_TYPES: dict[type, str] = {
    bool: "true or false",
    dict: "a table",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "text",
}
MOST_CLIENTS = 1000


@dataclass(frozen=True, slots=True)
class Key:
    """A key that may stand in a table: how its value is read, and an example of it."""

    read: Reader
    example: str
    is_needed: bool = False


def read_table(value: object, place: Place, keys: Mapping[str, Key]) -> dict[str, Any]:
    """Read a table of known keys; BadInputError for any other, or for one that is missing."""
    table = expect(value, dict, place, "")
    for key in table:
        if key not in keys:
            name = f"in {place.name} " if place.path else ""
            raise place.below(key).refuse(f"there is no key “{key}” {name}here", near(key, keys))
    for key, known in keys.items():
        if known.is_needed and key not in table:
            raise place.refuse(f"{place.name} has no {key}", f"write {known.example}")
    return {
        key: keys[key].read(held, place.below(key), keys[key].example)
        for key, held in table.items()
    }


def near(word: str, known: Iterable[str]) -> str:
    """Return the hint that names what was meant, or all that there is."""
    names = sorted(known)
    found = difflib.get_close_matches(word.lower(), names, n=1)
    if found:
        return f"did you mean {found[0]}?"
    return f"known here: {', '.join(names)}" if names else "there are none: leave it out"


def expect(value: object, kind: type, place: Place, example: str) -> Any:
    """Return the value if it is of that type; BadInputError with an example if not."""
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    name = place.name or "this"
    hint = f"write {example}" if example else f"write [{name}], and its keys below"
    raise place.refuse(f"{name} should be {_TYPES[kind]}, and is {describe(value)}", hint)


def describe(value: object) -> str:
    """Return what a reader calls the type of a TOML value."""
    return _TYPES.get(type(value), "a date or time")


# ---------------------------------------------------------------- readers


def text(value: object, place: Place, example: str) -> str:
    """Read text that isn't empty."""
    found: str = expect(value, str, place, example)
    if not found.strip():
        raise place.refuse(f"{place.name} is empty", f"write {example}, or leave it out")
    return found


def any_text(value: object, place: Place, example: str) -> str:
    """Read text that may be empty."""
    found: str = expect(value, str, place, example)
    return found


def module(value: object, place: Place, example: str) -> str:
    """Read a module's dotted name."""
    found = text(value, place, example)
    if not _MODULE.fullmatch(found):
        raise place.refuse(f"{place.name} is “{found}”, no module's name", f"write {example}")
    return found


def application(value: object, place: Place, example: str) -> str:
    """Read what a server is given: "shop.wsgi:application", or "django" for Django's own."""
    found = text(value, place, example)
    if not _APPLICATION.fullmatch(found):
        raise place.refuse(f"{place.name} is “{found}”, no application", f"write {example}")
    return found


def host(value: object, place: Place, example: str) -> str:
    """Read what stands in a Host header: a name, or an address, and perhaps a port."""
    found = text(value, place, example)
    if not _HOST.fullmatch(found):
        raise place.refuse(f"{place.name} is “{found}”, no host", f"write {example}")
    return found


def texts(value: object, place: Place, example: str) -> tuple[str, ...]:
    """Read a list of texts."""
    held = expect(value, list, place, example)
    return tuple(text(each, place.below(n), example) for n, each in enumerate(held))


def texts_by_name(value: object, place: Place, example: str) -> dict[str, str]:
    """Read a table of texts, some of which may be empty."""
    held = expect(value, dict, place, example)
    return {key: any_text(each, place.below(key), example) for key, each in held.items()}


def variables(value: object, place: Place, example: str) -> dict[str, str]:
    """Read environment variables."""
    held = texts_by_name(value, place, example)
    for name, said in held.items():
        if not name or "=" in name or "\0" in name + said:
            raise place.below(name).refuse(
                f"“{name}” can't be a variable of the environment", f"write {example}"
            )
    return held


def commands(value: object, place: Place, example: str) -> tuple[str, ...]:
    """Read management commands as they are typed after manage.py."""
    held = texts(value, place, example)
    for number, command in enumerate(held):
        try:
            first = next(iter(shlex.split(command)))
        except (ValueError, StopIteration) as error:
            raise place.below(number).refuse(
                f"{place.name} has {command!r}, no command: {error}", f"write {example}"
            ) from None
        if first in {"python", "python3", "manage.py", "./manage.py", "django-admin"}:
            raise place.below(number).refuse(
                f"{place.name} has {command!r}: the command begins after manage.py",
                f"write {example}",
            )
    return held


def whole(low: int, high: int) -> Reader:
    """Return a reader of whole numbers between two bounds, both allowed."""

    def read(value: object, place: Place, example: str) -> int:
        found: int = expect(value, int, place, example)
        if not low <= found <= high:
            raise place.refuse(f"{place.name} is {found}: choose {low} to {high}", example)
        return found

    return read


def clients(value: object, place: Place, example: str) -> tuple[int, ...]:
    """Read one number of clients or several, each once, ascending."""
    read = whole(1, MOST_CLIENTS)
    if not isinstance(value, list):
        return (read(value, place, example),)
    if not value:
        raise place.refuse(f"{place.name} is empty", f"write {example}, or leave it out")
    found = {read(each, place.below(n), example) for n, each in enumerate(value)}
    return tuple(sorted(found))


def choice(*names: str) -> Reader:
    """Return a reader of one of these words."""

    def read(value: object, place: Place, example: str) -> str:
        found = text(value, place, example)
        if found not in names:
            raise place.refuse(f"{place.name} is “{found}”", near(found, names))
        return found

    return read


def duration(value: object, place: Place, example: str) -> float:
    """Read a length of time in seconds: a number, or as the command line takes it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        found: float | None = float(value)
    else:
        found = parse_duration(expect(value, str, place, example))
    if found is None or not 0 < found < float("inf"):
        raise place.refuse(f"{place.name} is {value!r}, no time", f"write {example}")
    return found


def parse_duration(typed: str) -> float | None:
    """Return the seconds of ``90``, ``90s``, ``5m`` or ``1h``; None where it is none of these."""
    found = _DURATION.fullmatch(typed.strip())
    seconds = float(found[1]) * _UNITS.get(found[2], 1.0) if found else 0.0
    return seconds or None
