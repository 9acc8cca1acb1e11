"""What an arm says on the command line: ``[SERVER[,key=value…]@]TARGET``. Pure.

A target that begins with ``/`` is a path, any other a name of the configuration: an arm's, whose
server the command line may replace, or a request's. A newcomer would split at the last ``@``: a
path may hold one.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from whereasync.errors import BadInputError
from whereasync.model import Config, NamedArm
from whereasync.servers.table import parse_arm_server

if TYPE_CHECKING:
    from whereasync.model import Arm

USUAL = "gunicorn,threads=16"  # where an arm names no server
FORM = "gunicorn,threads=16@/dashboard/"  # on a project of one's own
DEMO_FORM = "gunicorn,threads=16@/plain/hello/sync/"
_ADDRESS = re.compile(r"https?://[^/]*/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One arm as it was typed: how to serve, and what to ask for."""

    arm: Arm
    path: str  # of a named request with its {parameters}, to be filled
    request: str = ""  # the recipe's name, where the target is one
    swap: dict[str, str] = field(default_factory=dict)  # dotted name → what answers instead


def parse_arm(text: str, config: Config | None = None) -> Entry:
    """Read an arm, split at its first ``@``; BadInputError says what is wrong with it.

    ``config`` is that of a project of one's own; None: the demo's project is raced.
    """
    if text.startswith("/"):
        return Entry(arm=parse_arm_server(USUAL), path=_check_path(text, text))
    server, at, target = text.partition("@")
    if at and not server:
        raise BadInputError(
            f"“{text}” names no server before the @", f"write {_form(config)}, or {target}"
        )
    if named := _find(target if at else text, config or Config()):
        return _settle(named, server if at else "", config or Config())
    if not at:
        raise BadInputError(
            f"“{text}” is no arm: an arm ends with a path that begins with /",
            _suggest(text, config),
        )
    return Entry(arm=parse_arm_server(server), path=_check_path(target, text, config))


def _find(name: str, config: Config) -> NamedArm | None:
    """Return the arm of that name, or one that asks for the request of that name."""
    if name in {each.name for each in config.requests}:
        return NamedArm(name=name, request=name)
    return config.arms.get(name)


def _settle(named: NamedArm, server: str, config: Config) -> Entry:
    paths = {each.name: each.path for each in config.requests}
    try:
        arm = parse_arm_server(server or named.server or USUAL)
    except BadInputError as error:
        where = "" if server else f"{config.file}: the arm “{named.name}”: "
        raise BadInputError(f"{where}{error.what}", error.hint) from error
    path = paths[named.request] if named.request else _check_path(named.path, named.name)
    return Entry(arm=arm, path=path, request=named.request, swap=named.swap)


def _suggest(name: str, config: Config | None) -> str:
    """Return which name of the configuration was meant, or which path, or how an arm looks."""
    known = [*config.arms, *(each.name for each in config.requests)] if config else []
    near = difflib.get_close_matches(name, known, n=1)
    if not near and name[:1].isalnum() and "/" in name:
        near = [f"/{_ADDRESS.sub('', name, count=1)}"]
    return f"did you mean {near[0]}?" if near else f"write {_form(config)}"


def _form(config: Config | None) -> str:
    return FORM if config else DEMO_FORM


def _check_path(path: str, arm: str, config: Config | None = None) -> str:
    if not path.startswith("/"):
        raise BadInputError(
            f"“{path}” in “{arm}” is no path: a path begins with /",
            _suggest(path, config),
        )
    if "#" in path:
        raise BadInputError(
            f"“{path}” has a fragment, which is never sent", "leave out # and the rest"
        )
    odd = next((each for each in path if not "!" <= each <= "~"), None)
    if odd is not None:
        raise BadInputError(
            f"the path in {arm!r} holds {odd!r}", f"percent-encode it: {quote(odd)}"
        )
    return path
