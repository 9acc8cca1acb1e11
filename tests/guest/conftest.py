"""The guest is asked as the host asks it: in a process of its own, an order in, an answer out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

import whereasync_guest

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).parent / "project"
GUEST = Path(whereasync_guest.__file__).parent.parent


class Asking(Protocol):
    """Asks the guest for a project's inventory."""

    def __call__(self, directory: Path, settings: str, **environment: str) -> dict[str, Any]:
        """Return the whole answer."""


@pytest.fixture(scope="session")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Asking:
    """Give a way to ask."""

    def ask(directory: Path, settings: str, **environment: str) -> dict[str, Any]:
        private = tmp_path_factory.mktemp("asked")
        order, answer = private / "order.json", private / "answer.json"
        told = {"settings": settings, "answer": str(answer), "private": str(private)}
        order.write_text(json.dumps({**told, "paths": [str(directory)]}))
        environment["WHEREASYNC_ORDER"] = str(order)
        run(["-m", "whereasync_guest", "inventory"], directory, environment, check=False)
        found: dict[str, Any] = json.loads(answer.read_text())
        return found

    return ask


def run(
    arguments: list[str], directory: Path, environment: Mapping[str, str], *, check: bool = True
) -> str:
    """Run Python in a directory with the guest on its path; return what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(GUEST), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def inventory(ask: Asking) -> dict[str, Any]:
    """Return the nasty project's inventory."""
    answer = ask(PROJECT, "nasty.settings")
    assert "inventory" in answer, answer
    found: dict[str, Any] = answer["inventory"]
    return found


@pytest.fixture(scope="session")
def by_name(inventory: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return its routes by their names, of several the first."""
    return {route["name"]: route for route in reversed(inventory["routes"])}


@pytest.fixture(scope="session")
def walked() -> dict[str, Any]:
    """Return the nasty project's URLs as Django's own resolver has them."""
    found: dict[str, Any] = json.loads(run(["walk.py"], PROJECT, {}))
    return found


@pytest.fixture(scope="session")
def served() -> dict[str, Any]:
    """Return, for several orders of middleware, what was observed and what a request did."""
    found: dict[str, Any] = json.loads(run(["threads.py"], PROJECT, {}))
    return found
