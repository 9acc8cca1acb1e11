"""HTTP clients that live as long as they can: one a process, and for async one an event loop.

Making an httpx client costs tens of milliseconds of CPU, nearly all of it for a TLS context, and
loses the open connections of the one before. Both are made at first use, hence after a server has
forked.
"""

import asyncio
from functools import cache

import aiohttp
import httpx

CONNECTIONS = 1000  # at most, to one service; further calls wait for a free one
TIMEOUT = 30  # s

_sessions = {}  # event loop → its session, and the generator that keeps it open


@cache
def sync_client():
    """Return this process's httpx client, which all its threads may use."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx.Client(timeout=TIMEOUT, limits=limits)


async def async_session():
    """Return this event loop's aiohttp session: aiohttp, for it was measured to be the fastest.

    A session belongs to the loop it was made in. Under ASGI that is the process's only one; under
    WSGI every async view runs in a loop of its own, and so would fail with another one's session.
    """
    loop = asyncio.get_running_loop()
    if loop not in _sessions:
        keeper = keep_session(loop)
        _sessions[loop] = await keeper.__anext__(), keeper
    session, _keeper = _sessions[loop]
    return session


async def keep_session(loop):
    """Yield a session that is closed when its loop ends.

    Nobody finishes this generator: the loop does it as it shuts down, the last moment at which the
    session can be closed in order. Django has no hook for that. Unreferenced, it would end at once.
    """
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        try:
            yield session
        finally:
            del _sessions[loop]
