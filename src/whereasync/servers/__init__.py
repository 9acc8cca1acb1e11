"""The servers under test: what an interpreter has of them, and what starts one.

``launch()`` runs an arm as its own process tree on a free port of the loopback. A newcomer's trap:
a free port may be taken before the server binds it, and then somebody else's server answers there;
so a server counts as ready only when a process of its own tree listens.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Target
from whereasync.processes import wait_ready
from whereasync.servers.table import (
    HOST,
    SERVERS,
    App,
    build_argv,
    capacity,
    caveats,
    distributions,
    means_something,
    parse_arm_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from whereasync.model import Arm
    from whereasync.processes import Child, Supervisor

__all__ = [
    "SERVERS",
    "App",
    "Endpoint",
    "candidates",
    "capacity",
    "caveats",
    "find_complaint",
    "find_lacking",
    "free_port",
    "launch",
    "parse_arm_server",
    "require",
    "versions",
]

STARTED = 60.0  # s until a server must answer
GRACE = 3.0  # s to end gracefully; the rows ask for 2
PORTS = 5  # tries, since a free port may be taken before the server binds it
_ABANDONED = 0.5  # s for a server that failed to start to end by itself
_FAR = 400  # lines of a log: a traceback with its causes, or Rust's backtrace
_TAKEN = re.compile("(address|port is) already in use|connection in use", re.IGNORECASE)
_RAISED = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|ImproperlyConfigured)\b.*")
_CAUSED = "The above exception was the direct cause of the following exception:"
# Settings from the environment that would quietly change what is measured.
_FOREIGN = ("COVERAGE_PROCESS_", "GRANIAN_", "GUNICORN_CMD_ARGS", "UVICORN_")

# Prints {name: version} of an interpreter and of the distributions that it and what is laid over it
# have, its own first. Runs on Python 3.9.
_VERSIONS = """
import json, platform, sys
from importlib import metadata
found = {"python": platform.python_version()}
names, overlay = map(json.loads, sys.argv[1:])
sys.path += overlay
for name in names:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server that answers."""

    host: str
    port: int
    child: Child

    @property
    def pid(self) -> int:
        """The root of the server's process tree."""
        return self.child.pid

    def target(self, database_pids: tuple[int, ...] = ()) -> Target:
        """Return the server as the load client sees it."""
        return Target(
            host=self.host, port=self.port, server_pids=(self.pid,), database_pids=database_pids
        )


def _is_foreign(name: str) -> bool:
    return name.startswith(_FOREIGN)


class _PortTakenError(WhereAsyncError):
    """Somebody else bound the port first."""


def versions(python: Path, names: Iterable[str], overlay: tuple[str, ...] = ()) -> dict[str, str]:
    """Return name → version of "python" and those distributions that it has; asked once.

    ``overlay`` is what stands after the interpreter's own path. BadInputError if it can't be run.
    """
    return dict(_installed(str(python), tuple(sorted(set(names))), overlay))


@functools.cache
def _installed(python: str, names: tuple[str, ...], overlay: tuple[str, ...]) -> dict[str, str]:
    try:
        answer = subprocess.run(
            [python, "-c", _VERSIONS, json.dumps(names), json.dumps(overlay)],
            cwd=os.sep,  # or a directory of the caller's could shadow a module
            env={name: value for name, value in os.environ.items() if not _is_foreign(name)},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout
        found: dict[str, str] = json.loads(answer)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise BadInputError(
            f"the interpreter {python} can't be used: {telling_line(str(error))}",
            "name the project's Python with --python",
        ) from error
    return found


def find_lacking(arm: Arm, python: Path, overlay: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the distributions that the arm needs, and neither python nor the overlay has."""
    needed = distributions(arm)
    found = versions(python, needed, overlay)
    return tuple(name for name in needed if name not in found)


def require(arm: Arm, python: Path, overlay: tuple[str, ...] = ()) -> None:
    """Raise BadInputError, with the ``pip install``, for what the arm needs and python lacks."""
    if lacking := find_lacking(arm, python, overlay):
        raise BadInputError(
            f"{arm} needs {' and '.join(lacking)}, which the project's Python lacks",
            f"{python} -m pip install {' '.join(lacking)}",
        )


def candidates(arm: Arm, python: Path, overlay: tuple[str, ...] = ()) -> tuple[Arm, ...]:
    """Return the arms to choose the best-tuned from: all combinations of what it leaves open.

    Values whose distributions that interpreter and the overlay lack are left out. An arm with
    nothing to tune returns itself alone.
    """
    row = SERVERS[arm.server]
    swept = {
        key: option
        for key, option in row.options.items()
        if option.sweep and key not in arm.options and means_something(row, key, arm.options)
    }
    needed = {
        name for option in swept.values() for names in option.needs.values() for name in names
    }
    found = versions(python, needed, overlay) if needed else {}
    open_values = [
        [
            value
            for value in option.sweep
            if all(name in found for name in option.needs.get(value, ()))
        ]
        for option in swept.values()
    ]
    return tuple(
        replace(arm, options={**arm.options, **dict(zip(swept, values, strict=True))})
        for values in itertools.product(*open_values)
    )


def free_port() -> int:
    """Return a port of the loopback that nobody is bound to now."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def launch(  # noqa: PLR0913 # a server has that many properties
    arm: Arm,
    app: App,
    supervisor: Supervisor,
    *,
    env: Mapping[str, str] | None = None,
    cores: Iterable[int] = (),
    path: str = "/",
    is_trusted: bool = True,
    deadline: float = STARTED,
    find_port: Callable[[], int] = free_port,
) -> Iterator[Endpoint]:
    """Serve the project while the context lasts; ready when GET ``path`` answers.

    A server error then counts as a server that isn't ready, where the project ``is_trusted``.

    ``env`` lies over our own environment. Ends it gracefully, then with all its workers.
    BadInputError where the server isn't installed; WhereAsyncError, with the telling line of its
    log, where it dies at its start, is not ready within ``deadline`` seconds or answers 5xx.
    """
    require(arm, app.python, app.overlay)
    foreign = {name: "" for name in os.environ if _is_foreign(name)}
    start = partial(_start, arm, app, supervisor, {**foreign, **(env or {})}, tuple(cores))
    become_ready = partial(_await, path=path, deadline=deadline, is_trusted=is_trusted)
    endpoint = _start_answering(start, find_port, become_ready)
    try:
        yield endpoint
    finally:
        _stop(endpoint)


def _start(  # noqa: PLR0913, PLR0917 # launch's, passed on
    arm: Arm,
    app: App,
    supervisor: Supervisor,
    env: Mapping[str, str],
    cores: tuple[int, ...],
    port: int,
) -> Endpoint:
    row = SERVERS[arm.server]
    config = supervisor.directory / f"{arm.server}-{port}{row.config_suffix}"
    config.write_text(row.config)
    argv = build_argv(arm, app, port=port, directory=supervisor.directory, config=config)
    child = supervisor.spawn(argv, name=arm.server, env=env, cwd=app.directory, cores=cores)
    return Endpoint(host=HOST, port=port, child=child)


def _start_answering(
    start: Callable[[int], Endpoint],
    find_port: Callable[[], int],
    become_ready: Callable[[Endpoint], None],
) -> Endpoint:
    for attempt in itertools.count(1):
        endpoint = start(find_port())
        try:
            become_ready(endpoint)
        except _PortTakenError:
            _stop(endpoint, _ABANDONED)
            if attempt == PORTS:
                raise
        except BaseException:
            _stop(endpoint, _ABANDONED)
            raise
        else:
            break
    return endpoint


def _stop(endpoint: Endpoint, grace: float = GRACE) -> None:
    with suppress(WhereAsyncError):  # the supervisor is dead, and the server with it
        endpoint.child.stop(grace)


def _await(endpoint: Endpoint, path: str, deadline: float, *, is_trusted: bool) -> None:
    answered: list[int] = []
    end = time.monotonic() + deadline

    def is_ready() -> bool:
        if _TAKEN.search(endpoint.child.tail()):
            raise _PortTakenError(f"port {endpoint.port} was taken by another process")
        # Somebody else's server may answer on that port: ask only when ours listens.
        if is_listening(endpoint.pid, endpoint.port):
            # The first answer may take long, since a project may load itself in it.
            answered.extend(ask(endpoint.port, path, max(0.1, end - time.monotonic())))
        return bool(answered)

    try:
        wait_ready(endpoint.child, is_ready, deadline=deadline)
    except _PortTakenError:
        raise
    except WhereAsyncError as error:
        log = endpoint.child.tail(_FAR)
        if _TAKEN.search(log):
            raise _PortTakenError(f"port {endpoint.port} was taken", log=error.log) from error
        raise WhereAsyncError(
            _join(error.what, log), "mend that, or race another server", log=error.log
        ) from error
    if is_trusted and answered[-1] >= 500:
        tail = endpoint.child.tail()
        raise WhereAsyncError(
            _join(f"{endpoint.child.name} answered {answered[-1]} to GET {path}", tail),
            "mend that view, or name another path",
            log=tail,
        )


def is_listening(root: int, port: int) -> bool:
    """Return whether a process of that tree listens on the port."""
    import psutil

    try:
        tree = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    except psutil.NoSuchProcess:
        return False
    for process in tree:
        with suppress(psutil.Error):
            for connection in process.net_connections("tcp4"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return True
    return False


def ask(port: int, path: str, timeout: float) -> list[int]:
    """Return the status that GET ``path`` answers, or nothing without one in ``timeout`` s."""
    import http.client

    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        return [connection.getresponse().status]
    except (OSError, http.client.HTTPException):
        return []
    finally:
        connection.close()


def _join(what: str, log: str) -> str:
    line = telling_line(log)
    return f"{what}: {line}" if line else what


def telling_line(log: str) -> str:
    """Return the line of a log that says what went wrong: its complaint, or the last line."""
    return find_complaint(log) or next(reversed(_lines(log)), "")


def find_complaint(log: str) -> str:
    """Return the last exception of a log, or the last line with an error; "" without one.

    Of exceptions raised from one another it is the first, which the later ones wrap.
    """
    lines = _lines(log)
    wrong = (line for line in reversed(lines) if "error" in line.lower())
    return _find_cause(lines) or next(wrong, "")


def _lines(log: str) -> list[str]:
    return [line.strip() for line in log.splitlines() if line.strip()]


def _find_cause(lines: list[str]) -> str:
    cause, is_caused = "", False
    for line in lines:
        if line == _CAUSED:
            is_caused = True
        elif _RAISED.match(line):
            cause, is_caused = cause if is_caused else line, False
    return cause
