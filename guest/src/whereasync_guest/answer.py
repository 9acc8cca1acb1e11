"""What the guest gives back: one JSON file, whole or not there. stdout stays the project's."""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path
from typing import Any

from whereasync_guest.faults import explain, find_place, find_refusal, write_place


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
    explained = explain(error)
    told = find_refusal(error) or error  # ours, and the fence's, say it
    return {
        "what": getattr(told, "what", "") or explained.what,
        "hint": getattr(told, "hint", "") or explained.hint,
        "where": write_place(place) if place else "",
        "kind": type(error.__cause__ or error).__name__,
        "trace": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    }
