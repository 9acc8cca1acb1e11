"""``python -m whereasync.databases.cleanup TOKEN WHERE`` drops a dead run's databases.

The supervisor runs it when the tool has died. The server's URL comes in the environment, since
anybody may read a command line, and a URL may hold a password.
"""

from __future__ import annotations

import os
import sys

from whereasync.databases.postgres import drop_run
from whereasync.processes import registry

VARIABLE = "WHEREASYNC_CLEANUP_URL"


def main(token: str, where: str) -> None:
    """Drop all databases of that run on the server named in the environment."""
    for name in drop_run(os.environ[VARIABLE], token):
        registry.forget_database(where, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
