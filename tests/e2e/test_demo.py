"""The whole experiment as a user runs it, small: what it says, and that a report repeats it."""

from __future__ import annotations

import http.server
import json
import os
import pty
import re
import signal
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import psycopg
import pytest

from whereasync.databases import binaries, embedded
from whereasync.processes import supervised, wait_ready
from whereasync.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Ran, Tool

pytestmark = pytest.mark.server

PASSWORD = "s3cret-word"
THEIRS = {  # async s, sync s, ratio: to all the digits that the article gives
    "get-50": (0.39832, 0.29502, 1.35),
    "post": (0.07699, 0.08299, 0.93),
    "api": (2.23437, 3.30023, 0.68),
}


# ---------------------------------------------------------------- two at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two demos that ran at once: one into a pipe, one on a terminal."""

    tool: Tool
    piped: Ran
    screen: str
    screen_code: int


@pytest.fixture(scope="module")
def pair(shared_tool: Tool) -> Pair:
    """Run the article's table as JSON, and meanwhile a tiny demo that a person watches.

    Without its larger sizes, which are rows like the smallest and take most of the time.
    """
    piped = shared_tool.start(
        "demo", "--quick", "--chapter", "1", "--objects", "50", "--json", "--out", "piped"
    )
    code, screen = watch(
        shared_tool, "demo", "--quick", "--chapter", "1", "--objects", "1", "--out", "watched"
    )
    return Pair(tool=shared_tool, piped=piped.finish(), screen=screen, screen_code=code)


def watch(tool: Tool, *arguments: str) -> tuple[int, str]:
    """Run the command on a terminal of its own; return its exit code and all that it drew."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(tool.cwd)
        command = str(Path(sys.executable).with_name("whereasync"))
        os.execve(
            command, [command, *arguments], {**os.environ, **tool.environment, "TERM": "xterm"}
        )
    drawn = b""
    while True:
        try:
            received = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            break
        drawn += received
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), drawn.decode()


def test_two_at_once(pair: Pair) -> None:
    """Neither disturbs the other."""
    assert (pair.piped.code, pair.screen_code) == (0, 0)


def test_a_row_is_beside_the_articles(pair: Pair) -> None:
    """The JSON holds for each row that was run theirs, exactly, and ours."""
    article = {row["name"]: row for row in json.loads(pair.piped.out)["article"]}
    theirs = {
        name: tuple(row["theirs"][key] for key in ("async_seconds", "sync_seconds", "ratio"))
        for name, row in article.items()
    }
    assert theirs == THEIRS
    for row in article.values():
        ours = row["ours"]
        assert ours["ratio"] == pytest.approx(ours["async_seconds"] / ours["sync_seconds"])
        assert row["by_client"]["async_seconds"] >= ours["async_seconds"] > 0
        assert row["runs"] == 3


def test_the_report_says_the_same(pair: Pair) -> None:
    """A saved run gives the same JSON, and the same tables in each format."""
    assert pair.tool.report("piped", "--json").out == pair.piped.out
    for form in ("terminal", "markdown"):
        shown = pair.tool.report("piped", "--format", form)
        assert shown.code == 0
        lines = shown.out.splitlines()
        for figures in THEIRS.values():
            written = [
                f"{figure:.{digits}f}" for figure, digits in zip(figures, (5, 5, 2), strict=True)
            ]
            assert any(all(each in line for each in written) for line in lines), (form, figures)


def test_a_pipe_gets_plain_lines(pair: Pair) -> None:
    """Without a terminal each stage is a line, and the last says where the run is kept."""
    lines = pair.piped.err.splitlines()
    assert lines[0] == "… start the database"
    assert lines[-1] == "Kept in piped; show it again: whereasync report piped"
    assert "\x1b" not in pair.piped.err


def test_a_person_sees_a_bar(pair: Pair) -> None:
    """On a terminal there is a bar with the time left, and then the report."""
    assert "Traceback" not in pair.screen
    assert re.search(r"\d:\d\d left", pair.screen)
    assert "━" in pair.screen
    assert "As the article measured" in pair.screen
    assert "0.07699" in pair.screen


# ---------------------------------------------------------------- other databases


@contextmanager
def own_postgresql() -> Iterator[int]:
    """Run a PostgreSQL over TCP with passwords, as a user may have one; give its port.

    ``admin`` is its superuser, and ``reader`` may not create a database.
    """
    programs, user, port = binaries.find_binaries(), embedded.choose_user(), free_port()
    with supervised() as owner:
        home = Path(tempfile.mkdtemp(dir=owner.directory))
        password = home / "password"
        password.write_text(PASSWORD)
        if user:
            for path in (home, password):
                os.chown(path, *user)
        owner.run(
            [
                *(programs / "initdb", "-D", home / "data", "--username=admin", "--no-sync"),
                *("--auth=scram-sha-256", f"--pwfile={password}", "--locale=C"),
            ],
            name="initdb",
            deadline=60,
            user=user,
        )
        child = owner.spawn(
            [
                *(programs / "postgres", "-D", home / "data", "-p", str(port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
            ],
            name="postgres",
            user=user,
            stop_signal=signal.SIGQUIT,
        )
        wait_ready(child, lambda: embedded.is_ready(url(port)), deadline=60)
        with psycopg.connect(url(port), autocommit=True) as connected:
            connected.execute("CREATE ROLE reader LOGIN PASSWORD 's3cret-word'")
        yield port
        child.stop()


def url(port: int, role: str = "admin", password: str = PASSWORD) -> str:
    """Return a role's URL."""
    return f"postgres://{role}:{password}@127.0.0.1:{port}/postgres"


def databases_at(port: int) -> set[str]:
    """Return the names of the server's databases."""
    with psycopg.connect(url(port)) as connected:
        return {name for (name,) in connected.execute("SELECT datname FROM pg_database").fetchall()}


@pytest.mark.alone  # a killed run has 2 s to drop its databases, and keeps its entry otherwise
def test_a_postgresql_of_ones_own(tool: Tool) -> None:
    """The demo runs on the user's server, leaves no database there, and says what it lacks."""
    with own_postgresql() as port:
        before = databases_at(port)
        begun = tool.start(
            "demo", "--quick", "--chapter", "1", "--objects", "1", "--quiet",
            "--database", url(port), "--out", "run",
        )  # fmt: skip
        for role, password, what, hint in (
            ("admin", "wrong", "lets nobody in", "check user and password"),
            ("reader", PASSWORD, "“reader” may not create a database", "CREATEDB"),
        ):
            refused = tool.run("demo", "--database", url(port, role, password), "--out", role)
            assert refused.code == 2
            assert what in refused.refusal[0]
            assert hint in refused.refusal[1]
            assert PASSWORD not in refused.err
            assert not (tool.cwd / role).exists()
        killed = tool.start("demo", "--chapter", "1", "--database", url(port), "--out", "killed")
        killed.waits(lambda: len(databases_at(port) - before) > 2, "databases of both")
        killed.process.kill()
        ran = begun.finish()
        assert (ran.code, ran.err) == (0, "")  # --quiet says nothing but the result
        assert f"(127.0.0.1:{port})" in " ".join(ran.out.split())
        assert PASSWORD not in (tool.cwd / "run" / "run.json").read_text()
        deadline = time.monotonic() + 10
        while databases_at(port) != before:
            assert time.monotonic() < deadline, databases_at(port)
            time.sleep(0.05)


def test_sqlite_is_written_by_one_client(tool: Tool) -> None:
    """On SQLite, which takes one writer at a time, POST is raced at one client only."""
    begun = tool.start(
        "demo", "--full", "--chapter", "2", "--clients", "1,2", "--database", "sqlite:",
        "--out", "run",
    )  # fmt: skip
    begun.waits(lambda: begun.saved().get("experiment"), "the plan")
    cells = begun.saved()["experiment"]["cells"]
    begun.interrupt()
    assert begun.finish().code == 130
    clients: dict[str, set[int]] = {"GET": set(), "POST": set(), "API": set()}
    for cell in cells:
        clients[cell["topic"].split()[0].rstrip(",")].add(cell["clients"])
    assert clients == {"GET": {1, 2}, "POST": {1}, "API": {1, 2}}


# ---------------------------------------------------------------- the real service


class RealService(http.server.BaseHTTPRequestHandler):
    """Somebody's exchange-rate API, which counts its calls."""

    calls: ClassVar[list[tuple[str | None, str]]] = []

    def do_GET(self) -> None:
        """Answer two days of one currency."""
        self.calls.append((self.headers["apikey"], self.path))
        body = b'{"rates": {"2016-01-02": {"USD": 1.09}, "2016-01-03": {"USD": 1.08}}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_real_service_gets_six_calls_with_the_users_key(tool: Tool) -> None:
    """Three runs, sync and async, one at a time; the key is kept nowhere."""
    with http.server.HTTPServer(("127.0.0.1", 0), RealService) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{service.server_port}/timeseries"
        ran = tool.run(
            *("demo", "--quick", "--chapter", "1", "--objects", "1", "--database", "sqlite:"),
            *("--api-url", url, "--api-key", "s3cret", "--out", "run"),
        )
        service.shutdown()
    assert ran.code == 0
    assert f"API calls the real service, {url}" in " ".join(ran.out.split())
    asked = "/timeseries?start_date=2016-01-02&end_date=2017-01-01"
    assert RealService.calls == [("s3cret", asked)] * 6
    assert "s3cret" not in (tool.cwd / "run" / "run.json").read_text()
