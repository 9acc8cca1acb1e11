"""A small network of its own for these tests: a process that holds one, and a way into it."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NEW_USER, _NEW_NET, _NEW_MOUNTS = 0x10000000, 0x40000000, 0x00020000  # linux/sched.h
_PRIVATE, _RECURSIVE = 1 << 18, 1 << 14  # linux/mount.h
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1  # linux/sockios.h, linux/if.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A network that nothing leaves, with a view of the files that others don't see."""

    pid: int

    def enter(self, argv: Sequence[str | Path]) -> list[str]:
        """Return the argv that runs another one there."""
        way = ["nsenter", "--preserve-credentials", "-U", "-n", "-m", "-t", str(self.pid)]
        return [*way, *map(str, argv)]

    def run(self, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str:
        """Run something there and return what it printed."""
        done = subprocess.run(
            self.enter(argv),
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert not done.returncode, done.stderr
        return done.stdout

    def mount(self, files: Mapping[str, str]) -> None:
        """Put our files over others, for those who live there."""
        script = "".join(f"mount --bind '{ours}' '{there}'\n" for there, ours in files.items())
        self.run(["sh", "-e", "-c", script])


@contextmanager
def live_apart() -> Iterator[Apart]:
    """Hold such a network while the context lasts; skip the test where none can be had."""
    if not (shutil.which("nsenter") and shutil.which("mount")):
        pytest.skip("no nsenter")
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        said = holder.stdout.readline()
        try:
            if said != "ready\n":
                pytest.skip(f"no namespaces: {said}")
            yield Apart(pid=holder.pid)
        finally:
            holder.kill()


def hold() -> None:
    """Make the network, and wait to be killed or left alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEW_USER | _NEW_NET | _NEW_MOUNTS):
        sys.stdout.write(os.strerror(ctypes.get_errno()))
        return
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    libc.mount(b"none", b"/", None, _PRIVATE | _RECURSIVE, None)
    with socket.socket() as any_socket:
        request = bytearray(struct.pack("16sh14x", b"lo", 0))
        fcntl.ioctl(any_socket, _GET_FLAGS, request)
        (flags,) = struct.unpack_from("h", request, 16)
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()  # until whoever started us is gone
    signal.raise_signal(signal.SIGKILL)


if __name__ == "__main__":
    hold()
