"""The ways in which tests ask a view without a server, each timed as a client would see it.

One event loop serves all async ways, as a test runner's does. A newcomer would measure one request
at a time only: the tools differ most from a server when several are under way at once.
"""

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from asgiref.sync import ThreadSensitiveContext
from django.core.handlers.asgi import ASGIHandler
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory
from django.urls import resolve

VIEW_TIME = re.compile(r"view;dur=([0-9.]+)")


class UnexpectedAnswerError(Exception):
    pass


class Emulator:
    """Sends bursts; ``close()`` ends its threads and its loop."""

    def __init__(self, most):
        """Take how many requests are under way at most."""
        self.pool = ThreadPoolExecutor(most)
        self.loop = asyncio.new_event_loop()
        self.handler = ASGIHandler()

    def close(self):
        self.pool.shutdown()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

    def send(self, way, variant, path, clients):
        """Return the s until the last of the answers was there, and the views' own mean of s."""
        begin = time.perf_counter()
        if way == "Client" or (way == "request factory" and variant == "sync"):
            ask = ask_client if way == "Client" else ask_factory
            answers = self.ask_in_threads(ask, path, clients)
        else:
            ask = {
                "request factory": ask_async_factory,
                "AsyncClient": ask_async_client,
                "AsyncClient, wrapped": ask_wrapped,
                "ASGI handler": self.ask_handler,
            }[way]
            answers = self.loop.run_until_complete(ask_at_once(ask, path, clients))
        seconds = time.perf_counter() - begin
        return seconds, sum(map(read_view_time, answers)) / clients

    def ask_in_threads(self, ask, path, clients):
        """Ask from as many threads: the test client has no other way to do it at once."""
        if clients == 1:
            return [ask(path)]
        return list(self.pool.map(ask, [path] * clients))

    async def ask_handler(self, path):
        """Call the application as a server does, which enters a ThreadSensitiveContext."""
        body = asyncio.Queue()
        body.put_nowait({"type": "http.request", "body": b""})
        sent = []

        async def send(message):
            sent.append(message)

        await self.handler(scope_of(path), body.get, send)
        headers = {name.decode().title(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers


async def ask_at_once(ask, path, clients):
    return await asyncio.gather(*(ask(path) for _ in range(clients)))


def ask_client(path):
    return describe(Client().get(path))


def ask_factory(path):
    """Call the view itself: no middleware, no signals."""
    view, args, kwargs = resolve(urlsplit(path).path)
    return describe(view(RequestFactory().get(path), *args, **kwargs))


async def ask_async_client(path):
    return describe(await AsyncClient().get(path))


async def ask_wrapped(path):
    """Ask as above, in a thread of its own for whatever is sync, as under a server."""
    async with ThreadSensitiveContext():
        return describe(await AsyncClient().get(path))


async def ask_async_factory(path):
    view, args, kwargs = resolve(urlsplit(path).path)
    return describe(await view(AsyncRequestFactory().get(path), *args, **kwargs))


def scope_of(path):
    parts = urlsplit(path)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


def describe(response):
    return response.status_code, response.headers


def read_view_time(answer):
    """Return the s that the view took by its own clock."""
    status, headers = answer
    found = VIEW_TIME.search(headers.get("Server-Timing", ""))
    if status != 200 or not found:
        raise UnexpectedAnswerError(f"answered {status}")
    return float(found[1]) / 1000
