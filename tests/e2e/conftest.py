"""The installed command as a user has it: a process of its own, in a directory of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

COMMAND = Path(sys.executable).with_name("whereasync")
UNCOVERED = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
PATIENCE = 120.0  # s that any of these runs may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def refusal(self) -> tuple[str, str]:
        """What it said went wrong, and what to try: its only such lines."""
        assert "Traceback" not in self.err
        (what,) = (line for line in self.err.splitlines() if line.startswith("whereasync: "))
        (hint,) = (line for line in self.err.splitlines() if line.startswith("  try: "))
        return what.removeprefix("whereasync: "), hint.removeprefix("  try: ")


def wait_until(condition: Callable[[], Any], what: str, deadline: float = 60.0) -> Any:
    """Poll until the condition gives something; fail with what was awaited."""
    end = time.monotonic() + deadline
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.05)  # looking through all processes costs ms of what is waited for
    return found


@dataclass(slots=True, kw_only=True)
class Begun:
    """A command that runs, in a session of its own as in a terminal."""

    process: subprocess.Popen[bytes]
    cwd: Path
    name: str

    @property
    def err(self) -> str:
        """Its stderr so far."""
        return (self.cwd / f"{self.name}.err").read_text()

    @property
    def out(self) -> str:
        """Its stdout so far."""
        return (self.cwd / f"{self.name}.out").read_text()

    def saved(self, out: str = "run") -> dict[str, Any]:
        """Return run.json so far, empty if it isn't there yet."""
        path = self.cwd / out / "run.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def find(self, *words: str) -> list[psutil.Process]:
        """Return its descendants whose command line holds these words next to each other."""
        found = []
        try:
            descendants = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        for process in descendants:
            try:
                if " ".join(words) in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def kill(self, *words: str, number: int = signal.SIGKILL) -> None:
        """Wait for a descendant with these words; send a signal to it and to all below it.

        But not to multiprocessing's tracker, which frees semaphores once the others are dead. One
        that ended meanwhile (a worker of PostgreSQL, say) needs no signal.
        """
        for root in wait_until(lambda: self.find(*words), f"a process {words}"):
            trackers = self.find("multiprocessing.resource_tracker")
            below: list[psutil.Process] = []
            with suppress(psutil.NoSuchProcess):
                below = root.children(recursive=True)
            for process in {root, *below}.difference(trackers):
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)

    def waits(self, condition: Callable[[], Any], what: str) -> None:
        """Wait until the condition gives something, while it runs."""
        wait_until(lambda: condition() or self.process.poll() is not None, what)
        assert condition(), self.err

    def reaches(self, text: str) -> None:
        """Wait until stderr says it."""
        self.waits(lambda: text in self.err, text)

    def interrupt(self, number: int = signal.SIGINT) -> None:
        """Send a signal to its process group, as the terminal does on Ctrl-C."""
        os.killpg(self.process.pid, number)

    def finish(self) -> Ran:
        """Wait for its end."""
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return Ran(code=code, out=self.out, err=self.err)


@dataclass(slots=True, kw_only=True)
class Tool:
    """Starts the command in one directory."""

    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    begun: list[Begun] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def leave_uncovered(self) -> None:
        """Don't measure coverage: its start swallows Ctrl-C, and its end needs a disk."""
        self.environment = UNCOVERED

    def start(self, *arguments: object, command: tuple[object, ...] = (COMMAND,)) -> Begun:
        """Start it with these arguments."""
        name = f"{next(self.numbers)}"
        with (
            (self.cwd / f"{name}.out").open("wb") as out,
            (self.cwd / f"{name}.err").open("wb") as err,
        ):
            process = subprocess.Popen(
                [str(part) for part in (*command, *arguments)],
                cwd=self.cwd,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        begun = Begun(process=process, cwd=self.cwd, name=name)
        self.begun.append(begun)
        return begun

    def run(self, *arguments: object, command: tuple[object, ...] = (COMMAND,)) -> Ran:
        """Run it to its end."""
        return self.start(*arguments, command=command).finish()

    def report(self, *arguments: object) -> Ran:
        """Show a run again: uncovered, since tests/cli calls the same in its own process."""
        uncovered = replace(self, environment={**self.environment, **UNCOVERED})
        return uncovered.run("report", *arguments)

    def kill_all(self) -> None:
        """End what a failed test left running."""
        for begun in self.begun:
            if begun.process.poll() is None:
                begun.process.kill()
                begun.process.wait()


@pytest.fixture
def tool(tmp_path: Path, nothing_left: None) -> Iterator[Tool]:
    """Run the command in an empty directory."""
    started = Tool(cwd=tmp_path)
    yield started
    started.kill_all()


@pytest.fixture(scope="module")
def shared_tool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """Run the command once for several tests, with a state of its own; nothing may stay."""
    temporary = Path(tempfile.mkdtemp(prefix="wa-", dir="/tmp"))
    temporary.chmod(0o711)
    state = tmp_path_factory.mktemp("state")
    started = Tool(
        cwd=tmp_path_factory.mktemp("shared"),
        environment={"XDG_STATE_HOME": str(state), "TMPDIR": str(temporary)},
    )
    yield started
    started.kill_all()
    left = [*temporary.iterdir(), *(state / "whereasync" / "live").glob("*")]
    shutil.rmtree(temporary)
    assert not left
