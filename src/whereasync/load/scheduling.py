"""Asks the kernel for short turns, so that who wakes to send isn't kept waiting.

On a shared core the client and PostgreSQL compete: a short slice means an earlier deadline, and
who has that is woken at once. It takes nothing from the others, and needs no privilege.
A newcomer would raise the client's priority: that needs root, and slows the database it measures.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys

SLICE = 100_000  # ns, the shortest that Linux grants; its own are some ms
_NUMBERS = {"x86_64": 314, "aarch64": 274}  # of sched_setattr, which neither libc nor os offers


class Attributes(ctypes.Structure):
    """``struct sched_attr``, sched_setattr(2), in its first version."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),  # ns: from Linux 6.12 on an ordinary process's slice
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    )


def ask_for_short_turns() -> bool:
    """Do so for this thread, which keeps its nice value; return whether the kernel took the call.

    A kernel before 6.12 takes it and changes nothing.
    """
    number = _NUMBERS.get(platform.machine()) if sys.platform == "linux" else None
    if number is None:
        return False
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = Attributes(size=ctypes.sizeof(Attributes), nice=nice, runtime=SLICE)
    refused: int = ctypes.CDLL(None).syscall(number, 0, ctypes.byref(wanted), 0)
    return not refused
