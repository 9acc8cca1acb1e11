from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from whereasync.processes import accounting

if TYPE_CHECKING:
    import pytest

BURN = "import time\nwhile time.process_time() < {}: pass\n"


def test_a_tree_counts_live_and_ended_children() -> None:
    """CPU of a child that ended is still in its parent's tree."""
    program = (
        "import subprocess, sys\n"
        f"subprocess.run([sys.executable, '-c', {BURN.format(0.3)!r}])\n"
        "print('ended', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        parent.stdout.readline()
        assert accounting.tree([parent.pid]) == (parent.pid,)
        assert accounting.tree_cpu([parent.pid]) >= 0.3
        assert accounting.peak_rss([parent.pid]) > 1_000_000
        parent.communicate()


def test_own_cpu_is_exact() -> None:
    """The CPU clock of a process agrees with what it reads itself, its ended children on top."""
    ended = sum(os.times()[2:4])
    before = time.process_time()
    seen = accounting.tree_cpu([os.getpid()]) - ended
    after = time.process_time()
    assert before - 2 * accounting.TICK <= seen <= after + 2 * accounting.TICK


def test_the_dead_count_nothing() -> None:
    """A pid that is gone is no error and no CPU."""
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert accounting.tree([child.pid]) == ()
    assert accounting.tree_cpu([child.pid]) == 0
    assert accounting.peak_rss([child.pid]) == 0


def test_other_systems_ask_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Linux's clocks and /proc the same questions have answers."""
    with subprocess.Popen(["sh", "-c", "sleep 300 & wait"]) as child:
        deadline = time.monotonic() + 5
        while len(accounting.tree([child.pid])) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        linux = accounting.tree([child.pid])
        monkeypatch.setattr(sys, "platform", "darwin")
        assert sorted(accounting.tree([child.pid])) == sorted(linux)
        assert accounting.tree_cpu([os.getpid()]) > 0
        for pid in linux:
            os.kill(pid, 9)
        child.wait()
    assert accounting.tree_cpu([child.pid]) == 0
    assert list(accounting._children(child.pid)) == []
    assert accounting._cpu(child.pid) == 0


def test_threads_and_switches_of_a_tree() -> None:
    """Live threads are counted, and so is each time that one waits of its own accord."""
    program = (
        "import sys, threading, time\n"
        "for _ in range(3): threading.Thread(target=sys.stdin.read, daemon=True).start()\n"
        "for _ in range(50): time.sleep(0.001)\n"
        "print('slept', flush=True)\ntime.sleep(300)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        child.stdout.readline()
        assert accounting.count_threads([child.pid]) == 4
        assert accounting.count_switches([child.pid]) >= 50
        child.kill()
    assert accounting.count_threads([child.pid]) == 0
    assert accounting.count_switches([child.pid]) == 0


def test_memory_now_and_connections_of_a_tree() -> None:
    """A connection that the other end has closed is held until this end closes it."""
    program = (
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\n"
        "held = [server.accept() for _ in range(2)]\n"
        "print('accepted', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        port = int(child.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)):
            socket.create_connection(("127.0.0.1", port)).close()
            child.stdout.readline()
            assert accounting.count_connections([child.pid], port) == 2
            assert accounting.count_connections([child.pid], port + 1) == 0
        assert 1_000_000 < accounting.rss([child.pid]) <= accounting.peak_rss([child.pid])
        child.communicate()
    assert accounting.count_connections([child.pid], port) == 0
    assert accounting.rss([child.pid]) == 0
