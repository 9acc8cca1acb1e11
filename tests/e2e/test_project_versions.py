"""The demo project under the oldest and the newest Python and Django that it promises to run on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import whereasync

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(whereasync.__file__).parent / "demo" / "project"
TOUR = Path(__file__).parent.parent / "demo" / "tour.py"
CLIENTS = ("httpx", "aiohttp")
STACKS = {
    "3.9": ("Django>=4.1,<4.2", "psycopg2-binary", *CLIENTS),
    "3.13": ("Django>=6.1,<6.2", "psycopg[binary]", *CLIENTS),
}
DJANGOS = {"3.9": "4.1", "3.13": "6.1"}

pytestmark = pytest.mark.server


def find_interpreter(version: str) -> str | None:
    """Return a Python of that version that works: pyenv's newest one, or the one on PATH."""
    candidates: list[Path] = []
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], check=True, capture_output=True, text=True).stdout
        found = Path(root.strip(), "versions").glob(f"{version}.*/bin/python")
        candidates += sorted(
            found, key=lambda path: int(path.parts[-3].split(".")[2]), reverse=True
        )
    candidates += [Path(path) for path in [shutil.which(f"python{version}")] if path]
    for candidate in candidates:
        said = subprocess.run(  # a pyenv shim may exist for a version that isn't selected
            [candidate, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"],
            check=False,
            capture_output=True,
            text=True,
        )
        if said.stdout.strip() == version:
            return str(candidate)
    return None


def build_stack(version: str) -> Path:
    """Return the Python of a virtual environment with the stack, from the cache if it is there.

    It is complete once its marker is written; an interrupted one is built again.
    """
    interpreter = find_interpreter(version)
    if interpreter is None:
        pytest.skip(f"no Python {version} here: `pyenv install {version}` adds one")
    requirements = STACKS[version]
    digest = hashlib.sha256("\n".join([interpreter, *requirements]).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    stack = cache / "whereasync" / "test-stacks" / f"{version}-{digest}"
    python, marker = stack / "bin" / "python", stack / "complete"
    if not marker.exists():
        subprocess.run([interpreter, "-m", "venv", "--clear", stack], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *requirements], check=True)
        marker.touch()
    return python


class Rates(BaseHTTPRequestHandler):
    """Answers every call that has the key with two days of rates."""

    def do_GET(self) -> None:
        """Answer."""
        days = {"2016-01-02": {"AED": 4.0, "USD": 1.0}, "2016-01-03": {"AED": 4.25, "USD": 1.25}}
        body = json.dumps({"success": True, "base": "EUR", "rates": days}).encode()
        self.send_response(200 if self.headers["apikey"] == "key" else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def rates_url() -> Iterator[str]:
    """Serve the rates on a real socket."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Rates) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/timeseries"
        server.shutdown()
        thread.join()


def take_tour(python: Path, rates_url: str, database: Path) -> Any:
    """Run the tour in that stack; return what it says, once it has complained of nothing."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": f"sqlite://{database}",
        "RATES_URL": rates_url,
        "RATES_KEY": "key",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    finished = subprocess.run(
        [python, TOUR], check=False, capture_output=True, cwd=PROJECT, env=environment, text=True
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.splitlines() == [
        "System check identified no issues (1 silenced).",
        "Loaded 5 of each model.",
    ]
    return json.loads(finished.stdout)


@pytest.mark.parametrize("version", STACKS)
def test_every_view_answers_alike_on_the_oldest_and_the_newest_stack(
    version: str, rates_url: str, tmp_path: Path
) -> None:
    """Checks, migrations and data load too; sync and async of a same-work pair say the same."""
    said = take_tour(build_stack(version), rates_url, tmp_path / "cars.sqlite3")
    assert said["python"].startswith(f"{version}.")
    assert said["django"].startswith(DJANGOS[version])
    answers = said["answers"]
    assert all(answer["timed"] for answer in answers.values())
    statuses = {name: answer["status"] for name, answer in answers.items()}
    odd = {"GET /private/": 302}
    if version == "3.9":
        odd["POST /relation/async-aadd/"] = 404  # it came with Django 4.2
    assert statuses == {name: odd.get(name, 200) for name in answers}
    texts = {name: answer["text"] for name, answer in answers.items()}
    for shared in (
        [
            "GET /same-work/cars/sync/",
            "GET /same-work/cars/async/",
            "GET /advised/cars/sync/",
            "GET /advised/cars/async/",
        ],
        ["POST /same-work/cars/sync/", "POST /same-work/cars/async/"],
        [
            "GET /same-work/rates/sync/",
            "GET /same-work/rates/async/",
            "GET /advised/rates/sync/",
            "GET /advised/rates/async/",
            "GET /advised/rates/async-in-turn/",
        ],
        ["POST /as-written/cars/sync/", "POST /as-written/cars/async/"],
        ["GET /plain/hello/sync/", "GET /plain/hello/async/"],
        ["GET /plain/query/sync/", "GET /plain/query/async/"],
        ["GET /planted/sync/", "GET /planted/async/"],
        ["GET /orm/sync/", "GET /orm/async/", "GET /orm/async-coalesced/"],
        [name for name in texts if name.startswith("GET /streaming/")],
        [name for name in texts if name.startswith("GET /events/")],
    ):
        assert {texts[name] for name in shared} == {texts[shared[0]]}
    assert texts["GET /events/sync/"] == "event: hello\ndata: 1\n\n"
    assert json.loads(texts["GET /advised/rates/sync/"]) == {
        "calls": 1,
        "days": 2,
        "currencies": 2,
        "total": 10.5,
    }
    # The two POSTs as written leave a car each, before the later families are asked.
    assert said["cars"] == 7
    assert len(json.loads(texts["GET /advised/cars/sync/"])["cars"]) == 7
