"""A tiny project, called by WSGI, by ASGI and by manage.py, and a supervisor to serve it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from whereasync.processes import Supervisor, supervised
from whereasync.servers import App

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = """
import json, os, threading, time

def answer(path, scope_root):
    if path == "/broken":
        raise RuntimeError("the view is broken")
    if path == "/hang":
        time.sleep(600)
    return json.dumps({
        "pid": os.getpid(), "threads": threading.active_count(), "root": scope_root,
        "word": os.environ.get("WORD", ""), "cores": sorted(os.sched_getaffinity(0)),
    }).encode()

def wsgi(environ, start_response):
    body = answer(environ["PATH_INFO"], environ["SCRIPT_NAME"])
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    body = answer(scope["path"], scope.get("root_path", ""))
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""

MANAGE = """
import sys
from django.conf import settings
from django.core.management import execute_from_command_line

settings.configure(ALLOWED_HOSTS=["*"], WSGI_APPLICATION="site_of_ours.wsgi")
execute_from_command_line(sys.argv)
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Start a supervisor."""
    with supervised() as started:
        yield started


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Write a tiny project."""
    (tmp_path / "site_of_ours.py").write_text(SITE)
    (tmp_path / "manage.py").write_text(MANAGE)
    return App(
        python=Path(sys.executable),
        directory=tmp_path,
        wsgi="site_of_ours:wsgi",
        asgi="site_of_ours:asgi",
    )
