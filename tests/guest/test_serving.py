"""The entry points for servers, and servers from an overlay that the project's Python lacks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
import venv
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import pytest
from tests.bakery import GUEST, Bakery, open_bakery

if TYPE_CHECKING:
    from collections.abc import Iterator

OVERLAY = str(Path(django.__file__).parent.parent)
TELL = f"""
    import multiprocessing
    import os
    import sys

    from django.http import JsonResponse
    from django.urls import path

    from bakery import views

    def tell(request):
        return JsonResponse({{
            "overlay": sys.path.index({OVERLAY!r}),
            "last": len(sys.path) - 1,
            "server": request.META["SERVER_PORT"],
            "pid": os.getpid(),
            "lifespan": os.environ.get("LIFESPAN", ""),
            "interface": type(request).__name__,
        }})

    urlpatterns = [path("", tell), path("detail/<int:pk>/", views.detail)]
"""  # braces
LIFESPAN = """
    import os

    from django.core.asgi import get_asgi_application

    django_application = get_asgi_application()

    async def application(scope, receive, send):
        if scope["type"] != "lifespan":
            await django_application(scope, receive, send)
            return
        assert (await receive())["type"] == "lifespan.startup"
        os.environ["LIFESPAN"] = "started"
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        await send({"type": "lifespan.shutdown.complete"})
"""
ASGI, WSGI = "whereasync_guest.asgi:application", "whereasync_guest.wsgi:application"
SERVERS = {
    "daphne": ["daphne", "-e", "tcp:port={port}:interface=127.0.0.1", ASGI],
    "granian": ["granian", "--interface", "asgi", "--port", "{port}", "--workers", "1", ASGI],
    "gunicorn": ["gunicorn", "--bind", "127.0.0.1:{port}", "--workers", "2", WSGI],
    "hypercorn": ["hypercorn", "--bind", "127.0.0.1:{port}", ASGI],
    "runserver": ["runserver", "--noreload", "127.0.0.1:{port}"],
    "uvicorn": ["uvicorn", "--port", "{port}", "--workers", "2", ASGI],
}
PATIENCE = 60.0  # s


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter that has nothing, neither servers nor Django."""
    home = tmp_path_factory.mktemp("bare")
    venv.create(home, symlinks=True)
    return home / "bin" / "python"


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    """Return a project that tells how it is served."""
    bakery = open_bakery(tmp_path)
    bakery.write({"bakery/urls.py": TELL, "bakery/asgi.py": LIFESPAN})
    bakery.migrate()
    return bakery


def serve(bakery: Bakery, python: Path, server: str, **order: Any) -> Iterator[dict[str, Any]]:
    """Serve by the launcher, and give what the project tells."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    written = bakery.directory / f"{server}.json"
    told = bakery.tell(overlay=[OVERLAY], **order)
    written.write_text(json.dumps(told))
    arguments = [each.format(port=port) for each in SERVERS[server]]
    with (bakery.directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "whereasync_guest.serve", *arguments],
            cwd=bakery.directory,
            env={**os.environ, "PYTHONPATH": str(GUEST), "WHEREASYNC_ORDER": str(written)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield {**fetch(process, port, bakery.directory / "log"), "root": process.pid}
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def fetch(process: subprocess.Popen[bytes], port: int, log: Path) -> dict[str, Any]:
    """Return the first answer."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            told: dict[str, Any] = json.load(answer)
            return told
        time.sleep(0.02)
    raise AssertionError(log.read_text())


LOOK = """
import json
from whereasync_guest import asgi, serving, wsgi
from whereasync_guest.answer import GuestError
try:
    serving.find("bakery.views:missing")
except GuestError as error:
    said = error.what
print(json.dumps([type(asgi.application).__name__, wsgi.application.__module__, said]))
"""


def test_entry_points(bakery: Bakery) -> None:
    """A project without asgi.py gets Django's application; a name of its own is imported."""
    bakery.write(
        {
            "bakery/other.py": """
        def serve(environ, start_response):
            raise NotImplementedError
    """
        }
    )
    ran = bakery.run(["-c", LOOK], bakery.tell(wsgi="bakery.other.serve"))
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told == ["ASGIHandler", "bakery.other", "bakery.views has no “missing”"]


ERRORS = """
from django.core.signals import got_request_exception
from whereasync_guest import wsgi
for number in range(7):
    try:
        raise ValueError(f"loaf {number} is burnt")
    except ValueError:
        got_request_exception.send(sender=None)
"""


def test_the_first_server_errors_are_told(bakery: Bakery) -> None:
    """With their traceback, DEBUG or not; one that repeats under load doesn't fill the log."""
    bakery.say("DEBUG = False")
    ran = bakery.run(["-c", ERRORS], bakery.tell())
    assert ran.returncode == 0, ran.stderr
    assert [f"loaf {number} is burnt" in ran.stderr for number in range(7)] == [True] * 5 + [
        False
    ] * 2
    assert ran.stderr.count("Traceback (most recent call last)") == 5


def test_launched_module(bakery: Bakery, tmp_path: Path) -> None:
    """A server's module runs as __main__ from the overlay, where the project's own come first."""
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "anyserver.py").write_text(
        "import shared, sys; print(__name__, sys.argv, shared.OF)"
    )
    (overlay / "shared.py").write_text("OF = 'the overlay'")
    bakery.write({"shared.py": "OF = 'the project'"})
    launch = ["-m", "whereasync_guest.serve", "anyserver", "--port", "1"]
    ran = bakery.run(launch, bakery.tell(overlay=[str(overlay)]))
    assert ran.stdout.startswith("__main__ ")
    assert ran.stdout.endswith("'--port', '1'] the project\n")


@pytest.mark.server
@pytest.mark.parametrize("server", SERVERS)
def test_server_from_the_overlay(bakery: Bakery, bare: Path, server: str) -> None:
    """A server that the interpreter lacks serves, and its workers see the overlay too, last."""
    order = {"asgi": "bakery.asgi:application"} if server in {"uvicorn", "hypercorn"} else {}
    for told in serve(bakery, bare, server, **order):
        assert told["overlay"] == told["last"]
        assert (told["pid"] == told["root"]) == (server in {"daphne", "runserver"})
        expected = "WSGIRequest" if server in {"gunicorn", "runserver"} else "ASGIRequest"
        assert told["interface"] == expected
        assert told["lifespan"] == ("started" if order else "")
