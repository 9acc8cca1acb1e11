"""Stand-ins for services that a project calls, with a latency that is known.

``serve()`` runs one as its own process. The real service would make every figure its own
variation; a stand-in waits as long as it is told to, and answers with bytes built once.
"""

from __future__ import annotations

import importlib.util
import secrets
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.processes import wait_ready
from whereasync.upstreams.latency import parse_latency
from whereasync.upstreams.rates import PATH, SIZES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.model import Upstream
    from whereasync.processes import Supervisor

_STARTED = 30.0  # s, ample for building the answer


def check(upstream: Upstream) -> None:
    """Refuse what ``rates`` or ``latency`` can't be with BadInputError."""
    parse_latency(upstream.latency)
    if upstream.rates not in SIZES:
        raise BadInputError(
            f"there are no “{upstream.rates}” rates", f"--rates takes {' or '.join(SIZES)}"
        )


@contextmanager
def serve(upstream: Upstream, supervisor: Supervisor) -> Iterator[str]:
    """Run the stand-in while the context lasts and give the API's address.

    BadInputError where aiohttp is missing, WhereAsyncError where it doesn't start.
    """
    check(upstream)
    if importlib.util.find_spec("aiohttp") is None:
        raise BadInputError(
            "the stand-in API needs aiohttp, which isn't installed",
            "pip install 'whereasync[demo]'",
        )
    port = supervisor.directory / f"{secrets.token_hex(4)}.port"
    child = supervisor.spawn(
        [
            *(sys.executable, "-m", "whereasync.upstreams.standin"),
            f"--rates={upstream.rates}",
            f"--latency={upstream.latency}",
            f"--seed={upstream.seed}",
            f"--pieces={upstream.pieces}",
            f"--pause={upstream.pause}",
            f"--port-file={port}",
        ],
        name="standin",
    )
    try:
        wait_ready(child, port.exists, deadline=_STARTED)
        yield f"http://127.0.0.1:{port.read_text()}{PATH}"
    finally:
        with suppress(WhereAsyncError):  # the supervisor is dead, and the stand-in with it
            child.stop()
