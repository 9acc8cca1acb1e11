"""Environments made for real, by venv and pip, from an index on the disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.stacks.wheels import make_index, use_index

from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.processes import supervised
from whereasync.servers import versions
from whereasync.stacks import find_environment, make_environment, parse_stack

if TYPE_CHECKING:
    from whereasync.model import Stack

pytestmark = pytest.mark.server  # each takes seconds

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
DRIVERS = ("psycopg", "psycopg2-binary")
NOBODY = "http://127.0.0.1:9/"  # the port of discard, which nobody serves
# Makes a stack and says where, as a command of ours does on Ctrl-C too.
MAKE = """
import sys
from whereasync.processes import supervised
from whereasync.stacks import make_environment, parse_stack
with supervised() as supervisor:
    print(make_environment(parse_stack(sys.argv[1]), supervisor).path)
"""
# Enough of uv for us, by what every Python has: an environment without a pip of its own, which
# is ten times quicker, and ours to install there.
UV = f"""#!{sys.executable}
import subprocess, sys
if sys.argv[1] == "venv":
    argv = [sys.argv[4], "-m", "venv", "--without-pip", sys.argv[5]]
else:
    argv = [sys.executable, "-m", "pip", "--python", sys.argv[5], "install", *sys.argv[6:]]
    argv += ["--disable-pip-version-check", "--retries", "1"]
sys.exit(subprocess.run(argv).returncode)
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of an index on the disk."""
    return make_index(tmp_path_factory.mktemp("index"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str) -> Path:
    """Keep environments below a directory of the test; this Python is there, and no uv."""
    bin_directory = tmp_path / "bin"
    bin_directory.mkdir()
    (bin_directory / f"python{HERE}").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{bin_directory}:{os.defpath}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    use_index(monkeypatch, index)
    return tmp_path / "cache" / "whereasync" / "stacks"


@pytest.fixture
def uv(tmp_path: Path) -> None:
    """Put a uv on the PATH."""
    program = tmp_path / "bin" / "uv"
    program.write_text(UV)
    program.chmod(0o755)


def make(stack: Stack) -> Path:
    """Make it, and return its interpreter."""
    with supervised() as supervisor:
        return make_environment(stack, supervisor).python


def refuse(stack: Stack) -> tuple[str, str]:
    """Try to make it; return what it is refused for, and the way on."""
    with pytest.raises(BadInputError) as refused:
        make(stack)
    return refused.value.what, refused.value.hint


def left_in(cache: Path) -> list[str]:
    """Return the names of the environments there, whole or not."""
    return [path.name for path in cache.glob("*") if path.is_dir()]


def test_pip_installs_what_the_stack_says_and_what_the_project_needs(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found again without an index, in whatever order it is asked for; others are others."""
    monkeypatch.setenv("PYTHONPATH", str(Path(sys.prefix) / "lib" / f"python{HERE}"))
    stack = parse_stack(f"python={HERE} django==4.1.* hypercorn==1.0")
    python = make(stack)
    found = versions(python, ["django", "hypercorn", "httpx", "aiohttp", *DRIVERS])
    assert found.pop("python").startswith(HERE)
    assert found == {
        "django": "4.1.13",
        "hypercorn": "1.0",
        "httpx": "1.0",
        "aiohttp": "1.0",
        "psycopg2-binary": "1.0",
    }
    said = json.loads((python.parent.parent / "stack.json").read_text())
    assert "django==4.1.*" in said["requirements"]
    use_index(monkeypatch, NOBODY)
    same = parse_stack(f"python={HERE} hypercorn==1.0 django==4.1.*")
    assert make(same) == python
    assert find_environment(parse_stack(f"python={HERE} django==4.1.*")) is None
    assert len(left_in(cache)) == 1


def test_uv_is_taken_where_it_is(uv: None) -> None:
    """It makes the environment and installs there."""
    python = make(parse_stack(f"python={HERE} django==5.2.* psycopg2"))
    assert versions(python, ["django", "psycopg2-binary", "pip"]).keys() == {
        "python",
        "django",
        "psycopg2-binary",
    }


def test_an_environment_that_is_not_whole_is_made_again(uv: None) -> None:
    """What was cut short has no stack.json; one may also have lost its interpreter."""
    stack = parse_stack(f"python={HERE} django")
    python = make(stack)
    (python.parent.parent / "stack.json").unlink()
    (python.parent.parent / "half").touch()
    assert make(stack) == python
    assert not (python.parent.parent / "half").exists()
    python.unlink()
    assert find_environment(stack) is None


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("django==99.*", "No matching distribution found for django==99.*"),
        ("nosuchthing", "No matching distribution found for nosuchthing"),
        ("django>=5 picky", "Cannot install django>=5 and picky==1.0 because"),
    ],
)
def test_what_pip_can_not_resolve_is_said_in_its_words(
    uv: None, cache: Path, words: str, what: str
) -> None:
    """The line that tells, and what may be changed; nothing half made stays."""
    said, hint = refuse(parse_stack(f"python={HERE} {words}"))
    assert said.startswith(f"stack python={HERE} {words} can't be installed: {what}")
    assert "\n" not in said
    assert hint == f"change one of {words}, on Python {HERE}"
    assert left_in(cache) == []


def test_without_a_network_a_stack_that_is_not_here_says_so(
    uv: None, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what pip says of a port that nobody serves."""
    use_index(monkeypatch, NOBODY)
    what, hint = refuse(parse_stack(f"python={HERE} django"))
    assert what == (
        f"stack python={HERE} django isn't here yet, and the package index can't be reached"
    )
    assert "from then on it needs no network" in hint
    assert left_in(cache) == []


def test_a_missing_interpreter_is_said_before_anything_is_made(cache: Path) -> None:
    """No directory, no lock."""
    what, hint = refuse(parse_stack("python=3.99 django"))
    assert what == "there is no Python 3.99 on this machine"
    assert "uv python install 3.99" in hint
    assert not cache.exists()


def test_a_python_that_makes_no_environment_is_no_fault_of_the_stack(
    cache: Path, tmp_path: Path
) -> None:
    """Debian's comes without ensurepip: its last line but one says so."""
    python = tmp_path / "bin" / "python3.98"
    python.write_text(
        "#!/bin/sh\n"
        'case "$*" in *version_info*) echo 3.98.0 cpython; exit;; esac\n'
        "echo 'The environment was not made, ensurepip is not available.'\n"
        "echo; echo 'Failing command: python'; exit 1\n"
    )
    python.chmod(0o755)
    what, hint = refuse(parse_stack("python=3.98 django"))
    assert what == (
        "Python 3.98 can't make an environment for stack python=3.98 django: "
        "The environment was not made, ensurepip is not available"
    )
    assert hint == "install uv, or on Debian python3.98-venv; then try again"
    assert left_in(cache) == []


def test_a_cache_that_can_not_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a file here; root may write anywhere else."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(WhereAsyncError, match="can't be kept in"):
        make(parse_stack(f"python={HERE} django"))


# ---------------------------------------------------------------- two at once, and one cut short


def start(stack: str) -> subprocess.Popen[str]:
    """Make it in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", MAKE, stack],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_two_processes_that_want_the_same_make_it_once(uv: None, tmp_path: Path) -> None:
    """The second waits for the first, and finds it made."""
    log = tmp_path / "made"
    program = tmp_path / "bin" / "uv"
    counting = f"import sys\nopen({str(log)!r}, 'a').write(sys.argv[1] + '\\n')\n"
    program.write_text(UV.replace("import subprocess, sys\n", f"import subprocess\n{counting}"))
    both = [start(f"python={HERE} django") for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert log.read_text().splitlines() == ["venv", "pip"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_making_that_is_cut_short_leaves_no_process_and_nothing_to_be_found(
    uv: None, cache: Path, tmp_path: Path, number: int
) -> None:
    """Nor half an environment after Ctrl-C; what kill -9 leaves is not taken for one."""
    program = tmp_path / "bin" / "uv"
    program.write_text(UV.replace("else:", "else:\n    import time; time.sleep(600)"))
    process = start(f"python={HERE} django")
    deadline = time.monotonic() + 30
    while not list(cache.glob("*/bin/python")) or not find_sleepers(process.pid):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    sleepers = find_sleepers(process.pid)
    process.send_signal(number)
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(sleepers, timeout=10)
    assert alive == []
    assert find_environment(parse_stack(f"python={HERE} django")) is None
    if number == signal.SIGINT:
        assert left_in(cache) == []


def find_sleepers(pid: int) -> list[psutil.Process]:
    """Return the descendants that install."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if {"pip", "install"} <= set(process.cmdline()):
                    found.append(process)
    return found
