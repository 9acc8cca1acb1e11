"""What tests of the guard share: who listens outside, and how a script is run inside."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
# Root as containers have it: every capability but the one that namespaces want.
AS_CONTAINED_ROOT = ("setpriv", "--bounding-set=-sys_admin")
START = "import json, os, socket, subprocess, sys\nfrom whereasync import guard\n"
PATIENCE = 60.0  # s


class Outside:
    """Listens where a service of this machine would: on a loopback port and a Unix socket."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / ".s.PGSQL.5432"
        self.seen = {"tcp": 0, "unix": 0}
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(str(self.path))
        self.path.chmod(0o777)
        self._unix.listen()
        self.port: int = self._tcp.getsockname()[1]
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as ready:
            for door, kind in ((self._tcp, "tcp"), (self._unix, "unix"), (self._stopped, "")):
                ready.register(door, selectors.EVENT_READ, kind)
            while True:
                for key, _ in ready.select():
                    if not key.data:
                        return
                    assert isinstance(key.fileobj, socket.socket)
                    key.fileobj.accept()[0].close()
                    self.seen[key.data] += 1

    def close(self) -> None:
        """Leave nothing."""
        self._stop.close()
        self._thread.join(10)
        for door in (self._tcp, self._unix, self._stopped):
            door.close()
        self.path.unlink()


def run(script: str, *arguments: object, wrap: Sequence[str] = ()) -> Any:
    """Run a script in a process of its own, and return what it prints last, as JSON."""
    argv = [*wrap, python(wrap), "-c", START + script, *map(str, arguments)]
    with home(wrap) as mine:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env=environment() | mine,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@contextlib.contextmanager
def home(wrap: Sequence[str]) -> Iterator[dict[str, str]]:
    """Give nobody a place to write to, which must be empty in the end."""
    if wrap != AS_NOBODY:
        yield {}
        return
    made = tempfile.mkdtemp(prefix="wa-", dir="/tmp")  # not below the test's own
    os.chown(made, NOBODY, NOBODY)
    try:
        yield {"HOME": made, "TMPDIR": made, "XDG_STATE_HOME": f"{made}/.state"}
        assert os.listdir(made) in ([], [".state"])  # noqa: PTH208
    finally:
        shutil.rmtree(made)


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a script that talks by its stdin and stdout."""
    argv = [sys.executable, "-c", START + script, *map(str, arguments)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def environment() -> dict[str, str]:
    """Return where everything of this interpreter's is importable from by another of its kind."""
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}


def python(wrap: Sequence[str] = ()) -> str:
    """Return an interpreter of this version that may be run so, or skip the test."""
    if not wrap:
        return sys.executable
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else, by setpriv")
    found = find_python(wrap)
    return found or pytest.skip("nobody has no Python of this version")


@functools.cache
def find_python(wrap: Sequence[str]) -> str:
    """Return one that can start itself: setpriv starts with root's rights what it then is not."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    again = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
    for candidate in (sys.executable, f"/usr/bin/python{version}"):
        probe = [*wrap, candidate, "-c", again]
        done = subprocess.run(probe, check=False, capture_output=True, env=environment())
        if not done.returncode:
            return candidate
    return ""


def is_over(pid: int) -> bool:
    """Tell whether a process has ended; who should collect an orphan may be slow."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(is_so: Callable[[], bool]) -> None:
    """Return once it is so."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def skip_without_namespaces() -> None:
    """Skip a test where the kernel has none to give."""
    from whereasync import guard

    if obstacle := guard.find_obstacle():
        pytest.skip(obstacle.why)
