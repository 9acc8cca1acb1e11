"""Shared memory that outlives a killed process: System V segments, and files in ``/dev/shm``.

PostgreSQL and multiprocessing give theirs back when they end, but ``initdb`` is deaf while it
works, and a server may hang. Whoever kills them looks first what they hold, and frees it.
"""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass, field
from pathlib import Path

_IPC_RMID = 0  # linux/ipc.h
_SEGMENTS = Path("/proc/sysvipc/shm")
_FILES = ("/dev/shm/PostgreSQL.", "/dev/shm/sem.mp-")  # noqa: S108 # the names these two take


@dataclass(slots=True)
class SharedMemory:
    """What the processes that are about to be killed hold. Does nothing but on Linux."""

    makers: set[int] = field(default_factory=set)
    files: set[Path] = field(default_factory=set)

    def note(self, pid: int) -> None:
        """Look at a process before it is killed."""
        self.makers.add(pid)
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines()
            mapped = {line.split()[-1] for line in lines}
            self.files |= {Path(path) for path in mapped if path.startswith(_FILES)}

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
