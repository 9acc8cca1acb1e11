"""``python -m whereasync_guest.serve SERVER ARGS…``: runs a server that the project may lack.

Servers come from an overlay after the project's own path, so that its own versions win. A newcomer
would put the overlay on PYTHONPATH, which comes first. Workers get the path from this process:
forked ones with its memory, spawned ones from multiprocessing.
"""

from __future__ import annotations

import runpy
import sys

from whereasync_guest.entering import add_paths
from whereasync_guest.order import read_order


def main(argv: list[str]) -> None:
    """Run ``gunicorn``, ``uvicorn``, … as its own ``__main__``, or Django's ``runserver``."""
    server, *arguments = argv
    add_paths(read_order())
    if server == "runserver":
        from whereasync_guest.serving import run_development_server

        run_development_server(arguments)
        return
    sys.argv = [server, *arguments]
    runpy.run_module(server, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
