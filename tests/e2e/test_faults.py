"""Every fault that a user can make or meet: one line, a next step, the right exit code."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from whereasync.databases import embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Begun, Tool

pytestmark = pytest.mark.server

# Two blocks instead of six: enough to go on after a fault, not to say who is faster.
HASTY = """
from dataclasses import replace
from whereasync import cli
from whereasync.demo.experiment import LENGTHS
LENGTHS["quick"] = replace(LENGTHS["quick"], looks=(2,))
cli.main()
"""
TINY = ("demo", "--quick", "--chapter", "1", "--objects", "1", "--out", "run")


# ---------------------------------------------------------------- what can be typed


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (("demo", "--server", "hypercron"), "no server “hypercron”", "did you mean hypercorn?"),
        (("demo", "--server", "uvicorn,lop=auto"), "no option “lop”", "did you mean loop?"),
        (("demo", "--objects", "0"), "objects 0: choose 1 to", "whereasync demo --help"),
        (("demo", "--objects", "-5"), "objects -5: choose 1 to", "whereasync demo --help"),
        (("demo", "--objects", "abc"), "'abc' is no number", "whereasync demo --help"),
        (("demo", "--clients", "0"), "clients 0: choose 1 to", "whereasync demo --help"),
        (("demo", "--chapter", "7"), "chapter 7: choose 1 to 4", "whereasync demo --help"),
        (("demo", "--qick"), "--quick", "whereasync demo --help"),
        (("dmeo",), "'demo'", "whereasync --help"),
        (("demo", "--database", "postgrse://u@h/d"), "“postgrse:” is unknown", "postgres:?"),
        (("demo", "--database", "mysql://u@h/d"), "mysql is not supported", "--database takes"),
        (("demo", "--api-url", "http://h/"), "needs your key", "WHEREASYNC_API_KEY"),
        (("demo", "--out", "/proc/run"), "/proc/run can't hold a run", "ls -l"),
    ],
)
def test_what_can_be_typed(tool: Tool, arguments: tuple[str, ...], what: str, hint: str) -> None:
    """What can't be done is said before anything starts, and makes no directory."""
    ran = tool.run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    said, advised = ran.refusal
    assert what in said
    assert hint in advised
    assert not (tool.cwd / ".whereasync").exists()


def test_no_command_is_a_question(tool: Tool) -> None:
    """The bare command says what there is."""
    ran = tool.run()
    assert (ran.code, ran.err) == (0, "")
    assert "demo" in ran.out
    assert "report" in ran.out


def test_a_server_that_refuses(tool: Tool) -> None:
    """A database that can't be reached is named, and no run is left that holds nothing."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ran = tool.run(*TINY, "--database", f"postgres://u:secret@127.0.0.1:{port}/d")
    assert ran.code == 2
    what, hint = ran.refusal
    assert f"127.0.0.1:{port} can't be reached" in what
    assert "pg_isready" in hint
    assert "secret" not in ran.err
    assert not (tool.cwd / "run").exists()


# ---------------------------------------------------------------- where the run is kept


def test_out_is_in_use(tool: Tool) -> None:
    """A run overwrites nothing."""
    kept = tool.cwd / "run" / "kept"
    kept.parent.mkdir()
    kept.touch()
    ran = tool.run(*TINY)
    assert ran.code == 2
    assert "run isn't empty" in ran.refusal[0]
    assert "--out DIR" in ran.refusal[1]
    assert list(kept.parent.iterdir()) == [kept]
    ran = tool.run(*TINY[:-1], kept)
    assert ran.code == 2
    assert "is a file, not a directory" in ran.refusal[0]
    ran = tool.run(*TINY[:-1], kept / "below")
    assert ran.code == 2
    assert "can't hold a run: not a directory" in ran.refusal[0]


def test_full_disk_at_the_start(tool: Tool) -> None:
    """A disk without room is noticed before minutes are spent."""
    tool.leave_uncovered()
    limit = ("prlimit", f"--fsize={16 * 1024}")
    ran = tool.run(*TINY, command=(*limit, *default_command()))
    assert ran.code == 2
    what, hint = ran.refusal
    assert "run can't hold a run" in what
    assert "Free some space" in hint
    assert not list((tool.cwd / "run").iterdir())


def default_command() -> tuple[object, ...]:
    """Return the installed command."""
    return (Path(sys.executable).with_name("whereasync"),)


def test_full_disk_in_the_middle(tool: Tool) -> None:
    """When the run can't be saved any more, that is said, and what was saved before is whole."""
    tool.leave_uncovered()
    begun = tool.start(*TINY, "--database", "sqlite:")
    wait_for_singles(begun)
    room = (tool.cwd / "run" / "run.json").stat().st_size  # a longer one is an error of the disk
    resource.prlimit(begun.process.pid, resource.RLIMIT_FSIZE, (room, room))
    ran = begun.finish()
    assert ran.code == 3
    assert "run.json can't be written: file too large" in ran.refusal[0]
    assert "Free some space" in ran.refusal[1]
    assert begun.saved()["singles"]
    shown = tool.report("run")
    assert shown.code == 0
    assert "GET 1" in shown.out


def test_out_that_vanishes(tool: Tool) -> None:
    """A run whose directory is deleted under it ends with one line."""
    begun = tool.start(*TINY, "--database", "sqlite:")
    wait_for_singles(begun)
    gone = (tool.cwd / "run").rename(tool.cwd / "gone")  # at once, for it goes on being written
    shutil.rmtree(gone)
    ran = begun.finish()
    assert ran.code == 3
    assert "run.json can't be written" in ran.refusal[0]


def wait_for_singles(begun: Begun) -> None:
    """Wait until the first answers are saved."""
    begun.reaches("1 As the article measured")
    begun.waits(lambda: begun.saved().get("singles"), "a first answer")


# ---------------------------------------------------------------- PostgreSQL


@contextmanager
def temporary_below(name: str, mode: int) -> Iterator[Path]:
    """Make a temporary directory of a mode below the test's own."""
    path = Path(tempfile.gettempdir()) / name
    path.mkdir()
    path.chmod(mode)
    yield path
    path.rmdir()


def test_postgresql_without_a_socket(tool: Tool) -> None:
    """An embedded PostgreSQL that can't start says why, from its log, and the run keeps the log."""
    with temporary_below("d" * 100, 0o711) as deep:  # a socket's path takes 107 characters
        tool.environment = {"TMPDIR": str(deep)}
        ran = tool.run(*TINY)
    assert ran.code == 3
    what, hint = ran.refusal
    assert "the embedded PostgreSQL can't start: could not create any Unix-domain socket" in what
    assert "postgres:// URL" in hint
    assert "is too long" in ran.err
    assert list((tool.cwd / "run" / "log").glob("*postgres.log"))
    shown = tool.report("run")
    assert shown.code == 0
    assert "PostgreSQL can't start" in " ".join(shown.out.split())


@pytest.mark.skipif(embedded.choose_user() is None, reason="only root runs it as nobody")
def test_postgresql_shut_out(tool: Tool) -> None:
    """As root, a temporary directory that nobody can't enter is named."""
    with temporary_below("closed", 0o700) as closed:
        tool.environment = {"TMPDIR": str(closed)}
        ran = tool.run(*TINY)
    assert ran.code == 3
    assert "Permission denied" in ran.refusal[0]
    assert str(closed) in ran.refusal[0]


def test_postgresql_dies(tool: Tool) -> None:
    """A database that dies under the run is a recorded failure, not a traceback."""
    begun = tool.start(*TINY)
    wait_for_singles(begun)
    begun.kill("bin/postgres -D", number=signal.SIGQUIT)  # or its shared memory would stay
    ran = begun.finish()
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert tool.report("run").code == 0


# ---------------------------------------------------------------- servers and stand-in


def test_a_server_dies_at_its_start(tool: Tool) -> None:
    """The rows of a server that never came up are failures; the next size goes on."""
    begun = tool.start(*TINY[:4], "--objects", "1,2", "--out", "run", "--database", "sqlite:")
    begun.kill("-m hypercorn")
    ran = begun.finish()
    assert ran.code == 3
    assert "Traceback" not in ran.err
    by_row = rows(begun)
    assert by_row["get-1"]["ours"] is None
    assert "ended at its start" in by_row["get-1"]["clocks"]["sync"]["faults"][0]["detail"]
    assert by_row["get-2"]["ours"]
    text = " ".join(ran.out.split())
    assert "GET 1, async: failed 3 of 3 times, so there is no figure (server: hypercorn" in text
    assert begun.saved()["status"] == "done"


def rows(begun: Begun) -> dict[str, Any]:
    """Return the article's rows as ``report --json`` shows them."""
    shown = subprocess.run(
        [*map(str, default_command()), "report", "run", "--json"],
        cwd=begun.cwd, capture_output=True, check=True,
    )  # fmt: skip
    return {row["name"]: row for row in json.loads(shown.stdout)["article"]}


def test_a_server_is_never_ready(tool: Tool) -> None:
    """A server that hangs at its start is given up after its deadline."""
    impatient = (
        "from whereasync import cli, servers\n"
        "servers.launch.__wrapped__.__kwdefaults__['deadline'] = 2.0\n"
        "cli.main()\n"
    )
    begun = tool.start(*TINY, "--database", "sqlite:", command=(sys.executable, "-c", impatient))
    begun.kill("-m hypercorn", number=signal.SIGSTOP)
    ran = begun.finish()
    assert ran.code == 3
    fault = rows(begun)["api"]["clocks"]["async"]["faults"][0]
    assert "was not ready within 2 s" in fault["detail"]


def test_a_server_dies_between_requests(tool: Tool) -> None:
    """What a dead server did not answer is a failure; the next size gets a new one."""
    begun = tool.start(*TINY[:4], "--objects", "1,2", "--out", "run", "--database", "sqlite:")
    wait_for_singles(begun)
    begun.kill("-m hypercorn")
    ran = begun.finish()
    assert ran.code == 3
    assert "Traceback" not in ran.err
    by_row = rows(begun)
    assert by_row["api"]["clocks"]["async"]["faults"]
    assert by_row["get-2"]["ours"]
    assert "failed" in ran.out


def test_the_stand_in_dies(tool: Tool) -> None:
    """Rows that need the stand-in fail, the others go on."""
    begun = tool.start(*TINY[:4], "--objects", "1,2", "--out", "run", "--database", "sqlite:")
    begun.kill("-m hypercorn", number=0)  # so it is up, and has read where the stand-in is
    begun.kill("whereasync.upstreams.standin")
    ran = begun.finish()
    assert ran.code == 3
    by_row = rows(begun)
    assert by_row["api"]["clocks"]["sync"]["faults"]
    assert by_row["get-1"]["ours"]
    assert by_row["get-2"]["ours"]
    assert by_row["post"]["ours"]


def test_a_server_dies_in_a_block(tool: Tool) -> None:
    """Cells that a dead server left void are said to be so; the race goes on, and ends with 3."""
    begun = tool.start(
        "demo", "--quick", "--chapter", "2", "--clients", "1", "--database", "sqlite:",
        "--out", "run", "--seed", "1", command=(sys.executable, "-c", HASTY),
    )  # fmt: skip
    temporary = Path(os.environ["TMPDIR"])
    begun.waits(lambda: list(temporary.glob("whereasync-*/block-0/samples/*.npy")), "a record")
    begun.kill("-m gunicorn")
    ran = begun.finish()
    assert ran.code == 3
    assert "Traceback" not in ran.err
    saved = begun.saved()
    assert saved["status"] == "done"
    assert len(saved["blocks"]) == 2
    assert any(task["fault"] for task in saved["blocks"][0]["tasks"])
    assert not any(task["fault"] for block in saved["blocks"][1:] for task in block["tasks"])
    assert "void" in ran.out
    assert tool.report("run").out == ran.out


# ---------------------------------------------------------------- old runs


def test_reports_of_what_is_no_run(tool: Tool) -> None:
    """Each broken run is one line; the hint names a way on."""
    ran = tool.report()
    assert ran.code == 2
    assert "There is no run below .whereasync/runs" in ran.refusal[0]
    assert ran.refusal[1] == "Measure one: whereasync demo"
    whole = b'{"schema": 1, "tool": "9", "command": "demo"}'
    damages = {
        "missing": (None, "There is no run at missing"),
        "empty": (b"", "is empty"),
        "half": (b'{"schema": 1, "tool": "0', "whole JSON"),
        "damaged": (b"\x00\xff\x80", "can't be read"),
        "foreign": (b"[1, 2]", "no run: Expected `object`"),
        "lacking": (whole, "no run"),
        "newer": (b'{"schema": 99, "tool": "9.0"}', "whereasync 9.0, whose schema 99 is newer"),
    }
    for name, (content, what) in damages.items():
        if content is not None:
            (tool.cwd / name).mkdir()
            (tool.cwd / name / "run.json").write_bytes(content)
        ran = tool.report(name)
        assert (ran.code, ran.out) == (2, "")
        assert what in ran.refusal[0]
        assert ran.refusal[1]
