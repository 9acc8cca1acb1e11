"""What the guest gives back: one JSON file, whole or not there. stdout stays the project's."""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path
from typing import Any

from whereasync_guest.services import explain

OURS = str(Path(__file__).parent)


class GuestError(Exception):
    """The project can't be entered or read: what, and the next step."""

    def __init__(self, what: str, hint: str = "") -> None:
        """Take a line each."""
        super().__init__(what)
        self.what = what
        self.hint = hint


def write(path: str, **answer: Any) -> None:
    """Write the answer aside and rename it, so that nobody reads half of it."""
    aside = f"{path}.{os.getpid()}.aside"
    Path(aside).write_text(json.dumps(answer), encoding="utf-8")
    Path(aside).replace(path)


def describe(error: BaseException) -> dict[str, Any]:
    """Return an exception as the host's ``GuestFault`` has it."""
    place = find_place(error)
    what, hint = explain(error) or (say(error), "")
    return {
        "what": getattr(error, "what", None) or what,
        "hint": getattr(error, "hint", "") or hint,
        "where": "{}, line {}".format(*place) if place else "",
        "kind": type(error).__name__,
        "trace": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    }


def say(error: BaseException) -> str:
    """Return an exception in one line: "KeyError: 'SECRET_KEY'"."""
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def find_place(error: BaseException) -> tuple[str, int] | None:
    """Return file and line of the innermost frame in code that is neither ours nor installed."""
    frames: list[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    theirs = [each for each in frames if _is_theirs(each.filename)]
    if not theirs and error.__cause__:  # what we wrapped
        return find_place(error.__cause__)
    chosen = theirs[-1] if theirs else None
    return (chosen.filename, chosen.lineno or 0) if chosen else None


def _is_theirs(filename: str) -> bool:
    installed = any(part in filename for part in ("site-packages", "dist-packages", "<frozen"))
    return not installed and not filename.startswith((OURS, str(Path(os.__file__).parent)))
