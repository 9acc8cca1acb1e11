"""The site as an ASGI application whose requests share a few threads: ``application``.

Django's own gives each request a thread for its synchronous code, and keeps it until the answer has
ended: a client that listens for events holds one all the while, though its view is async. asgiref
3.13 lets us hand the threads in: each an executor of its own, for a request must stay on one.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

from asgiref.sync import ThreadSensitiveContext

from demosite.asgi import application as django_application

THREADS = 16

_executors = cycle([ThreadPoolExecutor(max_workers=1) for _ in range(THREADS)])


async def application(scope, receive, send):
    async with ThreadSensitiveContext(executor=next(_executors)):
        await django_application(scope, receive, send)
