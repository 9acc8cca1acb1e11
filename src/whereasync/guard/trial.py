"""``python -m whereasync.guard.trial``: enters the guard and ends; exit code 1 says why it can't.

A process of its own, since a process that has entered can't leave.
"""

from __future__ import annotations

import sys

from whereasync.errors import BadInputError
from whereasync.guard import enter


def main() -> int:
    """Try, and write what stands in the way in a line, and what to do in another."""
    try:
        enter(unguarded=False)
    except BadInputError as error:
        what = error.what.partition(": ")[2]
        sys.stdout.write(f"{what}\n{error.hint}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
