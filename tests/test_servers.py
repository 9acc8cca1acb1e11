"""The table of servers, and every row of it run for real."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import sys
import time
import venv
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Arm, Interface, Target
from whereasync.processes import Supervisor, supervised
from whereasync.servers import (
    SERVERS,
    App,
    free_port,
    launch,
    parse_arm_server,
    telling_line,
    versions,
)
from whereasync.servers.table import build_argv

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1] / "docs" / "servers.md"

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


# ---------------------------------------------------------------- what an arm says


@pytest.mark.parametrize(
    ("text", "interface", "options"),
    [
        ("gunicorn", Interface.WSGI, {}),
        ("gunicorn,threads=40", Interface.WSGI, {"threads": "40"}),
        (
            "gunicorn,worker=gthread,threads=8,workers=2",
            Interface.WSGI,
            {"worker": "gthread", "threads": "8", "workers": "2"},
        ),
        ("gunicorn,worker=sync,workers=4", Interface.WSGI, {"worker": "sync", "workers": "4"}),
        ("hypercorn,loop=uvloop", Interface.ASGI, {"loop": "uvloop"}),
        ("uvicorn,http=h11,loop=asyncio", Interface.ASGI, {"http": "h11", "loop": "asyncio"}),
    ],
)
def test_arm(text: str, interface: Interface, options: dict[str, str]) -> None:
    """An arm is read as it is written, and written as it was read."""
    arm = parse_arm_server(text)
    assert arm == Arm(server=text.partition(",")[0], interface=interface, options=options)
    assert str(arm) == text


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("", "no server “”", "known here: gunicorn, hypercorn, uvicorn"),
        ("gunicron", "no server “gunicron”", "did you mean gunicorn?"),
        ("nginx", "no server “nginx”", "known here: gunicorn, hypercorn, uvicorn"),
        ("gunicorn,thread=4", "no option “thread”", "did you mean threads?"),
        ("gunicorn,", "no option “”", "known here: threads, worker, workers"),
        ("gunicorn,threads", "should be one threads=value", "gunicorn,threads=…"),
        ("gunicorn,threads=4,threads=5", "should be one threads=value", "gunicorn,threads=…"),
        ("gunicorn,threads=0", "no whole number from 1 to 1024", "gunicorn,threads=4"),
        ("gunicorn,threads=-4", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,threads=many", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,threads=1025", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,threads=", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,threads=٤", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,worker=gevent", "no worker=gevent", "known here: gthread, sync"),
        ("gunicorn,worker=gthreads", "no worker=gthreads", "did you mean gthread?"),
        ("gunicorn,threads=4,worker=sync", "means nothing with worker=sync", "worker=gthread"),
        ("uvicorn,loop=uvlop", "no loop=uvlop", "did you mean uvloop?"),
    ],
)
def test_arm_refused(text: str, what: str, hint: str) -> None:
    """What the table doesn't have is refused with the nearest, or with all that it has."""
    with pytest.raises(BadInputError, match=re.escape(what)) as caught:
        parse_arm_server(text)
    assert hint in caught.value.hint


def test_docs() -> None:
    """The docs have an entry for each row, with its options, values, defaults and flags."""
    written = {}
    for section in DOCS.read_text().split("\n## ")[1:-1]:
        rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
        written[section.partition("\n")[0]] = {
            row[0].strip("| `"): tuple(cell.strip(" |") for cell in row[1:]) for row in rows
        }
    table = {
        name: {
            key: (
                ", ".join(f"`{choice}`" for choice in option.choices) or "a whole number from 1",
                f"`{option.default}`" if option.default else "none",
                f"`{option.flag}`",
            )
            for key, option in row.options.items()
        }
        for name, row in SERVERS.items()
    }
    assert written == table
    for name, row in SERVERS.items():
        assert f"## {name}\n\nServes the {row.interface.upper()} application." in DOCS.read_text()


def test_defaults_can_be_chosen() -> None:
    """Every default is a value that an arm may give."""
    for name, row in SERVERS.items():
        for key, option in row.options.items():
            if option.default:
                parse_arm_server(f"{name},{key}={option.default}")
            assert set(option.needs) <= set(option.choices)


def test_argv() -> None:
    """The command line holds the arm's options, the row's defaults, and the right application."""
    app = App(python=Path("/py"), directory=Path("/app"), wsgi="site:wsgi", asgi="site:asgi")
    place = {"port": 81, "directory": Path("/run"), "config": Path("/run/c")}
    argv = build_argv(parse_arm_server("gunicorn,threads=8"), app, **place)  # type: ignore[arg-type]
    assert argv[:3] == ["/py", "-m", "gunicorn"]
    assert argv[-7:] == [
        *("--worker-class", "gthread", "--threads", "8", "--workers", "1"),
        "site:wsgi",
    ]
    assert argv[argv.index("--bind") + 1] == "127.0.0.1:81"
    assert argv[argv.index("--worker-tmp-dir") + 1] == "/run"
    assert build_argv(parse_arm_server("uvicorn"), app, **place)[-1] == "site:asgi"  # type: ignore[arg-type]


# ---------------------------------------------------------------- what an interpreter has


def test_versions() -> None:
    """The interpreter's distributions are told with their versions, missing ones left out."""
    found = versions(Path(sys.executable), ["uvicorn", "no-such-thing"])
    assert found == {"uvicorn": metadata.version("uvicorn")}


@pytest.mark.parametrize("content", [None, "#!/bin/sh\nexit 3\n", "#!/bin/sh\necho no json\n"])
def test_unusable_interpreter(content: str | None, tmp_path: Path) -> None:
    """An interpreter that isn't there, fails or isn't Python is bad input."""
    python = tmp_path / "python"
    if content:
        python.write_text(content)
        python.chmod(0o755)
    with pytest.raises(BadInputError, match="can't be used") as caught:
        versions(python, ["uvicorn"])
    assert "--python" in caught.value.hint


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Start a supervisor."""
    with supervised() as started:
        yield started


@pytest.mark.parametrize(
    ("text", "lacking"), [("uvicorn", "uvicorn"), ("hypercorn,loop=uvloop", "hypercorn uvloop")]
)
def test_server_missing(text: str, lacking: str, tmp_path: Path, supervisor: Supervisor) -> None:
    """A server that the project's Python lacks is named with the command that installs it."""
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    with (
        pytest.raises(BadInputError, match="which the project's Python lacks") as caught,
        launch(parse_arm_server(text), App(python=python, directory=tmp_path), supervisor),
    ):
        pass  # never reached
    assert caught.value.hint == f"{python} -m pip install {lacking}"


def test_telling_line() -> None:
    """The last exception tells most, then a line that speaks of an error, then the last line."""
    log = "Traceback:\n  File x\nsite.errors.OddError: why\n[ERROR] worker exited\nbye"
    assert telling_line(log) == "site.errors.OddError: why"
    assert telling_line("start\nERROR:    can't import\nbye\n\n") == "ERROR:    can't import"
    assert telling_line("start\nbye\n") == "bye"
    assert not telling_line("\n")


# ---------------------------------------------------------------- running


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Write a tiny project."""
    (tmp_path / "site_of_ours.py").write_text(SITE)
    return App(
        python=Path(sys.executable),
        directory=tmp_path,
        wsgi="site_of_ours:wsgi",
        asgi="site_of_ours:asgi",
    )


def get(connection: http.client.HTTPConnection, path: str = "/") -> dict[str, object]:
    """Return what the tiny project says of itself."""
    connection.request("GET", path)
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


ARMS = [
    "gunicorn",
    "gunicorn,worker=sync",
    "gunicorn,threads=3,workers=2",
    "hypercorn",
    "hypercorn,loop=uvloop",
    "uvicorn",
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
        parents = 0 if text == "uvicorn" else 1
        tree = grown(endpoint.pid, parents + int(arm.options.get("workers", "1")))
        assert said["pid"] in {process.pid for process in tree}
    _, alive = psutil.wait_procs(tree, timeout=5)
    assert not alive
    assert not list(home.iterdir())


@pytest.mark.server
@pytest.mark.parametrize("text", ["gunicorn", "hypercorn", "uvicorn"])
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
@pytest.mark.parametrize("text", ["gunicorn", "hypercorn", "uvicorn"])
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
@pytest.mark.parametrize("text", ["gunicorn", "hypercorn", "uvicorn"])
def test_dies_at_start(text: str, app: App, supervisor: Supervisor) -> None:
    """A project that can't be imported is told by its own exception, with the log's tail."""
    (app.directory / "site_of_ours.py").write_text("import no_such_module_anywhere\n")
    with (
        pytest.raises(WhereAsyncError, match="No module named 'no_such_module_anywhere'") as caught,
        launch(parse_arm_server(text), app, supervisor),
    ):
        pass  # never reached
    assert "\n" not in caught.value.what
    assert "no_such_module_anywhere" in caught.value.log


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
@pytest.mark.parametrize("text", ["hypercorn", "uvicorn,workers=2"])
def test_hanging_request(text: str, app: App, supervisor: Supervisor) -> None:
    """A request that never ends doesn't keep a worker alive beyond the arm."""
    with launch(parse_arm_server(text), app, supervisor) as endpoint:
        tree = psutil.Process(endpoint.pid).children(recursive=True)
        client = socket.create_connection((endpoint.host, endpoint.port))
        client.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
    client.close()
    assert tree
    _, alive = psutil.wait_procs(tree, timeout=5)
    assert not alive


@pytest.mark.server
def test_dead_supervisor(app: App, supervisor: Supervisor) -> None:
    """Leaving after the supervisor's end raises nothing of its own."""
    with launch(parse_arm_server("uvicorn"), app, supervisor):
        supervisor.socket.shutdown(socket.SHUT_RDWR)
