"""Child processes that can't outlive the tool.

``supervised()`` starts the supervisor; everything else is spawned through it, so that Ctrl-C, an
error and kill -9 all end in the same clearing. A newcomer's trap: a child's parent is the
supervisor, not this process, so ``os.waitpid`` here never sees it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whereasync.errors import WhereAsyncError
from whereasync.interrupts import unbroken
from whereasync.processes import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_POLL = 0.02  # s between two looks
_LEAVE = 15.0  # s for the supervisor to clear up, twice what it may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process that the supervisor owns."""

    name: str
    pid: int
    log: Path  # its stdout and stderr
    stop_signal: int
    supervisor: Supervisor

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while it runs."""
        code: int | None = self.supervisor.order(do="poll", pid=self.pid)["code"]
        return code

    def count_switches(self) -> int:
        """Return the voluntary context switches of its whole life, once it has ended.

        Its ended threads and children are in it, and orphans of its session that were killed.
        """
        count: int = self.supervisor.order(do="poll", pid=self.pid)["switches"]
        return count

    def wait(self, deadline: float) -> int:
        """Return the exit code once it has ended; WhereAsyncError after ``deadline`` seconds."""
        end = time.monotonic() + deadline
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise WhereAsyncError(
                    f"{self.name} did not finish within {deadline:.0f} s", log=self.tail()
                )
            time.sleep(_POLL)
        return code

    def ask_to_stop(self) -> None:
        """Send it its stop signal, and return at once."""
        self.supervisor.order(do="signal", pid=self.pid, signal=self.stop_signal)

    def stop(self, grace: float = 3.0) -> None:
        """Ask it to stop, and after ``grace`` seconds kill it with all that it started."""
        self.ask_to_stop()
        with contextlib.suppress(WhereAsyncError):
            self.wait(grace)
        self.supervisor.order(do="kill", pid=self.pid)
        self.wait(grace)

    def tail(self, lines: int = 20) -> str:
        """Return the last lines of its log."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """The tool's end of the socket to the process that owns all children."""

    token: str  # unique to this run
    directory: Path  # private and temporary, gone after the run
    logs: Path  # where the children's logs go
    socket: socket.socket
    _spawned: int = 0

    def order(self, **order: Any) -> dict[str, Any]:
        """Send one order and return the answer; WhereAsyncError if the supervisor is gone."""
        try:
            with unbroken():
                answer = self._exchange(json.dumps(order).encode() + b"\n")
        except OSError as error:
            raise WhereAsyncError(
                "the supervisor process was killed, and with it everything it ran",
                "run the command again",
            ) from error
        decoded: dict[str, Any] = json.loads(answer)
        return decoded

    def _exchange(self, order: bytes) -> bytes:
        self.socket.sendall(order)
        answer = b""
        while not answer.endswith(b"\n"):
            received = self.socket.recv(65536)
            if not received:
                raise ConnectionResetError  # the same fault, seen on reading
            answer += received
        return answer

    def spawn(  # noqa: PLR0913 # a process has that many properties
        self,
        argv: Sequence[str | Path],
        *,
        name: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        cores: Iterable[int] | None = None,
        user: tuple[int, int] | None = None,
        stop_signal: int = signal.SIGTERM,
    ) -> Child:
        """Start a child: ``env`` over our own, pinned to ``cores``, as ``user`` (uid, gid)."""
        self._spawned += 1
        log = self.logs / f"{self._spawned:03}-{name}.log"
        answer = self.order(
            do="spawn",
            argv=[str(part) for part in argv],
            env=dict(env or {}),
            cwd=str(cwd or self.directory),
            cores=sorted(cores or ()),
            user=user,
            log=str(log),
            stop_signal=int(stop_signal),
        )
        if "error" in answer:
            raise WhereAsyncError(f"{name} can't be started: {answer['error']}")
        return Child(
            name=name, pid=answer["pid"], log=log, stop_signal=stop_signal, supervisor=self
        )

    def run(  # noqa: PLR0913 # a process has that many properties
        self,
        argv: Sequence[str | Path],
        *,
        name: str,
        deadline: float,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        cores: Iterable[int] | None = None,
        user: tuple[int, int] | None = None,
    ) -> str:
        """Run a child to its end and return what it printed; WhereAsyncError if it failed."""
        child = self.spawn(argv, name=name, env=env, cwd=cwd, cores=cores, user=user)
        try:
            code = child.wait(deadline)
        except BaseException:  # Ctrl-C too: whoever clears up after it must find nobody at work
            child.stop(grace=0.5)
            raise
        if code:
            tail = child.tail()
            last = tail.splitlines()[-1] if tail else f"exit code {code}"
            raise WhereAsyncError(f"{name} failed: {last}", log=tail)
        return child.log.read_text(errors="replace")

    def finalizer(
        self, argv: Sequence[str | Path], *, name: str, env: Mapping[str, str] | None = None
    ) -> None:
        """Have ``argv`` run once all children are dead, however the tool ends."""
        parts = [str(part) for part in argv]
        self.order(do="finalizer", name=name, argv=parts, env=dict(env or {}))

    def undo(self, name: str) -> None:
        """Take a finalizer back."""
        self.order(do="undo", name=name)

    def remember_database(self, where: str, name: str) -> None:
        """Note a database of ours on a server that isn't ours, for a start after a power cut."""
        registry.remember_database(self.token, where, name)

    def forget_database(self, where: str, name: str) -> None:
        """Note that such a database is dropped."""
        registry.forget_database(where, name)

    def leftovers(self, where: str) -> tuple[str, ...]:
        """Return the names of databases that dead runs left on that server."""
        return registry.leftovers(where)


@contextlib.contextmanager
def supervised(logs: Path | None = None) -> Iterator[Supervisor]:
    """Start the supervisor, and leave with everything it ran cleared.

    ``logs`` is where the children's logs stay; without it they go with the run's directory.
    """
    registry.clear_dead()
    token = secrets.token_hex(4)
    directory = Path(tempfile.gettempdir()) / f"whereasync-{token}"
    registry.write(registry.entry(token, directory, owner=os.getpid()))  # before there is anything
    ours, theirs = socket.socketpair()
    try:
        directory.mkdir(mode=0o700)
        directory.chmod(0o711)  # another user's PostgreSQL must be able to enter its data below
        process = _start(token, directory, theirs.fileno())
    except BaseException:
        ours.close()
        shutil.rmtree(directory, ignore_errors=True)
        registry.remove(token)
        raise
    finally:
        theirs.close()
    try:
        registry.write(registry.entry(token, directory, owner=process.pid))
        logs = logs or directory / "log"
        logs.mkdir(parents=True, exist_ok=True)
        yield Supervisor(token=token, directory=directory, logs=logs, socket=ours)
    finally:
        ours.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LEAVE)


def _start(token: str, directory: Path, descriptor: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "whereasync.processes.supervisor"]
    return subprocess.Popen(
        [*argv, str(descriptor), token, str(directory)],
        pass_fds=[descriptor],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=os.sep,
        start_new_session=True,  # the terminal's Ctrl-C is the tool's alone
    )


def wait_ready(child: Child, is_ready: Callable[[], bool], *, deadline: float) -> None:
    """Return once ``is_ready()``; WhereAsyncError if the child dies or ``deadline`` s pass."""
    end = time.monotonic() + deadline
    while not is_ready():
        code = child.poll()
        if code is not None:
            raise WhereAsyncError(
                f"{child.name} ended at its start with code {code}", log=child.tail()
            )
        if time.monotonic() > end:
            raise WhereAsyncError(
                f"{child.name} was not ready within {deadline:.0f} s", log=child.tail()
            )
        time.sleep(_POLL)
