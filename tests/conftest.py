"""Every test starts clean and must leave nothing: no process, no directory, no registry entry."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with whole commands: files that take minutes must not be left for one worker's end."""
    items.sort(key=lambda item: item.path.parent.name != "e2e")  # random within, as before


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Let Ctrl-C reach what tests start: a shell's background job ignores it, and so its heirs."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the registry and temporary directories of a test to itself."""
    home = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)  # of a test in this process
    temporary = Path(tempfile.mkdtemp(prefix="wa-"))  # short: Unix sockets allow 107 characters
    temporary.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return home


@pytest.fixture(autouse=True)
def nothing_left(state: Path) -> Iterator[None]:
    """Fail a test that leaves a process, a temporary directory or a registry entry."""
    temporary, before = Path(os.environ["TMPDIR"]), list_processes()
    yield
    deadline = time.monotonic() + 5.0
    while (left := traces(state, temporary, before)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left
    for path in temporary.iterdir():
        path.unlink()
    temporary.rmdir()


def traces(state: Path, temporary: Path, before: frozenset[str]) -> list[str]:
    """Return what lies or runs around: children of ours, whereasync's directories, entries."""
    found = [f"directory {path}" for path in temporary.iterdir() if path.is_dir()]
    found += [f"entry {path}" for path in (state / "whereasync" / "live").glob("*")]
    new = list_processes() - before
    if new or has_children():  # most tests start nobody, and looking at all takes long
        found += [f"process {child}" for child in psutil.Process().children(recursive=True)]
        found += [f"stray {pid}" for pid in strays(state, new)]
    return found


def list_processes() -> frozenset[str]:
    """Return the ids of all processes."""
    return frozenset(name for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 # often


def has_children() -> bool:
    """Tell whether a process of ours lives; where the kernel names none, new ones tell."""
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(FileNotFoundError):  # of a thread that has just ended
            if path.read_text():
                return True
    return False


def strays(state: Path, pids: frozenset[str]) -> list[str]:
    """Return the processes, wherever they hang, that carry this test's state directory."""
    marker = f"XDG_STATE_HOME={state}".encode()
    found = []
    for pid in pids:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if marker in environment.split(b"\0"):
            found.append(pid)
    return found
