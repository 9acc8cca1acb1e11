"""What is installed in the project's interpreter: distribution → version.

A newcomer would ask each distribution for its name and its version: each question reads and parses
the whole METADATA again. The directory's name has both.
"""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata
from typing import Any

_STEM = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)\.dist-info")


def find_versions(besides: tuple[str, ...] = ()) -> dict[str, str]:
    """Return name → version, names normalised, "python" among them; not of those ``besides``."""
    paths = [path for path in sys.path if path not in besides]
    found = {"python": platform.python_version()}
    for distribution in metadata.distributions(path=paths):
        name, version = _identify(distribution)
        if name and version:  # a broken one has neither
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return found


def _identify(distribution: Any) -> tuple[str, str]:
    path = getattr(distribution, "_path", None)  # a directory, or whatever a finder has for one
    if match := _STEM.fullmatch(getattr(path, "name", "")):
        return match["name"], match["version"]
    told = distribution.metadata
    return told["Name"] or "", told["Version"] or ""
