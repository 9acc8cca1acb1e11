"""Every server of the table run for real."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from whereasync.demo import PROJECT
from whereasync.errors import WhereAsyncError
from whereasync.model import Target
from whereasync.servers import SERVERS, App, free_port, launch, parse_arm_server, telling_line

if TYPE_CHECKING:
    from whereasync.processes import Supervisor


def test_telling_line() -> None:
    """What raised the last exception tells most, then a line of an error, then the last line."""
    log = "Traceback:\n  File x\nsite.errors.OddError: why\n[ERROR] worker exited\nbye"
    assert telling_line(log) == "site.errors.OddError: why"
    caused = "The above exception was the direct cause of the following exception:"
    chain = f"OldError: x\nKeyError: why\n\n{caused}\n\nNewError: y\n\n{caused}\nLastError: z\n"
    assert telling_line(chain) == "KeyError: why"
    assert telling_line(chain + "OtherError: later") == "OtherError: later"
    assert telling_line("start\nERROR:    can't import\nbye\n\n") == "ERROR:    can't import"
    assert telling_line("start\nbye\n") == "bye"
    assert not telling_line("\n")


def get(connection: http.client.HTTPConnection, path: str = "/") -> dict[str, object]:
    """Return what the tiny project says of itself."""
    connection.request("GET", path)
    if hasattr(socket, "TCP_QUICKACK"):  # or runserver waits 40 ms before it sends the body
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    answer = connection.getresponse()
    assert answer.status == 200
    said: dict[str, object] = json.loads(answer.read())
    return said


def grown(root: int, size: int) -> list[psutil.Process]:
    """Return the server's processes once there are exactly so many; later workers start late."""
    deadline = time.monotonic() + 10
    while True:
        tree = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
        serving = [process for process in tree if "resource_tracker" not in str(process.cmdline())]
        if len(serving) == size:
            return tree
        assert time.monotonic() < deadline, serving
        time.sleep(0.02)


ALONE = ("daphne", "runserver", "uvicorn")  # with one worker no parent watches them
ROWS = [  # each server, each of its workers and interfaces
    "daphne",
    "granian",
    "granian,interface=wsgi",
    "gunicorn",
    "gunicorn,worker=sync",
    "gunicorn,worker=uvicorn",
    "hypercorn",
    "runserver",
    "uvicorn",
]
ARMS = [
    *ROWS,
    "granian,interface=wsgi,threads=3,workers=2",
    "granian,loop=asyncio,http=1,runtime=st",
    "gunicorn,threads=3,workers=2",
    "hypercorn,loop=uvloop",
    "uvicorn,loop=asyncio,http=h11,workers=2",
]


@pytest.mark.server
@pytest.mark.parametrize("text", ARMS)
def test_serves(
    text: str,
    app: App,
    supervisor: Supervisor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each arm serves the project on its core, whatever the environment says, and then is gone."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--workers 7 --chdir /")
    monkeypatch.setenv("GRANIAN_WORKERS", "7")
    monkeypatch.setenv("GRANIAN_URL_PATH_PREFIX", "/foreign")
    monkeypatch.setenv("UVICORN_ROOT_PATH", "/foreign")
    monkeypatch.setenv("WEB_CONCURRENCY", "7")
    (tmp_path / "gunicorn.conf.py").write_text("workers = 7\nraise RuntimeError('foreign')\n")
    core = max(os.sched_getaffinity(0))
    arm = parse_arm_server(text)
    with launch(arm, app, supervisor, env={"WORD": "passed on"}, cores=[core]) as endpoint:
        assert endpoint.target((5,)) == Target(
            host="127.0.0.1",
            port=endpoint.port,
            server_pids=(endpoint.child.pid,),
            database_pids=(5,),
        )
        with closing(http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=10)) as line:
            said = get(line)
        assert (said["word"], said["root"], said["cores"]) == ("passed on", "", [core])
        parents = 0 if text in ALONE else 1
        tree = grown(endpoint.pid, parents + int(arm.options.get("workers", "1")))
        assert said["pid"] in {process.pid for process in tree}
    _, alive = psutil.wait_procs(tree, timeout=5)
    assert not alive
    assert not list(home.iterdir())


def test_every_row_is_run() -> None:
    """A new server is launched here too, with every interface that it has."""
    run = [parse_arm_server(text) for text in ROWS]
    assert {arm.server for arm in run} == set(SERVERS)
    for name, row in SERVERS.items():
        chosen = {row.interface, *(i for o in row.options.values() for i in o.interfaces.values())}
        assert {arm.interface for arm in run if arm.server == name} == chosen


@pytest.mark.server
@pytest.mark.parametrize("text", ROWS)
def test_serves_the_demo(text: str, supervisor: Supervisor, tmp_path: Path) -> None:
    """A Django project answers on each server, which ends by itself when it is told to."""
    app = App(
        python=Path(sys.executable),
        directory=PROJECT,
        wsgi="demosite.wsgi:application",
        asgi="demosite.asgi:application",
    )
    arm = parse_arm_server(text)
    env = {"DATABASE_URL": f"sqlite://{tmp_path}/cars.sqlite3"}
    with (
        launch(arm, app, supervisor, env=env, path="/plain/hello/sync/") as endpoint,
        closing(http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=10)) as line,
    ):
        for kind in ("sync", "async"):
            line.request("GET", f"/plain/hello/{kind}/")
            answer = line.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
    assert endpoint.child.poll() != -signal.SIGKILL


@pytest.mark.server
@pytest.mark.parametrize("text", [text for text in ROWS if text != "gunicorn,worker=sync"])
def test_keeps_a_connection(text: str, app: App, supervisor: Supervisor) -> None:
    """One connection carries more requests than any server's default allows."""
    with launch(parse_arm_server(text), app, supervisor) as endpoint:
        line = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=10)
        with closing(line):
            get(line)
            socket_of_first = line.sock
            for _ in range(1_050):
                get(line)
            assert line.sock is socket_of_first


@pytest.mark.server
@pytest.mark.parametrize("text", SERVERS)
def test_busy_port(text: str, app: App, supervisor: Supervisor) -> None:
    """A port that is taken meanwhile, even by something that answers, is replaced by another."""
    with launch(parse_arm_server("uvicorn"), app, supervisor) as other:
        ports = iter([other.port, free_port()])
        with launch(parse_arm_server(text), app, supervisor, find_port=ports.__next__) as endpoint:
            assert endpoint.port != other.port
            assert next(ports, None) is None


@pytest.mark.server
def test_no_port(app: App, supervisor: Supervisor) -> None:
    """If every port is taken, launching gives up and says so."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(WhereAsyncError, match="was taken"),
        launch(
            parse_arm_server("uvicorn"),
            app,
            supervisor,
            find_port=lambda: int(taken.getsockname()[1]),
        ),
    ):
        pass  # never reached


@pytest.mark.server
@pytest.mark.parametrize("text", SERVERS)
def test_dies_at_start(text: str, app: App, supervisor: Supervisor) -> None:
    """A project that can't be imported is told by its own exception, with the log's tail."""
    (app.directory / "site_of_ours.py").write_text("import no_such_module_anywhere\n")
    with (
        pytest.raises(WhereAsyncError, match="No module named 'no_such_module_anywhere'") as caught,
        launch(parse_arm_server(text), app, supervisor),
    ):
        pass  # never reached
    assert "\n" not in caught.value.what
    assert caught.value.log


@pytest.mark.server
@pytest.mark.parametrize("text", ["gunicorn", "hypercorn", "uvicorn"])
def test_never_ready(text: str, app: App, supervisor: Supervisor) -> None:
    """A project that never finishes loading runs into the deadline."""
    (app.directory / "site_of_ours.py").write_text("import time\ntime.sleep(600)\n")
    with (
        pytest.raises(WhereAsyncError, match=f"{text} was not ready within"),
        launch(parse_arm_server(text), app, supervisor, deadline=0.5),
    ):
        pass  # never reached


@pytest.mark.server
@pytest.mark.parametrize("text", ["gunicorn", "hypercorn", "uvicorn"])
def test_broken_view(text: str, app: App, supervisor: Supervisor) -> None:
    """A server whose first answer is a 500 isn't ready but broken."""
    with (
        pytest.raises(
            WhereAsyncError, match=f"{text} answered 500 to GET /broken: .*the view is broken"
        ),
        launch(parse_arm_server(text), app, supervisor, path="/broken"),
    ):
        pass  # never reached


@pytest.mark.server
def test_broken_view_of_a_project_that_is_not_trusted(app: App, supervisor: Supervisor) -> None:
    """Its server is ready: whoever asks it next says what the view lacks."""
    arm = parse_arm_server("uvicorn")
    with (
        launch(arm, app, supervisor, path="/broken", is_trusted=False) as endpoint,
        closing(http.client.HTTPConnection(endpoint.host, endpoint.port)) as connection,
    ):
        assert get(connection)["pid"]


@pytest.mark.server
@pytest.mark.parametrize(
    "text", ["daphne", "granian,interface=wsgi", "hypercorn", "runserver", "uvicorn,workers=2"]
)
def test_hanging_request(text: str, app: App, supervisor: Supervisor) -> None:
    """A request that never ends doesn't keep a process alive beyond the arm."""
    with launch(parse_arm_server(text), app, supervisor) as endpoint:
        process = psutil.Process(endpoint.pid)
        tree = [process, *process.children(recursive=True)]
        client = socket.create_connection((endpoint.host, endpoint.port))
        client.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
    client.close()
    _, alive = psutil.wait_procs(tree, timeout=5)
    assert not alive


@pytest.mark.server
def test_dead_supervisor(app: App, supervisor: Supervisor) -> None:
    """Leaving after the supervisor's end raises nothing of its own."""
    with launch(parse_arm_server("uvicorn"), app, supervisor):
        supervisor.socket.shutdown(socket.SHUT_RDWR)
