"""Shared memory that outlives a killed process: System V segments, and files in ``/dev/shm``.

PostgreSQL and multiprocessing give theirs back when they end, but ``initdb`` is deaf while it
works, and a server may hang. Whoever kills them looks first what they hold, and frees it. A
newcomer would look at what still runs: it makes another between the look and its death.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from dataclasses import dataclass, field
from pathlib import Path

_IPC_RMID = 0  # linux/ipc.h
_SEGMENTS = Path("/proc/sysvipc/shm")
_FILES = ("/dev/shm/PostgreSQL.", "/dev/shm/sem.mp-")  # noqa: S108 # the names these two take
_STANDING = "TtZX"  # proc(5)'s states of who is stopped or dead
_PATIENCE = 1.0  # s for a stopped process to stand: it ends its call to the kernel first


@dataclass(slots=True)
class SharedMemory:
    """What the processes that are about to be killed hold. Does nothing but on Linux."""

    makers: set[int] = field(default_factory=set)
    files: set[Path] = field(default_factory=set)

    def note(self, pid: int) -> None:
        """Look at a process that was sent SIGSTOP, before it is killed."""
        self.makers.add(pid)
        with contextlib.suppress(OSError):
            _await_standing(Path(f"/proc/{pid}/stat"))
            lines = Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines()
            held = {line.split()[-1] for line in lines}
            # One that is filled is open, and not mapped yet.
            held |= {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}
            self.files |= {Path(path) for path in held if path.startswith(_FILES)}

    def free(self) -> None:
        """Give back what they made, once they are dead."""
        for path in self.files:
            with contextlib.suppress(OSError):
                path.unlink()
        for segment in self._segments():
            ctypes.CDLL(None).shmctl(segment, _IPC_RMID, None)

    def _segments(self) -> list[int]:
        """Return the segments that they made and to which nobody is attached any more."""
        try:
            head, *rows = map(str.split, _SEGMENTS.read_text().splitlines())
        except (OSError, ValueError):
            return []
        segments = [dict(zip(head, row, strict=True)) for row in rows]
        return [
            int(segment["shmid"])
            for segment in segments
            if int(segment["cpid"]) in self.makers and segment["nattch"] == "0"
        ]


def _await_standing(stat: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while stat.read_text(errors="replace").rpartition(")")[2].split()[0] not in _STANDING:
        if time.monotonic() > deadline:
            return
        time.sleep(0.0002)
