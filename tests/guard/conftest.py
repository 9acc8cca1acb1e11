"""What the tests of the guard need: a service of this machine that must not be reached."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.guarded import Outside, skip_without_namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skip where none can be had."""
    skip_without_namespaces()


@pytest.fixture
def outside() -> Iterator[Outside]:
    """Give a local service that counts who connects."""
    server = Outside(Path(os.environ["TMPDIR"]))
    yield server
    server.close()
