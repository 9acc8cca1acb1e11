"""A directory of the cache that is whole or not there, whoever else makes it at the same time.

Whatever is kept lies below ``$XDG_CACHE_HOME/whereasync``, and holds a JSON file that is written
last. A newcomer would take a directory that is there for one that is whole: what a Ctrl-C or a full
disk left has no such file, and is made again.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync import serial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.errors import WhereAsyncError

DEADLINE = 900.0  # s; a slow network, and a wheel that must be built
LIMITS = ("--disable-pip-version-check", "--no-input", "--retries", "1", "--timeout", "15")
_OFFLINE = re.compile(
    "name resolution|network is unreachable|connection (refused|reset|broken)|dns error"
    "|failed to establish|error sending request|timed out|connect to proxy|tunnel connection",
    re.IGNORECASE,
)
_COMPLAINTS = (  # the telling one of uv, then of pip, which says more before and after
    re.compile(r"(?:cause:|╰─▶) (.+)", re.DOTALL),
    re.compile(r"ERROR: (Cannot install .+|No matching distribution .+)"),
    re.compile(r"(?:error|ERROR): (.+)"),
)


def find_home(kind: str) -> Path:
    """Return where things of that kind are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "whereasync" / kind


@contextmanager
def keep_alone(path: Path, what: str) -> Iterator[None]:
    """Let nobody else make the same meanwhile; the kernel forgets who is killed.

    WhereAsyncError where ``what`` can't be kept there.
    """
    lock_path = path.with_suffix(".lock")
    try:
        lock_path.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_path.open("w")
    except OSError as error:
        raise serial.explain(error, f"{what} can't be kept in {lock_path.parent}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # the file stays: whoever waits for it holds it open


@contextmanager
def made_whole(path: Path) -> Iterator[None]:
    """Make a directory in the context, from nothing; it is gone where that fails."""
    shutil.rmtree(path, ignore_errors=True)
    try:
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def is_offline(error: WhereAsyncError) -> bool:
    """Return whether an installer failed because it reached no index."""
    return bool(_OFFLINE.search(error.log))


def find_complaint(error: WhereAsyncError) -> str:
    """Return what an installer says it failed for, in a line."""
    told = (found[1] for each in _COMPLAINTS if (found := each.search(error.log)))
    return " ".join(next(told, error.what).split()).rstrip(".")
