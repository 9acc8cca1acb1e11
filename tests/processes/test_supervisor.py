from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from whereasync.errors import WhereAsyncError
from whereasync.processes import registry, supervised, wait_ready
from whereasync.processes.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

ORPHANS = "(sleep 300 & sleep 300 &) ; setsid sleep 300 & exec sleep 300"


def eventually(condition: Callable[[], bool], deadline: float = 5.0) -> bool:
    """Poll until the condition holds."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def sleepers(directory: Path) -> list[int]:
    """Return the processes that work in the directory."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(directory):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_a_run_prints_and_its_environment_is_over_ours() -> None:
    """What a child prints comes back, and it sees what it was given."""
    with supervised() as supervisor:
        program = "import os; print(os.environ['A'], os.getcwd())"
        argv = [sys.executable, "-c", program]
        printed = supervisor.run(argv, name="x", deadline=30, env={"A": "b"})
        assert printed == f"b {supervisor.directory}\n"


def test_a_failing_run_says_its_last_line() -> None:
    """The telling line of a log is in the error, the rest beside it."""
    with supervised() as supervisor:
        argv = ["sh", "-c", "echo first; echo broken >&2; exit 4"]
        with pytest.raises(WhereAsyncError, match="x failed: broken") as caught:
            supervisor.run(argv, name="x", deadline=30)
        assert caught.value.log == "first\nbroken"


def test_a_silent_failure_says_its_exit_code() -> None:
    """Nothing printed is no reason to say nothing."""
    with supervised() as supervisor, pytest.raises(WhereAsyncError, match="exit code 4"):
        supervisor.run(["sh", "-c", "exit 4"], name="x", deadline=30)


def test_a_run_that_is_too_slow_is_stopped() -> None:
    """A deadline ends the child, not only the waiting."""
    with supervised() as supervisor:
        with pytest.raises(WhereAsyncError, match="did not finish"):
            supervisor.run(["sleep", "300"], name="x", deadline=0.1)
        assert not sleepers(supervisor.directory)


def test_a_program_that_does_not_exist_is_an_error() -> None:
    """Spawning reports, it doesn't crash the supervisor."""
    with supervised() as supervisor:
        with pytest.raises(WhereAsyncError, match="can't be started"):
            supervisor.spawn(["/nowhere/program"], name="x")
        assert supervisor.run(["echo", "on"], name="y", deadline=30) == "on\n"


def test_a_child_is_pinned() -> None:
    """Cores are set before the program starts."""
    core = max(os.sched_getaffinity(0))
    with supervised() as supervisor:
        program = "import os; print(os.sched_getaffinity(0))"
        printed = supervisor.run(
            [sys.executable, "-c", program], name="x", deadline=30, cores=[core]
        )
        assert printed == f"{{{core}}}\n"


def test_stopping_takes_the_whole_session_along() -> None:
    """A server's workers, also those whose parent is gone, end with it."""
    with supervised() as supervisor:
        child = supervisor.spawn(["sh", "-c", "(sleep 300 &); exec sleep 300"], name="x")
        assert eventually(lambda: len(sleepers(supervisor.directory)) == 2)
        child.stop()
        assert child.poll() == -signal.SIGTERM
        assert eventually(lambda: not sleepers(supervisor.directory))


def test_who_forks_as_it_is_killed_leaves_nobody() -> None:
    """One that is born between looking and killing is seen at the next look."""
    busy = "trap '' TERM; while [ $((i += 1)) -le 200 ]; do sleep 300 & done; wait"
    with supervised() as supervisor:
        for number in range(1, 60, 12):
            child = supervisor.spawn(["sh", "-c", busy], name="x")
            assert eventually(lambda number=number: len(sleepers(supervisor.directory)) >= number)
            child.stop(grace=0.0)
            assert eventually(lambda: not sleepers(supervisor.directory), deadline=1.0)


def test_a_child_that_ignores_its_signal_is_killed() -> None:
    """Grace ends."""
    with supervised() as supervisor:
        program = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
        argv = [sys.executable, "-c", f"{program}; time.sleep(300)"]
        child = supervisor.spawn(argv, name="x")
        assert eventually(lambda: child.tail() == "1")
        child.stop(grace=0.1)
        assert child.poll() == -signal.SIGKILL


def test_leaving_clears_orphans_and_the_directory() -> None:
    """Whatever was started, however it detached itself, is gone after the with block."""
    with supervised() as supervisor:
        supervisor.spawn(["sh", "-c", ORPHANS], name="x")
        assert eventually(lambda: len(sleepers(supervisor.directory)) == 4)
    assert not sleepers(supervisor.directory)
    assert not supervisor.directory.exists()


def test_an_orphan_that_ends_is_collected_at_once() -> None:
    """While the tool works: a server that forks and forgets doesn't fill the process table."""
    with supervised() as supervisor:
        child = supervisor.spawn(["sh", "-c", "(sleep 0.3 & echo $!)"], name="x")
        assert child.wait(30) == 0
        orphan = int(child.tail())
        assert psutil.pid_exists(orphan)
        assert eventually(lambda: not psutil.pid_exists(orphan))  # a zombie exists


def test_where_the_kernel_names_nobody_each_child_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS: a child that nobody collects would never seem to have ended."""
    monkeypatch.delattr(os, "waitid")
    owner = Supervisor("x", tmp_path)
    started = owner.spawn(
        {
            "argv": ["true"],
            "env": {},
            "cwd": str(tmp_path),
            "cores": [],
            "user": None,
            "log": str(tmp_path / "log"),
            "stop_signal": int(signal.SIGTERM),
        }
    )
    child, _ = owner.children[started["pid"]]

    def is_collected() -> bool:
        owner.reap()
        return child.returncode == 0

    assert eventually(is_collected)


def test_a_finalizer_runs_when_all_children_are_dead(tmp_path: Path) -> None:
    """It sees no child any more, and one that was taken back doesn't run."""
    done, undone = tmp_path / "done", tmp_path / "undone"
    with supervised() as supervisor:
        child = supervisor.spawn(["sleep", "300"], name="x")
        look = f"kill -0 {child.pid} 2>/dev/null || echo $A > {done}"
        supervisor.finalizer(["sh", "-c", look], name="f", env={"A": "b"})
        supervisor.finalizer(["touch", undone], name="g")
        supervisor.undo("g")
    assert done.read_text() == "b\n"
    assert not undone.exists()


TOOL = """
import sys, time
from whereasync.processes import supervised
with supervised() as supervisor:
    supervisor.spawn(["sh", "-c", sys.argv[1]], name="x")
    supervisor.finalizer(["touch", sys.argv[2]], name="f")
    print(supervisor.directory, flush=True)
    time.sleep(300)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_survives_the_tool(number: int, tmp_path: Path) -> None:
    """A tool that is killed takes all with it, and its finalizers still run."""
    done = tmp_path / "done"
    with subprocess.Popen(
        [sys.executable, "-c", TOOL, ORPHANS, done],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as tool:
        assert tool.stdout
        directory = Path(tool.stdout.readline().strip())
        assert eventually(lambda: len(sleepers(directory)) == 4)
        tool.send_signal(number)
        tool.wait()
    assert eventually(lambda: not sleepers(directory) and not directory.exists())
    assert eventually(done.exists)


def test_the_next_start_clears_what_a_killed_supervisor_left() -> None:
    """Should tool and supervisor both be killed, the next start finds and ends the rest."""
    with subprocess.Popen(
        [sys.executable, "-c", TOOL, ORPHANS, "/dev/null"], stdout=subprocess.PIPE, text=True
    ) as tool:
        assert tool.stdout
        directory = Path(tool.stdout.readline().strip())
        assert eventually(lambda: len(sleepers(directory)) == 4)
        owned = registry.read(directory.name.removeprefix("whereasync-"))
        assert owned
        psutil.Process(owned.owner).kill()
        tool.kill()
        tool.wait()
    assert eventually(lambda: not registry.is_alive(owned))  # a kill takes a moment
    assert sleepers(directory)
    with supervised():
        assert eventually(lambda: not sleepers(directory))
        assert not directory.exists()


def test_a_supervisor_that_was_killed_is_said() -> None:
    """An order to a dead supervisor is one clear line."""
    with supervised() as supervisor:
        entry = registry.read(supervisor.token)
        assert entry
        psutil.Process(entry.owner).kill()
        with pytest.raises(WhereAsyncError, match="supervisor process was killed"):
            supervisor.spawn(["true"], name="x")
    registry.clear_dead()


def test_a_supervisor_that_is_told_to_end_clears_up() -> None:
    """SIGTERM to the supervisor alone ends what it owns."""
    with supervised() as supervisor:
        supervisor.spawn(["sh", "-c", ORPHANS], name="x")
        entry = registry.read(supervisor.token)
        assert entry
        psutil.Process(entry.owner).terminate()
        assert eventually(lambda: not supervisor.directory.exists())


def test_waiting_for_a_child_that_dies_or_never_gets_ready() -> None:
    """Both are errors that carry the log."""
    with supervised() as supervisor:
        child = supervisor.spawn(["sh", "-c", "echo reason; exit 3"], name="x")
        with pytest.raises(WhereAsyncError, match="ended at its start with code 3") as caught:
            wait_ready(child, lambda: False, deadline=30)
        assert caught.value.log == "reason"
        child = supervisor.spawn(["sleep", "300"], name="y")
        with pytest.raises(WhereAsyncError, match="not ready within"):
            wait_ready(child, lambda: False, deadline=0.1)
        wait_ready(child, lambda: True, deadline=0.1)


def test_a_log_that_is_gone_has_no_tail() -> None:
    """A missing log is no second error."""
    with supervised() as supervisor:
        child = supervisor.spawn(["true"], name="x")
        child.wait(30)
        child.log.unlink()
        assert child.tail() == ""


def test_a_supervisor_that_can_not_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing interpreter is an error before anything was made."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(OSError, match="/nowhere/python"), supervised():
        pass


SLEEPER = """
import subprocess, sys, threading, time
def sleep():
    for _ in range(50): time.sleep(0.001)
thread = threading.Thread(target=sleep)
thread.start()
thread.join()
if sys.argv[1:]:
    subprocess.run([sys.executable, "-c", sys.argv[1]])
"""


def test_switches_of_a_whole_life() -> None:
    """Ended threads and ended children are in the count, which no look at the living gives."""
    with supervised() as supervisor:
        alone = supervisor.spawn([sys.executable, "-c", SLEEPER], name="alone")
        alone.wait(30)
        assert alone.count_switches() >= 50
        parent = supervisor.spawn([sys.executable, "-c", SLEEPER, SLEEPER], name="parent")
        parent.wait(30)
        assert parent.count_switches() >= 100
        assert alone.count_switches() < parent.count_switches()


def test_switches_of_a_killed_tree() -> None:
    """A worker whose parent was killed is counted where it belongs."""
    program = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {SLEEPER!r} + "print('slept', flush=True); time.sleep(99)"])
time.sleep(99)
"""
    with supervised() as supervisor:
        child = supervisor.spawn([sys.executable, "-c", program], name="parent")
        assert eventually(lambda: "slept" in child.tail())
        child.stop(grace=1)
        assert eventually(lambda: child.count_switches() >= 50)
