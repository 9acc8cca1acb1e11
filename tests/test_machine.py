"""What the machine is, and how quiet."""

from __future__ import annotations

import os
import platform
import resource
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from whereasync import machine
from whereasync.model import Caveat, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TWO_CORES = Machine(
    system="Linux",
    cpu="a cpu",
    cores=2,
    memory=1,
    python="CPython",
    server_cores=(1,),
    other_cores=(0,),
)


def test_describe() -> None:
    """The description is this machine's."""
    here = machine.describe()
    assert here.system == f"{platform.system()} {platform.release()}"
    assert here.cores == len(os.sched_getaffinity(0))
    assert here.memory == psutil.virtual_memory().total
    assert platform.python_version() in here.python
    assert here.cpu
    assert (here.server_cores, here.other_cores) == machine.share_cores()


def test_cpu_name(tmp_path: Path) -> None:
    """The first model name counts; without one the architecture stands in."""
    cpuinfo = tmp_path / "cpuinfo"
    assert machine.name_cpu(cpuinfo) == platform.machine()
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Fast: CPU 3\nmodel name\t: Other\n")
    assert machine.name_cpu(cpuinfo) == "Fast: CPU 3"
    cpuinfo.write_text("processor\t: 0\n")
    assert machine.name_cpu(cpuinfo) == platform.machine()


@pytest.mark.parametrize(
    ("available", "server", "others"),
    [
        ({0, 1}, (1,), (0,)),
        ({3, 5, 4}, (5,), (3, 4)),
        ({7}, (7,), (7,)),
    ],
)
def test_share(
    available: set[int],
    server: tuple[int, ...],
    others: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server gets the last available core, all else the others; a single one is shared."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: available)
    assert machine.share_cores() == (server, others)


def test_no_pinning_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be pinned no core is named, and the spins run anywhere."""
    monkeypatch.setattr("sys.platform", "darwin")
    assert machine.share_cores() == ((), ())
    assert machine.name_cpu()
    assert machine.idle_spin_check(0, spins=2) >= 0


def test_free_threaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without a global lock is named as such."""
    monkeypatch.setattr("sysconfig.get_config_var", lambda name: 1)
    assert machine.name_python().endswith(" free-threaded")


def test_spins_on_a_core() -> None:
    """The spins run where asked, and leave this process where it was."""
    before = os.sched_getaffinity(0)
    assert machine.idle_spin_check(max(before), spins=3) >= 0
    assert os.sched_getaffinity(0) == before


def test_spins_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is the coefficient of variation of the spins after the first."""
    durations = iter([9999, 10, 10, 40])
    monkeypatch.setattr(machine, "_spin", lambda: next(durations))
    assert machine.idle_spin_check(spins=3) == pytest.approx(300**0.5 / 20)


def test_swap() -> None:
    """The swapped bytes are psutil's."""
    assert machine.swap_in_use() >= 0


def test_no_caveats() -> None:
    """A quiet machine with two cores needs no caveat."""
    assert machine.find_caveats(TWO_CORES, 0.02, machine.NOISY) == ()


def test_caveats() -> None:
    """Each weakness is a caveat with a next step."""
    noisy = machine.find_caveats(TWO_CORES, 0.02, 0.5, swapped=3 * 2**20)
    assert [caveat.kind for caveat in noisy] == [Caveat.NOISY_MACHINE, Caveat.SWAP]
    assert "50%" in noisy[0].detail
    assert noisy[1].detail.startswith("3 MiB")
    shared = machine.find_caveats(replace(TWO_CORES, other_cores=(1,)))
    assert [caveat.kind for caveat in shared] == [Caveat.SHARED_CORE]
    free = machine.find_caveats(replace(TWO_CORES, server_cores=(), other_cores=()))
    assert [caveat.kind for caveat in free] == [Caveat.NO_PINNING]
    assert all(caveat.hint for caveat in (*noisy, *shared, *free))


@pytest.fixture
def few_files() -> Iterator[int]:
    """Allow this process few open files for one test; give how many the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_more_files_are_allowed_as_far_as_the_system_lets(few_files: int) -> None:
    """Never fewer than before, and what it may is told."""
    assert machine.allow_files(100) == 100
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (512, few_files)
    assert machine.allow_files(600) == 600
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (600, few_files)
    if few_files != resource.RLIM_INFINITY:
        assert machine.allow_files(few_files + 1) == few_files
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (few_files, few_files)
