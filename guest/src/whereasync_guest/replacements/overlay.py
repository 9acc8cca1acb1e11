"""The project's settings with ours laid over them, wherever somebody may look for them.

A newcomer would set ``django.conf.settings`` alone. Some configuration packages put an object of
their own there, while modules imported earlier keep Django's (``django.db`` among them, which then
asks the user's database), and a few projects import their settings module itself.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any


class Overlay:
    """Settings that can be read and replaced, a private directory, and what is to be said."""

    def __init__(self, settings: Any, private: str) -> None:
        """Take loaded settings, and a directory of ours."""
        self.settings = settings
        self.private = Path(private)
        self.said: list[str] = []
        self.holders = _holders(settings) if settings else []

    def read(self, name: str, default: Any = None) -> Any:
        """Return a setting as it is now."""
        return getattr(self.settings, name, default)

    def has(self, name: str) -> bool:
        """Return whether somebody sets it: the project, or Django's defaults."""
        return hasattr(self.settings, name)

    def lay(self, name: str, value: Any, said: str = "") -> None:
        """Replace a setting everywhere, and remember a sentence to be said aloud."""
        for holder in self.holders:
            _set(holder, name, value)
        self.say(said)

    def say(self, said: str) -> None:
        """Remember a sentence, once."""
        if said and said not in self.said:
            self.said.append(said)

    def make(self, *names: str) -> str:
        """Return the path of a directory below the private one, made if need be."""
        path = self.private.joinpath(*names)
        path.mkdir(parents=True, exist_ok=True)
        return str(path)


def _holders(settings: Any) -> list[Any]:
    """Return every object that somebody may read settings from."""
    lazy = sys.modules["django.conf"].LazySettings
    # By their type alone: to ask a lazy object anything would make it load what it stands for.
    theirs = [each for each in gc.get_objects() if issubclass(type(each), lazy)]
    found = [settings, *(each for each in theirs if each.configured)]
    found += [sys.modules.get(os.environ.get("DJANGO_SETTINGS_MODULE", ""))]
    once = {id(each): each for each in found if each is not None}
    return list(once.values())


def _set(holder: Any, name: str, value: Any) -> None:
    if isinstance(holder, type(sys)) and not hasattr(holder, name):
        return  # the settings module says nothing of it
    replace = getattr(holder, "set", None)
    if callable(replace):  # dynaconf: plain assignment may merge a table into the old one
        replace(name, value, merge=False)
    else:
        setattr(holder, name, value)
