"""The machine that a figure comes from: what it is, how its cores are shared, how quiet it is.

A newcomer's trap: cores are those that this process may use, not those that the machine has; in a
container or under ``taskset`` they differ. Nothing here changes the machine.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import sysconfig
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.model import Caveat, Fault, Machine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

NOISY = 0.10  # coefficient of variation of the idle spins above which a machine counts as noisy
_SPINS = 40
_ROUNDS = 8_000  # of one spin: some milliseconds


def describe() -> Machine:
    """Return what this machine is, with the cores as ``share_cores`` shares them."""
    import psutil

    server_cores, other_cores = share_cores()
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        cpu=name_cpu(),
        cores=len(available_cores()) or os.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        python=name_python(),
        server_cores=server_cores,
        other_cores=other_cores,
    )


def allow_files(number: int) -> int:
    """Let this process, and all that it starts, open so many files; return how many it may.

    Where the system allows fewer, all of those.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def name_cpu(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's model as the system calls it, or its architecture."""
    if sys.platform == "darwin":
        argv = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        named = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
        return named or platform.machine()
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.machine()


def name_python() -> str:
    """Return implementation and version, and whether it runs without a global lock."""
    free = " free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return f"{platform.python_implementation()} {platform.python_version()}{free}"


def available_cores() -> tuple[int, ...]:
    """Return the cores that this process may run on, ascending; empty where none can be chosen."""
    if sys.platform == "linux":
        return tuple(sorted(os.sched_getaffinity(0)))
    return ()


def share_cores() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the cores of the server under test and those of all else.

    The server gets the last one, client, database and stand-in the others. With a single core
    both are the same; where no process can be pinned both are empty.
    """
    cores = available_cores()
    return cores[-1:], cores[:-1] or cores


def idle_spin_check(core: int | None = None, *, spins: int = _SPINS) -> float:
    """Return how much equal spins of a few ms differ: their coefficient of variation.

    0 is a silent machine, 0.02 a good one; above ``NOISY`` others are taking its time. Runs on
    ``core`` if given, some 0.2 s, while nothing of ours works.
    """
    with keep_to(() if core is None else (core,)):
        _spin()  # the first warms clock and caches
        durations = [_spin() for _ in range(spins)]
    return statistics.stdev(durations) / statistics.fmean(durations)


def _spin() -> int:
    start = time.perf_counter_ns()
    pow(3, (1 << _ROUNDS) - 1, (1 << 127) - 1)  # not a loop: a tracer would stretch that
    return time.perf_counter_ns() - start


@contextmanager
def keep_to(cores: Collection[int]) -> Iterator[None]:
    """Bind this process to ``cores``, and so what it starts; nothing where none are given."""
    if not cores or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def swap_in_use() -> int:
    """Return how many bytes are swapped out."""
    import psutil

    with warnings.catch_warnings():
        # In some containers psutil warns that it can't tell how much is swapped per second.
        warnings.simplefilter("ignore", RuntimeWarning)
        return psutil.swap_memory().used


def find_caveats(machine: Machine, *spins: float, swapped: int = 0) -> tuple[Fault, ...]:
    """Return what qualifies every figure of this machine, each with its next step.

    ``spins`` are results of ``idle_spin_check``, as from before and after the run; ``swapped``
    is in bytes. Pure.
    """
    caveats = []
    if max(spins, default=0.0) > NOISY:
        caveats.append(
            Fault(
                kind=Caveat.NOISY_MACHINE,
                detail=f"equal spins on an idle core differ by {max(spins):.0%}, "
                "on a quiet machine by 2%",
                hint="close what else runs, or measure on a machine of its own",
            )
        )
    if not machine.server_cores:
        caveats.append(
            Fault(
                kind=Caveat.NO_PINNING,
                detail="this system lets no process be bound to a core",
                hint="measure on Linux",
            )
        )
    elif set(machine.server_cores) & set(machine.other_cores):
        caveats.append(
            Fault(
                kind=Caveat.SHARED_CORE,
                detail="only one core is available, so each slows the other",
                hint="measure with two cores or more",
            )
        )
    if swapped:
        caveats.append(
            Fault(
                kind=Caveat.SWAP,
                detail=f"{swapped / 2**20:.0f} MiB are swapped out",
                hint="free memory, then swapoff -a && swapon -a",
            )
        )
    return tuple(caveats)
