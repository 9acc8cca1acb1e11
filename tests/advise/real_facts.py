"""What the rules of ``check`` rest on, seen happen in the installed Django: one JSON object.

A process of its own, since Django's settings can be configured once. Each fact is a function that
returns what it saw; the tests say what it ought to be.
"""

import asyncio
import gc
import json
import sys
import threading
from importlib import import_module
from pathlib import Path

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections, transaction
from django.db.backends.signals import connection_created
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import setup_test_environment
from django.urls import path

REQUESTS = 6
LONG = 0.3  # s in which two views that run at once have met
loops = []
meeting = threading.Barrier(2)
met = []


def query(request):
    """Ask the database, as most views do."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse()


async def note_loop(request):
    """Note the loop that runs this."""
    loops.append(asyncio.get_running_loop())
    return HttpResponse()


@transaction.non_atomic_requests
async def exempt(request):
    """Stay outside of ATOMIC_REQUESTS."""
    return HttpResponse()


def meet(request):
    """Wait for another view that runs at the same time."""
    try:
        meeting.wait(LONG)
        met.append(True)
    except threading.BrokenBarrierError:
        met.append(False)
    return HttpResponse()


urlpatterns = [
    path("query/", query),
    path("loop/", note_loop),
    path("exempt/", exempt),
    path("meet/", meet),
]


async def ask(handler, where):
    """Send a request through an ASGI handler, and return the status."""
    sent = []
    begun = [{"type": "http.request", "body": b""}]
    never = asyncio.get_running_loop().create_future()

    async def receive():
        return begun.pop() if begun else await never

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"testserver")]
    scope = {"type": "http", "method": "GET", "path": where, "headers": headers}
    await handler({**scope, "query_string": b""}, receive, send)
    return sent[0]["status"]


def count_open(database):
    """Count the open connections to a SQLite file: each holds a descriptor."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found += str(entry.readlink()) == str(database)
        except OSError:
            continue
    return found


def keep_connections(age):
    """Return how many connections so many requests opened, one at a time, and left open.

    The garbage collector closes some of them when it happens to come by; here it doesn't.
    """
    connections.settings["default"]["CONN_MAX_AGE"] = age
    handler = ASGIHandler()
    opened = []
    connection_created.connect(lambda **_: opened.append(1), weak=False, dispatch_uid="opened")

    async def send_all():
        assert {await ask(handler, "/query/") for _ in range(REQUESTS)} == {200}
        return count_open(settings.DATABASES["default"]["NAME"])

    gc.collect()
    gc.disable()
    try:
        return {"left": asyncio.run(send_all()), "opened": len(opened)}
    finally:
        gc.enable()
        gc.collect()
        connection_created.disconnect(dispatch_uid="opened")


def raise_atomic():
    """Return the statuses of an async view and an exempt one where requests are atomic."""
    connections.settings["default"]["ATOMIC_REQUESTS"] = True
    handler = ASGIHandler()
    try:
        return [asyncio.run(ask(handler, where)) for where in ("/loop/", "/exempt/")]
    finally:
        connections.settings["default"]["ATOMIC_REQUESTS"] = False


def say_atomic():
    """Return what Django says of it."""
    connections.settings["default"]["ATOMIC_REQUESTS"] = True
    try:
        Client().get("/loop/")
    except RuntimeError as error:
        return str(error)
    finally:
        connections.settings["default"]["ATOMIC_REQUESTS"] = False
    return ""


def serve_by_wsgi():
    """Return how many loops, and how many of them still open, so many calls took by WSGI."""
    loops.clear()
    handler = WSGIHandler()
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/loop/", "SERVER_NAME": "testserver"}
    environ |= {"SERVER_PORT": "80", "wsgi.input": sys.stdin.buffer, "wsgi.url_scheme": "http"}
    for _ in range(REQUESTS):
        handler(environ, lambda *_: None).close()
    return count_loops()


def call_client():
    """Return the same of the test client."""
    loops.clear()
    client = Client()
    for _ in range(REQUESTS):
        client.get("/loop/")
    return count_loops()


def serve_by_asgi():
    """Return the same of the ASGI handler."""
    loops.clear()
    handler = ASGIHandler()

    async def send_all():
        for _ in range(REQUESTS):
            await ask(handler, "/loop/")

    asyncio.run(send_all())
    return count_loops()


def count_loops():
    """Return how many loops there were."""
    return len({id(loop) for loop in loops})


def run_at_once(ask_one):
    """Tell whether two sync views ran at the same time."""
    met.clear()
    meeting.reset()

    async def send_both():
        await asyncio.gather(ask_one("/meet/"), ask_one("/meet/"))

    asyncio.run(send_both())
    return met == [True, True]


def find_runserver(name):
    """Return the interface by which an application's runserver calls the project."""
    from django.core.management.commands import runserver

    command = import_module(f"{name}.management.commands.runserver").Command
    is_djangos = command.inner_run is runserver.Command.inner_run
    is_wsgi = isinstance(runserver.Command().get_handler(), WSGIHandler)
    return "wsgi" if is_djangos and is_wsgi else "another"


def refuse_pool():
    """Return what Django says of a pool whose connections are to be kept as well."""
    base = import_module("django.db.backends.postgresql.base")
    settings_ = {**connections["default"].settings_dict, "OPTIONS": {"pool": True}}
    try:
        _ = base.DatabaseWrapper({**settings_, "CONN_MAX_AGE": 60, "NAME": "x"}).pool
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def main(database):
    """Print what was seen."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="facts",
        LOGGING_CONFIG=None,
        MIDDLEWARE=[],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        USE_TZ=True,
    )
    django.setup()
    seen = {
        "kept 0": keep_connections(0),
        "kept 60": keep_connections(60),
        "kept None": keep_connections(None),
        "atomic": raise_atomic(),
        "wsgi": serve_by_wsgi(),
        "asgi": serve_by_asgi(),
    }
    handler = ASGIHandler()
    seen["at once asgi"] = run_at_once(lambda where: ask(handler, where))
    setup_test_environment()
    client = AsyncClient()
    seen["at once client"] = run_at_once(client.get)
    seen["client"] = call_client()
    seen["atomic says"] = say_atomic()
    seen["runserver"] = find_runserver("django.core")
    seen["runserver of daphne"] = find_runserver("daphne")
    seen["pool says"] = refuse_pool()
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1])
