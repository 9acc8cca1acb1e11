"""CPU, memory, threads and context switches of whole process trees.

On Linux a live process's CPU is read from its own CPU clock, exact to the nanosecond and with its
ended threads included; ended children come from ``/proc`` in ticks of 10 ms, so a difference over
a short time carries up to a tick of noise, but no drift. Elsewhere psutil answers.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TICK = 1 / os.sysconf("SC_CLK_TCK")
_CPUCLOCK_SCHED = 2  # linux/posix-timers.h: the process-wide scheduler clock


def tree(roots: Iterable[int]) -> tuple[int, ...]:
    """Return the live processes below and including ``roots``."""
    found: dict[int, None] = {}
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found and psutil.pid_exists(pid):
            found[pid] = None
            waiting.extend(_children(pid))
    return tuple(found)


def tree_cpu(roots: Iterable[int]) -> float:
    """Return the CPU seconds that the trees of ``roots`` have used, ended children included.

    A process that ended without being waited for by a live one of its tree is not counted.
    """
    return sum(_cpu(pid) for pid in tree(roots))


def peak_rss(roots: Iterable[int]) -> int:
    """Return the sum of the peak resident memory of the trees, in bytes (shared pages twice)."""
    return sum(_status_size(pid, b"VmHWM:") for pid in tree(roots))


def rss(roots: Iterable[int]) -> int:
    """Return the sum of the trees' resident memory now, in bytes (shared pages twice)."""
    return sum(_status_size(pid, b"VmRSS:") for pid in tree(roots))


def count_connections(roots: Iterable[int], port: int) -> int:
    """Return how many connections to that TCP port the trees hold, the half-closed among them."""
    held = (psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT)
    count = 0
    for pid in tree(roots):
        with contextlib.suppress(psutil.Error):
            found = psutil.Process(pid).net_connections("tcp4")
            count += sum(each.laddr.port == port and each.status in held for each in found)
    return count


def count_threads(roots: Iterable[int]) -> int:
    """Return how many threads the trees have now."""
    return sum(len(_threads(pid)) for pid in tree(roots))


def count_switches(roots: Iterable[int]) -> int:
    """Return the voluntary context switches of the trees' live threads; 0 where none are told.

    What ended, thread or process, is not in it: ``Child.count_switches`` has all of a life.
    """
    return sum(
        _switches(f"/proc/{pid}/task/{thread}/status")
        for pid in tree(roots)
        for thread in _threads(pid)
    )


def _threads(pid: int) -> list[str]:
    if sys.platform != "linux":
        try:
            return [str(thread.id) for thread in psutil.Process(pid).threads()]
        except psutil.Error:
            return []
    try:
        return os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 # hot
    except OSError:
        return []


def _switches(path: str) -> int:
    try:
        with open(path, "rb") as status:  # noqa: PTH123
            for line in status:
                if line.startswith(b"voluntary_ctxt_switches:"):
                    return int(line.split()[1])
    except OSError:  # it ended between the look and the reading
        pass
    return 0


def _children(pid: int) -> Iterator[int]:
    if sys.platform != "linux":
        try:
            yield from (child.pid for child in psutil.Process(pid).children())
        except psutil.Error:
            return
        return
    for thread in _threads(pid):
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as listing:  # noqa: PTH123 # hot
                yield from map(int, listing.read().split())
        except OSError:
            continue


def _cpu(pid: int) -> float:
    if sys.platform != "linux":
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            return 0.0
        return times.user + times.system
    try:
        own = time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123 # hot
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:  # it ended between the look and the reading
        return 0.0
    ended = int(fields[13]) + int(fields[14])  # cutime and cstime, proc(5)
    return own + ended * TICK


def _status_size(pid: int, name: bytes) -> int:
    """Return a size of /proc's status, in bytes; where there is none, the memory of now."""
    try:
        with open(f"/proc/{pid}/status", "rb") as status:  # noqa: PTH123
            for line in status:
                if line.startswith(name):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
