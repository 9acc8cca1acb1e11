"""Shared memory of killed processes, real segments of the kernel's."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from whereasync.processes.memory import SharedMemory
from whereasync.processes.supervisor import Supervisor

HOLDER = """
import ctypes, mmap, pathlib, sys
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
segment = libc.shmget(0, 4096, 0o1600)  # IPC_PRIVATE, IPC_CREAT
libc.shmat(segment, None, 0)
with open(sys.argv[1], "wb+") as file:
    file.write(bytes(4096))
    file.flush()
    mapped = mmap.mmap(file.fileno(), 4096)
print(segment, flush=True)
sys.stdin.read()
"""

MAKER = """
import itertools, os, sys
print(flush=True)
for number in itertools.count():
    path = f"{sys.argv[1]}{os.getpid()}-{number}"
    file = os.open(path, os.O_CREAT | os.O_RDWR)
    os.posix_fallocate(file, 0, 1 << 20)
    os.close(file)
    os.unlink(path)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="read from Linux's /proc")


def has_segment(segment: str) -> bool:
    """Return whether the kernel has that System V segment."""
    rows = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return segment in {row.split()[1] for row in rows}


@pytest.mark.parametrize(
    ("name", "is_theirs"),
    [("PostgreSQL.wa-test", True), ("sem.mp-wa-test", True), ("wa-test", False)],
)
def test_what_a_killed_process_held(name: str, is_theirs: bool) -> None:
    """Its segment goes, and of the files those of a known name; not while it lives."""
    path = Path("/dev/shm", name)
    argv = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        segment = holder.stdout.readline().strip()
        memory = SharedMemory()
        memory.note(holder.pid)
        memory.note(2**22 + 1)  # above the kernel's highest pid: it has ended already
        assert memory._segments() == []
        holder.kill()
    assert has_segment(segment)
    memory.free()
    assert not has_segment(segment)
    assert path.exists() is not is_theirs
    path.unlink(missing_ok=True)
    memory.free()


def test_who_makes_more_as_it_is_looked_at() -> None:
    """Stopped before the look, it has what was seen, be that only open and not mapped yet."""
    prefix = Path("/dev/shm/PostgreSQL.wa-maker-")
    supervisor = Supervisor("", Path())
    for _ in range(20):
        argv = [sys.executable, "-IS", "-c", MAKER, str(prefix)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as maker:
            assert maker.stdout
            maker.stdout.readline()
            time.sleep(random.uniform(0, 0.003))
            supervisor.kill([maker.pid])
    supervisor.memory.free()
    left = list(prefix.parent.glob(f"{prefix.name}*"))
    for path in left:
        path.unlink()
    assert not left
