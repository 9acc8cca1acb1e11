"""``[[requests]]``, ``[arms]`` and ``[stand-ins]``: what their tables mean. Pure.

A newcomer would check the fills when they are used: whoever forgot one should know it in a tenth of
a second, with the line, and not after the migrations.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from whereasync.config.values import (
    Key,
    choice,
    expect,
    module,
    near,
    read_table,
    text,
    texts,
    texts_by_name,
    whole,
)
from whereasync.model import NamedArm, Recipe

if TYPE_CHECKING:
    from whereasync.config.places import Place

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FRAMING = ("content-length", "transfer-encoding")  # a wrong one hangs the server
FILL = "fill = { pk = 'shop.Item.objects.first()' }"
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")
_NAMED = re.compile(r"\{[A-Za-z_]\w*\}")
_NAME = re.compile(r"[^\s/@,=][^\s@]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def read_path(value: object, place: Place, example: str) -> str:
    """Read a path that begins with ``/`` and may hold {parameters}."""
    path = text(value, place, example)
    if not path.startswith("/"):
        raise place.refuse(f"the path “{path}” doesn't begin with /", f"write {example}")
    if found := re.search(r"<(?:\w+:)?(\w+)>", path):
        raise place.refuse(
            f"the path “{path}” has Django's {found[0]}", f"write it as {{{found[1]}}}"
        )
    if odd := re.search(r"[^!-~]|#", path):
        raise place.refuse(f"the path {path!r} holds {odd[0]!r}", "percent-encode or leave it out")
    if wrong := next((each for each in _BRACES.findall(path) if not _NAMED.fullmatch(each)), None):
        raise place.refuse(f"the path “{path}” has {wrong}, no parameter", f"write {example}")
    return path


def read_headers(value: object, place: Place, example: str) -> tuple[tuple[str, str], ...]:
    """Read headers: name → value."""
    held = texts_by_name(value, place, example)
    for name, said in held.items():
        if not _HEADER.fullmatch(name) or re.search(r"[^\t\x20-\x7e]", said):
            raise place.below(name).refuse(f"“{name}” is no header", f"write {example}")
        if name.lower() in FRAMING:
            raise place.below(name).refuse(f"{name} can't be set", "it follows from the data")
    return tuple(held.items())


def read_body(value: object, place: Place, example: str) -> str:
    """Read a body: text as it is sent, or a form's fields."""
    if isinstance(value, str):
        return value
    return urlencode(texts_by_name(value, place, example))


def read_fill(value: object, place: Place, example: str) -> dict[str, str]:
    """Read parameter → expression."""
    held = expect(value, dict, place, example)
    fill = {name: text(each, place.below(name), example) for name, each in held.items()}
    for name, expression in fill.items():
        try:
            ast.parse(expression.strip(), mode="eval")
        except (SyntaxError, ValueError) as error:
            raise place.below(name).refuse(
                f"{place.below(name).name} is no Python expression: {error.args[0]}",
                f"write {example}",
            ) from None
    return fill


def read_patterns(value: object, place: Place, example: str) -> tuple[str, ...]:
    """Read regular expressions."""
    patterns = texts(value, place, example)
    for number, pattern in enumerate(patterns):
        try:
            re.compile(pattern)
        except re.error as error:
            raise place.below(number).refuse(
                f"{pattern!r} is no regular expression: {error}", "escape it with \\"
            ) from None
    return patterns


def read_name(value: object, place: Place, example: str) -> str:
    """Read what an arm may name."""
    name = text(value, place, example)
    if not _NAME.fullmatch(name):
        raise place.refuse(
            f"the name “{name}” can't be typed in an arm: no space, @, or leading /",
            f"write {example}",
        )
    return name


RECIPE = {
    "name": Key(read_name, 'name = "detail"'),
    "path": Key(read_path, 'path = "/item/{pk}/"', is_needed=True),
    "fill": Key(read_fill, FILL),
    "method": Key(choice(*METHODS), 'method = "POST"'),
    "data": Key(read_body, 'data = { title = "Hello" }'),
    "headers": Key(read_headers, 'headers = { Accept = "application/json" }'),
    "as": Key(text, 'as = "staff"'),
    "status": Key(whole(200, 599), "status = 200"),
    "volatile": Key(read_patterns, 'volatile = [\'token="[^"]+"\']'),
}
ARM = {
    "server": Key(text, 'server = "gunicorn,threads=40"'),
    "path": Key(read_path, 'path = "/dashboard/"'),
    "request": Key(text, 'request = "detail"'),
    "swap": Key(texts_by_name, "swap = { 'shop.views.detail' = 'shop.fast.adetail' }"),
}


def read_recipes(value: object, place: Place, _example: str) -> tuple[Recipe, ...]:
    """Read ``[[requests]]``."""
    if isinstance(value, dict):
        raise place.refuse("requests is one table, and should be a list of them", "[[requests]]")
    held = expect(value, list, place, "[[requests]]")
    recipes = [_read_recipe(each, place.below(n)) for n, each in enumerate(held)]
    for number, recipe in enumerate(recipes):
        if recipe.name in [each.name for each in recipes[:number]]:
            raise place.below(number).refuse(
                f"two requests are called “{recipe.name}”", "give each a name of its own"
            )
    return tuple(recipes)


def _read_recipe(value: object, place: Place) -> Recipe:
    said = read_table(value, place, RECIPE)
    method = said.get("method") or ("POST" if "data" in said else "GET")
    recipe = Recipe(
        name=said.get("name") or said["path"],
        path=said["path"],
        fill=said.get("fill", {}),
        method=method,
        body=said.get("data", ""),
        headers=said.get("headers", ()),
        user=said.get("as", ""),
        status=said.get("status", 200),
        volatile=said.get("volatile", ()),
    )
    if "data" in said and method in {"GET", "HEAD"}:
        raise place.below("data").refuse(f"a {method} request has no body", "leave out data")
    _check_fill(recipe, place)
    return recipe


def _check_fill(recipe: Recipe, place: Place) -> None:
    for name in recipe.parameters:
        if name not in recipe.fill:
            raise place.below("path").refuse(
                f"the path “{recipe.path}” has {{{name}}}, of which fill says nothing",
                f"write {FILL.replace('pk =', f'{name} =')}",
            )
    for name in recipe.fill:
        if name not in recipe.parameters:
            raise (
                place.below("fill")
                .below(name)
                .refuse(
                    f"fill has {name}, which the path “{recipe.path}” has not",
                    near(name, recipe.parameters),
                )
            )


def read_arms(value: object, place: Place, _example: str) -> dict[str, NamedArm]:
    """Read ``[arms]``: a table a name."""
    held = expect(value, dict, place, "")
    return {name: _read_arm(name, each, place.below(name)) for name, each in held.items()}


def _read_arm(name: str, value: object, place: Place) -> NamedArm:
    read_name(name, place, 'fast = { server = "uvicorn", path = "/dashboard/" }')
    said = read_table(value, place, ARM)
    if ("path" in said) == ("request" in said):
        raise place.refuse(
            f"the arm “{name}” needs a path or a request, one of the two",
            f"write {ARM['path'].example}",
        )
    if found := re.search(_BRACES, said.get("path", "")):
        raise place.below("path").refuse(
            f"the arm “{name}” can't fill {found[0]}",
            f"put the path into [[requests]], and here {ARM['request'].example}",
        )
    for old, new in said.get("swap", {}).items():
        for dotted in (old, new):
            module(dotted, place.below("swap").below(old), ARM["swap"].example)
    return NamedArm(name=name, **said)


def read_stand_ins(value: object, place: Place, _example: str) -> dict[str, Any]:
    """Take ``[stand-ins]`` as it is: the room of the stand-ins reads it."""
    held: dict[str, Any] = expect(value, dict, place, "")
    return held
