"""A package index on the disk, with wheels that hold nothing: pip resolves and installs them."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

NAMES = ("hypercorn", "httpx", "aiohttp", "psycopg", "psycopg2_binary")
DJANGOS = ("4.0.10", "4.1.13", "5.2.0")


def make_index(directory: Path) -> str:
    """Make the index, and return its URL."""
    for name in NAMES:
        make_wheel(directory, name, "1.0", extra="binary")
    for version in DJANGOS:
        make_wheel(directory, "django", version)
    make_wheel(directory, "picky", "1.0", needs=["django<5"])
    return directory.as_uri()


def make_wheel(
    directory: Path, name: str, version: str, *, needs: Iterable[str] = (), extra: str = ""
) -> None:
    """Write a wheel, and name it on its project's page."""
    page = directory / name.replace("_", "-") / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    file, info = f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in needs]
    lines += [f"Provides-Extra: {extra}"] if extra else []
    with zipfile.ZipFile(page.parent / file, "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "\n".join(lines) + "\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    with page.open("a") as links:
        links.write(f'<a href="{file}">{file}</a>\n')


def use_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Let pip ask this index, and nothing else that somebody has set."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_PYPI_URL", url)
