"""What a project calls while it is played: it reaches stand-ins, and nothing that is real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("trustme")
from tests.guarded import Outside, environment, run, skip_without_namespaces, wait_until
from tests.outgoing import PLAY, write_project
from tests.upstreams.really import HOST, PAGE, serve_really

from whereasync.upstreams import recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", autouse=True)
def namespaces() -> None:
    """Skip where none can be had."""
    skip_without_namespaces()


# ---------------------------------------------------------------- recorded, declared, replayed

SERVICES = {
    "shop/urls.py": f"""
import json
import urllib.request
from django.db import connection
from django.http import HttpResponse
from django.urls import path

def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()

def news(request):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO visit VALUES ('news')")
    return HttpResponse(fetch("https://{HOST}/page?apikey=s3cret"))

def price(request, code):
    return HttpResponse(str(json.loads(fetch("https://rates.example.com/latest"))[code]))

urlpatterns = [path("news/", news), path("price/<str:code>/", price)]
""",
    "shop/management/__init__.py": "",
    "shop/management/commands/__init__.py": "",
    "shop/management/commands/fill.py": """
from django.core.management import BaseCommand
from shop.urls import fetch
class Command(BaseCommand):
    def handle(self, **_):
        for name in ("rates", "shares"):
            try:
                fetch(f"https://{name}.example.com/latest")
            except OSError:
                self.stdout.write(f"no {name}")
""",
    "whereasync.toml": """
seed = ["fill"]
[[requests]]
name = "price"
path = "/price/{code}/"
fill.code = "'eur'"
[[stand-ins."https://rates.example.com".routes]]
path = "/latest"
json = {eur = 1.25}
latency = "5ms"
""",
}
# Goes through the door; the real service is on a port of this machine, and its authority a test's.
RECORD = """
from dataclasses import replace
from whereasync import cli

module = sys.modules["whereasync.cli.record"]
find, real = module.find_wanted, json.loads(sys.argv[2])
module.find_wanted = lambda opened: replace(find(opened), **real)
try:
    cli.main(["record", "--yes", "--config", sys.argv[1], "--python", sys.executable])
except SystemExit as left:
    print(json.dumps(left.code))
    sys.exit(left.code)
"""


def test_recorded_once_then_replayed(tmp_path: Path) -> None:
    """The client's own code asks the real service once, by TLS; a race hears it from the file."""
    database = write_project(tmp_path, SERVICES)
    before = database.read_bytes()
    with serve_really(tmp_path) as real:
        told = json.dumps({"addresses": dict(real.addresses), "trusted": real.trusted})
        assert run(RECORD, tmp_path, told) == 0
    recorded = recordings.read(recordings.locate(tmp_path, "calls"))
    assert [(each.method, each.url) for each in recorded.exchanges] == [
        ("GET", f"https://{HOST}/page?apikey=masked")
    ]
    [exchange] = recorded.exchanges
    assert exchange.latency > 0
    # The real service is gone; what the seed calls wasn't called for real.
    answers, said, _ = run(PLAY, tmp_path, "guarded", "/news/", "/price/eur/", "/news/")
    assert answers == [[200, PAGE], [200, "1.25"], [200, PAGE]]
    [unknown] = said
    assert unknown == "shop/urls.py, line 9 calls shares.example.com:443, and was refused"
    assert database.read_bytes() == before


@pytest.mark.skipif(not shutil.which("unshare"), reason="no unshare")
def test_without_a_namespace_nothing_is_recorded(tmp_path: Path) -> None:
    """And nobody is told to record in the real network."""
    write_project(tmp_path, SERVICES)
    limit = 'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"'
    outer = ["unshare", "--user", "--map-root-user", "sh", "-c", limit, "sh"]
    command = [sys.executable, "-m", "whereasync", "record", "--yes", "--quiet"]
    done = subprocess.run(
        [*outer, *command, "--config", tmp_path, "--python", sys.executable],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(),
    )
    assert (done.returncode, done.stdout) == (2, "")
    said, hint = done.stderr.splitlines()
    assert said.startswith("whereasync: the project can't be kept from calling out here: ")
    assert hint.endswith("declare what is called in [stand-ins]")


# ---------------------------------------------------------------- nothing leaves

PYTHONS = """
import socket, subprocess, sys
from django.http import HttpResponse
from django.urls import path
import psycopg

PORT, PATH, DIRECTORY = {port}, {path!r}, {directory!r}
NOBODYS = "198.51.100.1"  # RFC 5737

def tries(call):
    def view(request):
        try:
            call()
        except (OSError, psycopg.Error) as error:
            return HttpResponse(type(error).__name__)
        return HttpResponse("done")
    return view

def cache():
    socket.create_connection(("127.0.0.1", PORT), 5).close()

def socket_file():
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(PATH)

def libpq():
    psycopg.connect(f"host=127.0.0.1 port={{PORT}} connect_timeout=5")

def libpq_by_file():
    psycopg.connect(f"host={{DIRECTORY}} connect_timeout=5")

def child():
    code = f"import socket; socket.create_connection(('127.0.0.1', {{PORT}}), 5)"
    subprocess.run([sys.executable, "-c", code], check=False)

def curl():
    subprocess.run(["curl", "-s", "-m5", f"http://127.0.0.1:{{PORT}}/"], check=False)

def abroad():
    subprocess.run(["curl", "-s", "-m5", f"http://{{NOBODYS}}/"], check=False)

def abroad_by_name():
    socket.create_connection(("api.example.com", 443), 5)

views = [cache, socket_file, libpq, libpq_by_file, child, curl, abroad, abroad_by_name]
urlpatterns = [path(f"{{view.__name__}}/", tries(view)) for view in views]
"""
LOCAL = ("cache", "socket_file", "libpq", "libpq_by_file", "child", "curl")
ABROAD = ("abroad", "abroad_by_name")


@pytest.fixture
def outside() -> Iterator[Outside]:
    """Give a local service, as the user's Redis or PostgreSQL is one, that counts who connects."""
    server = Outside(Path(os.environ["TMPDIR"]))
    yield server
    server.close()


def write_callers(directory: Path, outside: Outside) -> str:
    """Write a project that calls that service; return its views."""
    text = PYTHONS.format(
        port=outside.port, path=str(outside.path), directory=str(outside.path.parent)
    )
    write_project(directory, {"shop/urls.py": text})
    return text


def play(
    directory: Path, guarding: str, names: tuple[str, ...]
) -> tuple[list[str], list[str], int]:
    """Ask each view once; return what they said, the caveats, and who looked for a way out."""
    answers, said, attempts = run(PLAY, directory, guarding, *(f"/{name}/" for name in names))
    assert [status for status, _ in answers] == [200] * len(names)
    return [text for _, text in answers], said, attempts


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is the child written in C")
def test_no_service_of_this_machine_hears_of_it(tmp_path: Path, outside: Outside) -> None:
    """Not from Python, C or a child; of Python's calls the file and the line are named."""
    text = write_callers(tmp_path, outside)
    answers, said, attempts = play(tmp_path, "guarded", LOCAL + ABROAD)
    assert outside.seen == {"tcp": 0, "unix": 0}
    assert attempts > 0  # curl's, to nobody's address
    assert answers[:4] == ["NotReachableError"] * 2 + ["OperationalError"] * 2
    assert answers[-1] == "UnknownNameError"
    lines = text.splitlines()
    for target, code in (
        (f"127.0.0.1:{outside.port}", "socket.create_connection(('127.0.0.1', PORT)"),
        (str(outside.path), "door.connect(PATH)"),
        ("api.example.com:443", "socket.create_connection(('api.example.com'"),
    ):
        [number] = [n for n, line in enumerate(lines, 1) if code in line.replace('"', "'").strip()]
        assert f"shop/urls.py, line {number} calls {target}, and was refused" in said
    assert len(said) == 3


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is the child written in C")
def test_unguarded_it_hears_of_them_all(tmp_path: Path, outside: Outside) -> None:
    """Or the test above couldn't fail."""
    write_callers(tmp_path, outside)
    answers, _, _ = play(tmp_path, "unguarded", LOCAL)
    assert answers[:2] == ["done"] * 2
    wait_until(lambda: outside.seen["tcp"] >= 4 and outside.seen["unix"] >= 2)
