"""Every HTTP client that is installed asks URL the way a project would; prints name → outcome.

Run as a script in a network apart. Nothing here knows of whereasync.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HOST, PATH = "api.example.com", "/items/7"
URL = f"https://{HOST}{PATH}"
TIMEOUT = 10


def by_http_client() -> Any:
    """Ask twice on one connection."""
    connection = http.client.HTTPSConnection(HOST, timeout=TIMEOUT)
    try:
        for _ in range(2):
            connection.request("GET", PATH)
            answer = json.load(connection.getresponse())
    finally:
        connection.close()
    return answer


def by_urllib_request() -> Any:
    """Ask as the standard library's manual does."""
    with urllib.request.urlopen(URL, timeout=TIMEOUT) as answer:
        return json.load(answer)


def by_urllib3() -> Any:
    """Ask by a pool."""
    import urllib3

    with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as pool:
        return json.loads(pool.request("GET", URL).data)


def by_requests() -> Any:
    """Ask with the module's own function."""
    import requests

    return requests.get(URL, timeout=TIMEOUT).json()


def by_niquests() -> Any:
    """Ask with the module's own function."""
    import niquests

    return niquests.get(URL, timeout=TIMEOUT).json()


def by_httpx() -> Any:
    """Ask with the module's own function."""
    import httpx

    return httpx.get(URL, timeout=TIMEOUT).json()


def by_httpx_trust_env() -> Any:
    """Ask with a client that reads no environment."""
    import httpx

    with httpx.Client(trust_env=False, timeout=TIMEOUT) as client:
        return client.get(URL).json()


def by_aiohttp() -> Any:
    """Ask twice, the second time on the same connection."""
    import asyncio

    import aiohttp

    async def ask() -> Any:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT)) as session:
            for _ in range(2):
                async with session.get(URL) as answer:
                    found = await answer.json()
        return found

    return asyncio.run(ask())


def by_pinned() -> Any:
    """Ask with a client that trusts nobody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connection = http.client.HTTPSConnection(HOST, timeout=TIMEOUT, context=context)
    try:
        connection.request("GET", PATH)
    except ssl.SSLCertVerificationError:
        return "refused"
    finally:
        connection.close()
    return "not refused"


def by_fingerprint() -> Any:
    """Ask with a client that knows its service's certificate."""
    import urllib3

    with urllib3.PoolManager(assert_fingerprint="00" * 32, timeout=TIMEOUT, retries=False) as pool:
        try:
            pool.request("GET", URL)
        except urllib3.exceptions.SSLError:
            return "refused"
    return "not refused"


def main(names: list[str]) -> None:
    """Ask with each, and print what came."""
    outcomes = {}
    for name in names:
        ask: Callable[[], Any] = globals()[f"by_{name}"]
        try:
            outcomes[name] = ask()
        except ImportError:
            outcomes[name] = "not installed"
        except Exception as error:  # noqa: BLE001 # the test shows it
            outcomes[name] = repr(error)
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main(sys.argv[1:])
