"""The site as an ASGI application on a bounded number of threads: ``demosite.bounded:application``.

Django gives each request a thread of its own, made and ended with it, and with the thread goes its
database connection. Here requests take turns on threads that stay: with ``CONN_MAX_AGE`` their
connections stay too. What user code leaves in a ``threading.local`` stays as well, as under WSGI.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from asgiref.sync import ThreadSensitiveContext

from demosite.asgi import application as site


class Bounded:
    """Runs an ASGI application, with the sync code of a request on one of ``number`` threads.

    A request waits for a free thread before it begins, and has it until it ends. Each thread is an
    executor of its own, for asgiref asks for one that runs a call at a time on one thread: a
    ThreadPoolExecutor of many would spread a request's queries over several connections.
    """

    def __init__(self, application, number):
        self.application = application
        self.threads = [ThreadPoolExecutor(1, f"request-{i}") for i in range(number)]
        self.free = None  # a queue belongs to the event loop that it is made in

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        # The context leaves the executor alone when it ends; Django's own, inside, does nothing.
        async with self.thread() as executor, ThreadSensitiveContext(executor=executor):
            await self.application(scope, receive, send)

    @asynccontextmanager
    async def thread(self):
        """Give a thread that is free: the one used last, so that few clients need few of them."""
        if self.free is None:
            self.free = asyncio.LifoQueue()
            for executor in self.threads:
                self.free.put_nowait(executor)
        executor = await self.free.get()
        try:
            yield executor
        finally:
            self.free.put_nowait(executor)


application = Bounded(site, int(os.environ.get("THREADS") or 16))
