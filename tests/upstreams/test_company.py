"""Stand-ins for a project's services, asked by real clients in a network apart."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("trustme")
from tests.upstreams.apart import Apart, live_apart
from tests.upstreams.really import HOST, PAGE, serve_really

from whereasync.bench.recording import Passage, record
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import (
    Exchange,
    Listener,
    Recording,
    Request,
    StandIn,
    StandInRoute,
    StandIns,
)
from whereasync.processes import Supervisor, supervised
from whereasync.upstreams import recordings
from whereasync.upstreams.company import ADDRESS, Company, Wanted, keep_company

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whereasync.upstreams.surroundings import Surroundings

pytestmark = pytest.mark.server
HERE = Path(__file__).parent
ORIGIN = f"https://{HOST}"
JSON = (("Content-Type", "application/json"),)
ITEM = b'{"id": 7}'
ROUTE = StandInRoute(path="/items/{id}", method="GET", headers=JSON, body=ITEM, latency="1ms")
DECLARED = StandIns(declared=(StandIn(origin=ORIGIN, routes=(ROUTE,)),))
LOOPBACK = (
    Listener(address="127.0.0.1", port=0, is_tls=True),
    Listener(address="127.0.0.1", port=0, is_tls=False),
)


def furnish(apart: Apart, surroundings: Surroundings, directory: Path) -> None:
    """Give the network apart the names and the files that its clients need."""
    hosts = directory / "hosts"
    lines = ["127.0.0.1 localhost", *(f"{ip} {name}" for name, ip in surroundings.names.items())]
    hosts.write_text("\n".join(lines) + "\n")
    apart.mount({"/etc/hosts": str(hosts), **surroundings.mounts})


def find_packages() -> tuple[Path, ...]:
    """Return where this interpreter's distributions lie."""
    return tuple(Path(each) for each in sys.path if each.endswith("-packages"))


def test_clients_run_unmodified(tmp_path: Path) -> None:
    """Python's and C's, with the environment or without; who refuses all the same is named."""
    wanted = Wanted(stand_ins=DECLARED, paths=find_packages(), answers_names=True)
    with (
        live_apart() as apart,
        supervised() as supervisor,
        keep_company(wanted, supervisor, open_doors=apart.run) as company,
    ):
        furnish(apart, company.surroundings, tmp_path)
        environment = company.surroundings.environment
        names = ["http_client", "urllib_request", "urllib3", "requests", "niquests"]
        names += ["httpx", "httpx_trust_env", "aiohttp", "pinned", "fingerprint"]
        printed = apart.run([sys.executable, HERE / "clients.py", *names], environment)
        outcomes = json.loads(printed)
        assert (outcomes.pop("pinned"), outcomes.pop("fingerprint")) == ("refused", "refused")
        missing = {name for name, outcome in outcomes.items() if outcome == "not installed"}
        assert missing <= {"requests", "niquests"}
        assert all(outcomes[name] == {"id": 7} for name in set(outcomes) - missing), outcomes
        if shutil.which("curl"):
            curl = partial(apart.run, env=environment)
            for environment_of_c in (environment, {}):
                answer = apart.run(["curl", "-sS", f"{ORIGIN}/items/7"], environment_of_c)
                assert answer == ITEM.decode()
            said = json.loads(curl(["curl", "-sS", "https://other.example.org/x?key=abc"]))
            assert said["error"].endswith("GET https://other.example.org/x?key=masked")
        company.child.stop()
        account = company.account()
    assert {(each.host, each.reason): each.count for each in account.refusals} == {
        (HOST, "unknown_ca"): 1,
        (HOST, "left"): 1,
    }
    assert account.answered[ORIGIN] >= 9
    if shutil.which("curl"):
        [asked] = account.unanswered
        assert (asked.method, asked.count) == ("GET", 1)
        assert "other.example.org" in account.names


# ---------------------------------------------------------------- without a network apart


@contextlib.contextmanager
def keep(wanted: Wanted, supervisor: Supervisor) -> Iterator[tuple[Company, Ask]]:
    """Run stand-ins on free ports, and give what asks them."""
    with keep_company(wanted, supervisor, listeners=LOOPBACK) as company:
        yield company, Ask(company)


class Ask:
    """Connections to stand-ins on ports that aren't their origin's."""

    def __init__(self, company: Company) -> None:
        """Take the ports."""
        self.tls, self.plain = (each.port for each in company.listeners)
        self.context = ssl.create_default_context(cafile=company.places.authority)

    @contextlib.contextmanager
    def connect(
        self, host: str = HOST, *, is_tls: bool = True
    ) -> Iterator[http.client.HTTPConnection]:
        """Give a connection that is open already."""
        raw = socket.create_connection(("127.0.0.1", self.tls if is_tls else self.plain), 10)
        connection = http.client.HTTPConnection(host)
        connection.sock = self.context.wrap_socket(raw, server_hostname=host) if is_tls else raw
        try:
            yield connection
        finally:
            connection.close()

    def once(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Return status and body of one request on a connection of its own."""
        with self.connect() as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()


def test_answers_as_declared() -> None:
    """Statuses, methods, hosts, plain HTTP and the price of a new connection."""
    routes = (
        ROUTE,
        StandInRoute(path="/items/{id}", method="DELETE", status=204),
        StandInRoute(path="/slow", body=b"at last", latency="60ms"),
    )
    plain = StandIn(origin=f"http://{HOST}", routes=(StandInRoute(path="/*", body=b"plain"),))
    declared = (StandIn(origin=ORIGIN, routes=routes, connect="150ms"), plain)
    with (
        supervised() as supervisor,
        keep(Wanted(stand_ins=StandIns(declared=declared)), supervisor) as (company, ask),
    ):
        with ask.connect() as connection:
            waited = []
            for method, path, status, body in (
                ("GET", "/slow", 200, b"at last"),
                ("GET", "/slow", 200, b"at last"),
                ("HEAD", "/items/7", 200, b""),
                ("DELETE", "/items/7", 204, b""),
            ):
                start = time.monotonic()
                connection.request(method, path)
                answer = connection.getresponse()
                assert (answer.status, answer.read()) == (status, body)
                waited.append(time.monotonic() - start)
                assert method != "HEAD" or answer.headers["Content-Length"] == str(len(ITEM))
        assert waited[0] > 0.208  # less the clock's millisecond
        assert waited[1] > 0.058
        with ask.connect(is_tls=False) as connection:
            connection.request("POST", "/any?x=1", b"body")
            assert connection.getresponse().read() == b"plain"
        for _ in range(2):
            status, said = ask.once("POST", "/items/7?token=abc")
            assert status == 501
            assert "POST https://api.example.com/items/7?token=masked" in json.loads(said)["error"]
            assert "whereasync record" in json.loads(said)["next"]
        company.child.stop()
        account = company.account()
    assert account.answered == {ORIGIN: 4, f"http://{HOST}": 1}
    [asked] = account.unanswered
    assert (asked.method, asked.count) == ("POST", 2)


CALLS = {  # what each view of the "project" does
    "/page": f'curl -sS --compressed "{ORIGIN}/page?apikey=s3cret"',
    "/post": f'curl -sS -d "a=1&password=s3cret" -H "Authorization: s3cret" "{ORIGIN}/post"',
    "/token": f'curl -sS -I "{ORIGIN}/token" && curl -sS "{ORIGIN}/token"',
    "/broken": f'curl -sSf "{ORIGIN}/broken"',
    "/socket": f'curl -sSf -H "Connection: Upgrade" -H "Upgrade: websocket" "{ORIGIN}/socket"',
    "/smtp": "python3 -c 'import socket; socket.create_connection((\"mail.example.org\", 25))'",
}


@pytest.mark.skipif(not shutil.which("curl"), reason="the project calls by curl")
def test_recorded_once_and_replayed(tmp_path: Path) -> None:
    """A C client's calls really go out, and come back from the file without secrets."""
    file = recordings.locate(tmp_path, "calls")
    with (
        live_apart() as apart,
        serve_really(tmp_path) as wanted,
        supervised() as supervisor,
    ):

        @contextlib.contextmanager
        def serve(surroundings: Surroundings) -> Iterator[Callable[[Request], int]]:
            furnish(apart, surroundings, tmp_path)

            def ask(request: Request) -> int:
                argv = apart.enter(["sh", "-c", CALLS[request.path]])
                done = subprocess.run(
                    argv, env=surroundings.environment, capture_output=True, check=False
                )
                return 500 if done.returncode else 200

            yield ask

        passage = Passage(
            requests=tuple(Request(path=path) for path in CALLS),
            serve=serve,
            open_doors=apart.run,
            wanted=wanted,
        )
        found = record(passage, supervisor, file, datetime.now(UTC))
    assert [each.status for each in found.asked] == [200, 200, 200, 500, 500, 500]
    assert b"s3cret" not in file.read_bytes()
    assert [(each.method, each.url, each.status) for each in found.recording.exchanges] == [
        ("GET", f"{ORIGIN}/page?apikey=masked", 200),
        ("POST", f"{ORIGIN}/post", 201),
        ("HEAD", f"{ORIGIN}/token", 200),
        ("GET", f"{ORIGIN}/token", 200),
    ]
    assert all(each.connect > 0 and each.latency > 0 for each in found.recording.exchanges)
    broken, upgraded = found.account.unanswered
    assert (broken.url, broken.reason != "") == (f"{ORIGIN}/broken", True)
    assert (upgraded.url, "protocol" in upgraded.reason) == (f"{ORIGIN}/socket", True)
    assert found.account.names == (HOST, "mail.example.org")
    assert recordings.read(file) == found.recording
    check_replay(file)


def check_replay(file: Path) -> None:
    """Ask what was recorded again, from the recording alone."""
    with supervised() as supervisor, keep(Wanted(recording=file), supervisor) as (company, ask):
        assert ask.once("GET", "/page?apikey=other") == (200, PAGE.encode())
        assert ask.once("GET", "/page?apikey=other&new=1") == (200, PAGE.encode())
        assert ask.once("POST", "/post", b"a=1&password=other")[0] == 201
        with ask.connect() as connection:
            connection.request("HEAD", "/token")
            answer = connection.getresponse()
            assert answer.read() == b""
            assert answer.headers["Content-Length"] == "26"
            assert answer.headers["Set-Cookie"] == "session=masked; Path=/"
            connection.request("GET", "/token")
            assert json.loads(connection.getresponse().read()) == {"access_token": "******"}
        assert ask.once("GET", "/broken")[0] == 501
        assert company.surroundings.names == {HOST: ADDRESS}


def test_replayed_with_the_times_recorded(tmp_path: Path) -> None:
    """Connection, head and body, each as late as it was."""
    file = recordings.locate(tmp_path, "calls")
    exchange = Exchange(
        method="GET",
        url=f"{ORIGIN}/a",
        status=200,
        text="body",
        connect=0.1,
        latency=0.06,
        transfer=0.05,
    )
    spoilt = replace(exchange, url=f"{ORIGIN}/spoilt", headers=(("X-A", "a\r\nb"),))
    recordings.write(file, Recording(made="", exchanges=(exchange, spoilt)))
    with (
        supervised() as supervisor,
        keep(Wanted(recording=file), supervisor) as (company, ask),
        ask.connect() as connection,
    ):
        for least in (0.158, 0.058):
            start = time.monotonic()
            connection.request("GET", "/a")
            answer = connection.getresponse()
            headed = time.monotonic()
            assert answer.read() == b"body"
            assert headed - start > least
            assert time.monotonic() - headed > 0.045
        connection.request("GET", "/spoilt")
        assert connection.getresponse().status == 500
        company.child.stop()
        [defect] = company.account().unanswered
    assert defect.reason == "the stand-in failed: ValueError"


# ---------------------------------------------------------------- what can't be


def test_one_port_with_tls_and_without() -> None:
    """Is refused before anything starts."""
    declared = tuple(
        StandIn(origin=f"{scheme}://x.example:8080", routes=(ROUTE,))
        for scheme in ("http", "https")
    )
    with (
        supervised() as supervisor,
        pytest.raises(BadInputError, match="port 8080 is declared with TLS and without"),
        keep_company(Wanted(stand_ins=StandIns(declared=declared)), supervisor),
    ):
        pass  # never reached


def test_a_recording_that_cannot_be(tmp_path: Path) -> None:
    """Is refused before anything starts."""
    (tmp_path / "it.jsonl").write_text('{"whereasync_recording":9,"made":"","exchanges":0}')
    with (
        supervised() as supervisor,
        pytest.raises(BadInputError, match="of version 9"),
        keep_company(Wanted(recording=tmp_path / "it.jsonl"), supervisor),
    ):
        pass  # never reached


def test_a_socket_that_cannot_be() -> None:
    """Is reported with the tail of the process's log."""
    with (
        supervised() as supervisor,
        pytest.raises(WhereAsyncError, match="stand-ins ended at its start") as caught,
        keep_company(
            Wanted(),
            supervisor,
            listeners=(Listener(address="192.0.2.1", port=1, is_tls=False),),
        ),
    ):
        pass  # never reached
    assert "assign requested address" in caught.value.log


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the command that installs it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with (
        supervised() as supervisor,
        pytest.raises(BadInputError, match="aiohttp and certifi and trustme") as caught,
        keep_company(Wanted(), supervisor),
    ):
        pass  # never reached
    assert caught.value.hint == "pip install 'whereasync[stand-ins]'"
