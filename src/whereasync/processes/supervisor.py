"""The process that owns every child, and outlives the tool long enough to clear up.

``python -m whereasync.processes.supervisor FD TOKEN`` obeys JSON lines on a socket until the other
end closes, for whatever reason, kill -9 among them. Then it stops all descendants (it is their
subreaper, so orphans are its own), runs the finalizers, deletes the run's directory, and ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from whereasync.processes import registry
from whereasync.processes.memory import SharedMemory

if TYPE_CHECKING:
    from collections.abc import Iterator

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
GRACE = 2.0  # s for all to end, the children told to, once the tool is gone
FINALIZER_DEADLINE = 2.0  # s


def _prctl(option: int, argument: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)


def _ended() -> Iterator[int]:
    """Yield who has ended and is to be collected, one at a time, as long as each is."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None:
            return
        yield ended.si_pid


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):  # it has ended by itself
        os.kill(pid, number)


@dataclass(slots=True)
class Supervisor:
    """The children, their stop signals, and what to run when they are dead."""

    token: str
    directory: Path
    children: dict[int, tuple[subprocess.Popen[bytes], int]] = field(default_factory=dict)
    finalizers: dict[str, tuple[list[str], dict[str, str]]] = field(default_factory=dict)
    memory: SharedMemory = field(default_factory=SharedMemory)
    switches: dict[int, int] = field(default_factory=dict)  # session → voluntary, of the ended

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order and return the answer to it."""
        match order:
            case {"do": "spawn"}:
                return self.spawn(order)
            case {"do": "poll", "pid": pid}:
                return {"code": self.poll(pid), "switches": self.switches.get(pid, 0)}
            case {"do": "signal", "pid": pid, "signal": number}:
                if self.poll(pid) is None:
                    os.kill(pid, number)
            case {"do": "kill", "pid": pid}:
                self.kill_session(pid)
            case {"do": "finalizer", "name": name, "argv": argv, "env": env}:
                self.finalizers[name] = (argv, env)
            case {"do": "undo", "name": name}:
                self.finalizers.pop(name, None)
        return {}

    def spawn(self, order: dict[str, Any]) -> dict[str, Any]:
        """Start one child in a session of its own; it gets its stop signal if we are killed."""
        cores = order["cores"]

        def prepare() -> None:
            _prctl(_PR_SET_PDEATHSIG, order["stop_signal"])
            if cores and sys.platform == "linux":
                os.sched_setaffinity(0, cores)

        user, group = order["user"] or (None, None)
        try:
            with open(order["log"], "ab") as log:  # noqa: PTH123 # a descriptor for the child
                child = subprocess.Popen(
                    order["argv"],
                    env={**os.environ, **order["env"], registry.TOKEN_VARIABLE: self.token},
                    cwd=order["cwd"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    user=user,
                    group=group,
                    extra_groups=[] if user is not None else None,
                    start_new_session=True,
                    preexec_fn=prepare,  # noqa: PLW1509 # the supervisor has one thread
                )
        except (OSError, subprocess.SubprocessError) as error:
            return {"error": str(error)}
        self.children[child.pid] = (child, order["stop_signal"])
        return {"pid": child.pid}

    def kill_session(self, pid: int) -> None:
        """Kill a child and all that it started, whoever their parent is by now.

        Until none is left: one that forks as it is killed has a child that nobody has seen yet.
        """
        deadline = time.monotonic() + GRACE
        while (members := self.members(pid)) and time.monotonic() < deadline:
            self.kill(members)
            time.sleep(0.002)

    def kill(self, pids: list[int]) -> None:
        """Kill processes, all stopped first: what one makes as another dies would lie around."""
        for pid in pids:
            _send(pid, signal.SIGSTOP)
        for pid in pids:
            self.memory.note(pid)
        for pid in pids:
            _send(pid, signal.SIGKILL)

    def members(self, session: int) -> list[int]:
        """Return who lives in a session; who has ended and isn't collected yet does not."""
        found = []
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(OSError, psutil.Error):
                if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
        return found

    def poll(self, pid: int) -> int | None:
        """Return a child's exit code once it has ended, and note what it did in its life."""
        with self.noted(pid):
            return self.children[pid][0].poll()

    @contextlib.contextmanager
    def noted(self, session: int) -> Iterator[None]:
        """Give what a process of that session did to it, if it is collected meanwhile.

        Only the kernel's account of the ended knows their ended threads and children.
        """
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw
        yield
        after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw
        self.switches[session] = self.switches.get(session, 0) + after - before

    def reap(self) -> None:
        """Collect ended children, and orphans that have become ours.

        The kernel names them: looking through all processes would take ms from the load client,
        twenty times a second.
        """
        if not hasattr(os, "waitid"):  # macOS, where orphans never become ours
            for pid in self.children:
                self.poll(pid)
            return
        for pid in _ended():
            child, _ = self.children.get(pid, (None, 0))
            if child is not None and child.returncode is None:
                self.poll(pid)
                continue
            with contextlib.suppress(OSError), self.noted(os.getsid(pid)):
                os.waitpid(pid, os.WNOHANG)

    def end(self) -> None:
        """Leave nothing: children, finalizers' work, directory, registry entry."""
        for pid, (_, stop_signal) in self.children.items():
            if self.poll(pid) is None:
                os.kill(pid, stop_signal)
        deadline = time.monotonic() + GRACE
        # Their children too: multiprocessing's tracker frees semaphores once its parent is gone.
        while time.monotonic() < deadline and self.descendants():
            time.sleep(0.02)
        while remaining := self.descendants():
            self.kill([process.pid for process in remaining])
            time.sleep(0.01)
        self.memory.free()
        for argv, env in self.finalizers.values():
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                subprocess.run(
                    argv, env={**os.environ, **env}, timeout=FINALIZER_DEADLINE, check=False
                )
        shutil.rmtree(self.directory, ignore_errors=True)
        entry = registry.read(self.token)
        if entry and not entry.databases:
            registry.remove(self.token)

    def descendants(self) -> list[psutil.Process]:
        """Return all live processes below this one, the dead collected first."""
        self.reap()
        return psutil.Process().children(recursive=True)


def main(descriptor: int, token: str, directory: str) -> None:
    """Obey until the other end of the socket closes, then clear up."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit())
    supervisor = Supervisor(token, Path(directory))
    line = b""
    with socket.socket(fileno=descriptor) as orders:
        try:
            while True:
                ready, _, _ = select.select([orders], [], [], 0.5)
                supervisor.reap()
                if not ready:
                    continue
                received = orders.recv(65536)
                if not received:
                    break
                *lines, line = (line + received).split(b"\n")
                for order in lines:
                    orders.sendall(json.dumps(supervisor.obey(json.loads(order))).encode() + b"\n")
        except OSError:
            pass  # the tool is gone in the middle of an answer
        finally:
            supervisor.end()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
