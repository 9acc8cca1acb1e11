"""What may fill a route's parameters, guessed from names: an expression over a model. Pure.

A newcomer would guess always. A wrong guess is measured as if it were right, so one is made only
where one model alone fits, and has what the parameter asks for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whereasync.config.routes import write_path
from whereasync.model.configuration import PARAMETER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whereasync.model import Route

_KEYS = ("pk", "id", "slug", "uuid", "name", "key", "code", "token")  # what may end a name
_IDLE = {
    "view",
    "detail",
    "list",
    "views",
    "api",
    "get",
    "show",
    "page",
    "edit",
    "update",
    "viewset",
}


def guess_fill(route: Route, models: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return parameter → expression for those that can be known; a model is "shop.Item" there."""
    path = write_path(route) or ""
    parameters = dict.fromkeys(PARAMETER.findall(path))
    guesses = {name: _guess(name, path, route, models) for name in parameters}
    return {name: guess for name, guess in guesses.items() if guess}


def _guess(parameter: str, path: str, route: Route, models: Mapping[str, Sequence[str]]) -> str:
    subject, asked = _part(parameter, route.parameters.get(parameter, ""))
    for words in _name_sources(subject, parameter, path, route):
        forms = {form for word in words if word.lower() not in _IDLE for form in _singular(word)}
        fields = {
            label: field
            for label, has in models.items()
            if label.partition(".")[2].lower() in forms and (field := _choose(asked, has))
        }
        fitting = _prefer_own(list(fields), route)
        if len(fitting) == 1:
            label = fitting[0]
            return f'{label}.objects.values_list("{fields[label]}", flat=True).first()'
        asked = _part_again(parameter, asked)
    return ""


def _part(parameter: str, converter: str) -> tuple[str, str]:
    """Return what a parameter is of, and which field: "item_slug" is ("item", "slug").

    One that is called as a model ("item") asks for what its converter says.
    """
    subject, _, last = parameter.rpartition("_")
    if parameter in _KEYS or (subject and last in _KEYS):
        return subject, last
    asked = {"int": "pk", "uuid": "uuid", "slug": "slug", "str": "slug"}
    return "", asked.get(converter, "")


def _part_again(parameter: str, asked: str) -> str:
    """Return the field to look for in a model that the parameter itself doesn't name."""
    subject, _, last = parameter.rpartition("_")
    is_key = parameter in _KEYS or (subject and last in _KEYS)
    return asked if is_key else parameter


def _name_sources(subject: str, parameter: str, path: str, route: Route) -> Iterator[list[str]]:
    """Yield words that may be a model's name, the surest source first."""
    yield [subject or parameter]
    if subject:
        return  # it says whose; another model would be wrong
    yield [path.partition(f"{{{parameter}}}")[0].rstrip("/").rpartition("/")[2]]
    yield re.split(r"[:_.-]", route.name)
    for handler in route.handlers:
        yield _split(handler.name.rpartition(".")[2])


def _split(name: str) -> list[str]:
    """Return the words of a name, and all together: of ItemDetail "Item", of add_item "item"."""
    found = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)
    words = [each for each in found if each.lower() not in _IDLE]
    return [*words, "".join(words)]


def _choose(asked: str, has: Sequence[str]) -> str | None:
    """Return the field that is asked for; None where a model has no such one."""
    if asked in {"pk", "id"}:
        return "pk"
    if asked in has:
        return asked
    return "pk" if asked == "uuid" else None


def _singular(word: str) -> set[str]:
    plain = re.sub(r"[_-]", "", word.lower())
    forms = {plain}
    if plain.endswith("ies"):
        forms.add(f"{plain[:-3]}y")
    if plain.endswith("es"):
        forms.add(plain[:-2])
    return forms | ({plain[:-1]} if plain.endswith("s") else set())


def _prefer_own(labels: Sequence[str], route: Route) -> Sequence[str]:
    """Return the models of the handlers' own application, if any of them is."""
    parts = {part for handler in route.handlers for part in handler.name.split(".")}
    parts |= set(route.name.split(":")[:-1])
    return [label for label in labels if label.partition(".")[0] in parts] or labels
