"""How the guest's process ends, once its answer is written.

Python waits at its end for every thread that isn't a daemon's. A newcomer would leave it to that:
a project that starts a thread as it is imported, to poll a broker, say, would never end.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def leave(code: int, started: Collection[threading.Thread] | None) -> None:
    """End the process: waits for a command's threads, never for those of the project's import.

    ``started`` are those that were there once the project was entered; None: it never was, and
    all are its import's.
    """
    theirs = threading.enumerate() if started is None else started
    for each in find_lasting():
        if each not in theirs:
            each.join()
    if find_lasting():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def find_lasting() -> list[threading.Thread]:
    """Return the threads that Python would wait for."""
    main = threading.main_thread()
    return [each for each in threading.enumerate() if not each.daemon and each is not main]
