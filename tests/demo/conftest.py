"""The demo project in this process, on SQLite, with a rates API on a real socket.

The project is no package of ours: it is put on ``sys.path`` and imported as its own users would.
Its modules come as fixtures, for they can be imported only once the settings are known.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import whereasync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(whereasync.__file__).parent / "demo" / "project"
KEY = "a key of the tests"
YEAR = {
    "success": True,
    "timeseries": True,
    "start_date": "2016-01-02",
    "end_date": "2017-01-01",
    "base": "EUR",
    "rates": {f"2016-01-{day:02}": {"AED": 4.0 + day / 8, "USD": 1.0625} for day in range(2, 32)},
}
CARS = 25  # above 20, so that there are late parts


class RatesApi(ThreadingHTTPServer):
    """A rates API that knows how many calls it held at once, and from how many connections."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RatesHandler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/timeseries"
        self.changed = threading.Condition()
        self.forget()

    def forget(self, *, hold_until: int = 1) -> None:
        """Start counting anew; hold each answer until so many calls have been here at once."""
        self.hold_until = hold_until
        self.status = 200
        self.paths: list[str] = []
        self.connections: set[Any] = set()
        self.held = self.most_held = 0

    def hold(self) -> None:
        """Return when enough calls are here at once; give up after 10 s."""
        with self.changed:
            self.held += 1
            self.most_held = max(self.most_held, self.held)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most_held >= self.hold_until, timeout=10)
            self.held -= 1


class RatesHandler(BaseHTTPRequestHandler):
    """Answers a call with the year, or with what is wrong with it."""

    protocol_version = "HTTP/1.1"
    server: RatesApi

    def do_GET(self) -> None:
        """Note the call, hold it, answer it."""
        self.server.paths.append(self.path)
        self.server.connections.add(self.client_address)
        self.server.hold()
        status = self.server.status if self.headers["apikey"] == KEY else 401
        body = json.dumps(YEAR if status == 200 else {"message": "no"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="session")
def running_rates_api() -> Iterator[RatesApi]:
    """Serve the rates API in a thread."""
    with RatesApi() as api:
        thread = threading.Thread(target=api.serve_forever, args=(0.01,))
        thread.start()
        yield api
        api.shutdown()
        thread.join()


@pytest.fixture
def rates_api(running_rates_api: RatesApi) -> RatesApi:
    """Give a rates API that has forgotten all earlier calls."""
    running_rates_api.forget()
    return running_rates_api


@pytest.fixture(scope="session")
def site(
    running_rates_api: RatesApi, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Any]]:
    """Set the project up and migrate it; give a function that imports a module by its name."""
    database = tmp_path_factory.mktemp("site") / "cars.sqlite3"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PROJECT)
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setenv("DJANGO_SETTINGS_MODULE", "demosite.settings")
        patch.setenv("DATABASE_URL", f"sqlite://{database}")
        patch.setenv("RATES_URL", running_rates_api.url)
        patch.setenv("RATES_KEY", KEY)
        patch.setenv("NO_PROXY", "127.0.0.1")
        importlib.import_module("django").setup()
        importlib.import_module("django.test.utils").setup_test_environment()
        importlib.import_module("django.core.management").call_command("migrate", verbosity=0)
        yield importlib.import_module
        importlib.import_module("cars.clients").sync_client().close()
        importlib.import_module("django.db").connections.close_all()


@pytest.fixture
def cars(site: Callable[[str], Any]) -> Any:
    """Give the models, with 25 cars in the tables."""
    site("cars.fleet").load(CARS)
    return site("cars.models")


@pytest.fixture
def ask(site: Callable[[str], Any], rates_api: RatesApi) -> Callable[..., Any]:
    """Give a function that asks a view as its own kind of server would, for the response."""
    to_sync = site("asgiref.sync").async_to_sync
    test = site("django.test")

    def ask_view(path: str, *, method: str = "GET", form: dict[str, str] | None = None) -> Any:
        if "async" in path:
            client = test.AsyncClient(raise_request_exception=False)
            return to_sync(getattr(client, method.lower()))(path, form or {})
        client = test.Client(raise_request_exception=False)
        return getattr(client, method.lower())(path, form or {})

    return ask_view
