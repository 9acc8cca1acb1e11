"""What an arm asks for: a path and what was typed beside it, or a configured request changed so.

A newcomer would let what is typed replace a whole request: other headers stay, and a body alone
leaves PUT what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whereasync.cli.own import change
from whereasync.config.routes import write_request
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from whereasync.cli.own import Opened
    from whereasync.cli.race import Typed
    from whereasync.model import Request
    from whereasync.servers.arms import Entry

FRAMING = ("content-length", "transfer-encoding")  # a wrong one hangs the server
OK = 200


def write_own(opened: Opened, entry: Entry, typed: Typed) -> Request:
    """Return what an arm asks for: a configured request, changed by what was typed."""
    recipe = opened.find_recipe(entry.request, entry.path)
    user = None if typed.user is None else opened.find_user(typed.user)
    if recipe is None:
        return change(write_plain(entry.path, typed), user=user)
    plain = write_plain(entry.path, typed)
    is_posted = typed.data is not None and recipe.method == "GET"
    replaced = {name.lower() for name, _ in plain.headers}
    kept = (pair for pair in recipe.headers if pair[0].lower() not in replaced)
    return change(
        write_request(recipe, opened.config),
        method=plain.method if typed.method or is_posted else None,
        body="" if typed.method == "GET" else typed.data,
        headers=(*kept, *plain.headers),
        status=typed.status,
        volatile=(*recipe.volatile, *typed.volatile) if typed.volatile else None,
        user=user,
    )


def parse_swaps(texts: tuple[str, ...]) -> dict[str, str]:
    """Read OLD=NEW, each a dotted name; BadInputError for what is none."""
    swaps = {}
    for text in texts:
        old, is_said, new = text.partition("=")
        if not is_said or not all(
            re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", n) for n in (old, new)
        ):
            raise BadInputError(
                f"“{text}” says of no view what answers instead",
                "--swap-b shop.views.detail=shop.fast.adetail",
            )
        swaps[old] = new
    return swaps


def write_plain(path: str, typed: Typed) -> Request:
    """Return the request for a path with what was typed; BadInputError for what can't be sent."""
    from whereasync.model import Request

    if typed.data is not None and typed.method == "GET":
        raise BadInputError("a GET request has no body", "leave out --data, or --method GET")
    for pattern in typed.volatile:
        try:
            re.compile(pattern)
        except re.error as error:
            raise BadInputError(
                f"--volatile {pattern!r} is no regular expression: {error}", "escape it with \\"
            ) from None
    return Request(
        path=path,
        method=typed.method or ("GET" if typed.data is None else "POST"),
        headers=tuple(map(_parse_header, typed.headers)),
        body=typed.data or "",
        status=typed.status or OK,
        volatile=typed.volatile,
    )


def _parse_header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    if name.lower() in FRAMING:
        raise BadInputError(f"--header may not set {name}", "give the body with --data")
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e]*", text):
        raise BadInputError(f"--header {text!r} is no header", "write --header 'Name: value'")
    return name, value.strip()
