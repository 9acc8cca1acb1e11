"""Whoever ends the tool, and whenever: nothing of ours stays, and what was measured does."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from whereasync.processes import registry

if TYPE_CHECKING:
    from conftest import Begun, Tool

pytestmark = [pytest.mark.server, pytest.mark.alone]

TINY = ("demo", "--quick", "--chapter", "1", "--objects", "1")
KILLS = 20
AT_ONCE = 5
INTERRUPTS = 6
LATEST = 8.0  # s after the start: about when an undisturbed run ends
CLEARED = 5.0  # s, what is promised


# ---------------------------------------------------------------- what may not stay


def segments() -> set[str]:
    """Return the ids of the System V shared memory segments that no process is attached to."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {fields[1] for fields in map(str.split, lines) if fields[6] == "0"}


def shared_files() -> set[Path]:
    """Return what lies in the POSIX shared memory without a process that maps it."""
    mapped = set()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            mapped |= {line.split()[-1] for line in maps.read_text().splitlines()}
    return {path for path in Path("/dev/shm").iterdir() if str(path) not in mapped}


def strays() -> list[str]:
    """Return the processes of this test's runs, wherever they hang.

    By their environment, and by where they work, since PostgreSQL writes over its environment.
    """
    marker = f"XDG_STATE_HOME={os.environ['XDG_STATE_HOME']}".encode()
    temporary = Path(os.environ["TMPDIR"])
    found = []
    for process in psutil.process_iter():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            ours = marker in environment or Path(process.cwd()).is_relative_to(temporary)
            if ours and process.pid != os.getpid():
                found.append(f"{process.pid} {' '.join(process.cmdline())[:80]}")
        except (psutil.Error, OSError):
            continue
    return found


def directories() -> list[Path]:
    """Return the temporary directories."""
    return list(Path(os.environ["TMPDIR"]).glob("whereasync-*"))


# ---------------------------------------------------------------- kill -9


@pytest.fixture
def moments() -> list[float]:
    """Draw the moments, in s and in order, from the seed that pytest-randomly prints and sets."""
    return sorted(random.uniform(0, LATEST) for _ in range(KILLS))


def test_kill_9_at_random_moments(tool: Tool, moments: list[float]) -> None:
    """Within 5 s nothing lives, lies around or holds memory, at whichever of 20 moments."""
    memory, files = segments(), shared_files()
    for first in range(0, KILLS, AT_ONCE):  # neighbours together, so that few rounds are long
        waiting = [(moment, start(tool)) for moment in moments[first : first + AT_ONCE]]
        for moment, (started, begun) in waiting:
            time.sleep(max(0.0, started + moment - time.monotonic()))
            begun.process.kill()
            begun.process.wait()
        deadline = time.monotonic() + CLEARED
        while (left := [*strays(), *directories()]) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not left, [moment for moment, _ in waiting]
        assert not list(registry.home().glob("*.json"))
    assert_given_back(memory, files)
    saved = [begun.saved(f"{begun.name}-run") for begun in tool.begun[:KILLS]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        shown = list(pool.map(tool.report, (f"{number}-run" for number in range(KILLS))))
    # Killed early, it has no directory yet, or one without a run.
    assert [ran.code for ran in shown] == [0 if run else 2 for run in saved]
    assert "Traceback" not in "".join(ran.err for ran in shown)


def assert_given_back(memory: set[str], files: set[Path]) -> None:
    """Assert that no more shared memory is left than before, in time."""
    deadline = time.monotonic() + CLEARED
    while not (segments() <= memory and shared_files() <= files) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert segments() <= memory
    assert shared_files() <= files


def start(tool: Tool) -> tuple[float, Begun]:
    """Start a run in a directory that bears its number, and say when."""
    return time.monotonic(), tool.start(*TINY, "--out", f"{len(tool.begun)}-run")


def test_the_next_start_clears_what_a_power_cut_left(tool: Tool) -> None:
    """With tool and supervisor killed together the children die, and a start removes the rest."""
    begun = tool.start(*TINY, "--out", "run")
    begun.reaches("1 As the article measured")
    (supervisor,) = begun.find("whereasync.processes.supervisor")
    begun.process.send_signal(signal.SIGSTOP)  # so that neither can react to the other's end
    supervisor.suspend()
    supervisor.kill()
    begun.process.kill()
    begun.process.wait()
    assert directories()
    assert list(registry.home().glob("*.json"))
    assert tool.run("demo", "--database", "postgres://u@127.0.0.1:1/d").code == 2
    assert not directories()
    assert not list(registry.home().glob("*.json"))
    deadline = time.monotonic() + CLEARED
    while (left := strays()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


# ---------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_before_anything_was_measured(tool: Tool, number: int) -> None:
    """Interrupted early, a run leaves no empty directory behind."""
    begun = tool.start(*TINY, "--out", "run")
    begun.reaches("start the database")
    begun.interrupt(number)
    ran = begun.finish()
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.endswith("whereasync: interrupted\n")
    assert "Traceback" not in ran.err
    assert not (tool.cwd / "run").exists()


def test_interrupted_at_its_very_start(tool: Tool) -> None:
    """However early Ctrl-C comes, there is no traceback of ours and no directory."""
    tool.leave_uncovered()
    for step in range(6):
        begun = tool.start(*TINY, "--out", "run")
        wait_for_python(begun)
        time.sleep(0.06 * step)
        begun.interrupt()
        ran = begun.finish()
        assert ran.code in (130, -signal.SIGINT)  # the latter before any code of ours ran
        if ran.code == 130:
            assert "Traceback" not in ran.err
        assert not (tool.cwd / "run").exists()


def wait_for_python(begun: Begun) -> None:
    """Wait until the interpreter has installed its own handler of Ctrl-C."""
    status = Path(f"/proc/{begun.process.pid}/status")

    def is_catching() -> bool:
        line = next(line for line in status.read_text().splitlines() if "SigCgt" in line)
        return bool(int(line.split()[1], 16) & 1 << signal.SIGINT - 1)

    begun.waits(is_catching, "Python")


@pytest.mark.parametrize(("times", "form"), [(1, "terminal"), (3, "markdown")])
def test_interrupted_in_chapter_1(tool: Tool, times: int, form: str) -> None:
    """What was measured is kept and shown, also if Ctrl-C is pressed in impatience."""
    begun = tool.start(*TINY, "--database", "sqlite:", "--out", "run", "--format", form)
    begun.waits(lambda: begun.saved().get("singles"), "a first answer")
    for _ in range(times):
        begun.interrupt()
        time.sleep(0.05)
    ran = begun.finish()
    assert ran.code == 130
    assert "Traceback" not in ran.err
    assert "whereasync report run" in ran.err
    assert "interrupted: what had been measured by then" in " ".join(ran.out.split())
    assert begun.saved()["status"] == "interrupted"
    assert tool.report("run", "--format", form).out == ran.out


def test_interrupted_at_random_moments(tool: Tool) -> None:
    """Whenever Ctrl-C comes, it ends in 130, and a run either can be shown or isn't there."""
    moments = sorted(random.uniform(0.5, LATEST) for _ in range(INTERRUPTS))
    for moment, (started, begun) in [(moment, start(tool)) for moment in moments]:
        time.sleep(max(0.0, started + moment - time.monotonic()))
        begun.interrupt()
    for moment, begun in zip(moments, tool.begun[:INTERRUPTS], strict=True):
        ran = begun.finish()
        run = f"{begun.name}-run"
        assert ran.code == 130, (moment, ran)
        assert "Traceback" not in ran.err
        if (tool.cwd / run).exists():
            assert begun.saved(run)["status"] == "interrupted"
            assert tool.report(run).out == ran.out
        else:
            assert not ran.out


def test_the_stand_in_dies_and_then_ctrl_c_in_the_race(tool: Tool) -> None:
    """Cells that need the dead stand-in are void, the others go on; blocks so far are shown."""
    begun = tool.start(
        "demo", "--quick", "--chapter", "2", "--clients", "1", "--database", "sqlite:",
        "--out", "run",
    )  # fmt: skip
    begun.reaches("block 1")
    begun.kill("whereasync.upstreams.standin")
    begun.waits(lambda: len(begun.saved().get("blocks", ())) == 2, "two blocks")
    begun.interrupt(signal.SIGTERM)
    ran = begun.finish()
    assert ran.code == 130
    assert "Traceback" not in ran.err
    tasks = [task for block in begun.saved()["blocks"] for task in block["tasks"]]
    cells = {task["cell"]: task["fault"] for task in tasks}
    assert {name for name, fault in cells.items() if fault} == {"same-api-1"}
    assert "void" in ran.out
    assert "inconclusive" in ran.out
    assert tool.report("run").out == ran.out
