"""What an arm says on the command line: ``[SERVER[,key=value…]@]TARGET``. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from whereasync.errors import BadInputError
from whereasync.servers.table import parse_arm_server

if TYPE_CHECKING:
    from whereasync.model import Arm

USUAL = "gunicorn,threads=16"  # where an arm names no server
FORM = "gunicorn,threads=16@/plain/hello/sync/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One arm as it was typed: how to serve, and which path to ask for."""

    arm: Arm
    path: str


def parse_arm(text: str) -> Entry:
    """Read an arm, split at its first ``@``; BadInputError says what is wrong with it."""
    if text.startswith("/"):
        return Entry(arm=parse_arm_server(USUAL), path=_check_path(text, text))
    server, at, target = text.partition("@")
    if at and not server:
        raise BadInputError(f"“{text}” names no server before the @", f"write {FORM}, or {target}")
    if not at:
        raise BadInputError(
            f"“{text}” is no arm: an arm ends with a path that begins with /", f"write {FORM}"
        )
    return Entry(arm=parse_arm_server(server), path=_check_path(target, text))


def _check_path(path: str, arm: str) -> str:
    if not path.startswith("/"):
        raise BadInputError(
            f"“{path}” in “{arm}” is no path: a path begins with /", f"write {FORM}"
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
