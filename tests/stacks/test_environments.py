"""Environments made for real, by pip, from wheels made here: no network is needed, or touched."""

from __future__ import annotations

import sys
import threading
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from whereasync import stacks
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Stack
from whereasync.processes import Supervisor, supervised
from whereasync.servers import versions
from whereasync.stacks import find_environment, make_environment
from whereasync.stacks.spec import NEEDED, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.server  # pip takes its seconds

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
STACK = Stack(name="mine", python=HERE, requirements=("django==4.1.7",))
SHELF, INDEX = "PIP_FIND" + "_LINKS", "PIP_INDEX" + "_URL"  # no file of ours names an index
DISTRIBUTIONS = (*(name_of(each) for each in NEEDED), "psycopg")


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let pip find what a stack needs on a shelf of ours and nowhere else, without uv."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for name in DISTRIBUTIONS:
        put(shelf, name, "4.1.7")
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv(SHELF, str(shelf))
    for name in ("PIP_CONSTRAINT", "PIP_REQUIRE_VIRTUALENV"):
        monkeypatch.delenv(name, raising=False)
    real = stacks.shutil.which
    monkeypatch.setattr(stacks.shutil, "which", lambda name: None if name == "uv" else real(name))
    return shelf


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Give a supervisor for the time of a test."""
    with supervised() as supervisor:
        yield supervisor


def put(shelf: Path, name: str, version: str) -> None:
    """Make a wheel that holds nothing but its name."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(shelf / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: binary\n",
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")


@dataclass(slots=True)
class Watched:
    """A supervisor that tells what it was asked to run, and may be interrupted at it."""

    real: Supervisor
    ran: list[str] = field(default_factory=list)
    interrupt_at: str = "nothing"

    def run(self, argv: list[str | Path], **how: Any) -> str:
        """Run it as the real one does."""
        module = str(argv[2])
        self.ran.append(module)
        if module == self.interrupt_at:
            raise KeyboardInterrupt
        return self.real.run(argv, **how)


def test_it_is_made_once_by_whoever_comes_first(supervisor: Supervisor) -> None:
    """Two at once make one; afterwards it is found, and nothing is run or asked for."""
    assert find_environment(STACK) is None
    watched = Watched(supervisor)
    got = []
    both = [
        threading.Thread(target=lambda: got.append(make_environment(STACK, watched)))  # type: ignore[arg-type]
        for _ in range(2)
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert watched.ran == ["venv", "pip"]
    assert got[0] == got[1] == find_environment(STACK)
    found = versions(got[0].python, DISTRIBUTIONS)
    assert {name: found[name] for name in DISTRIBUTIONS} == dict.fromkeys(DISTRIBUTIONS, "4.1.7")
    nobody = Watched(supervisor, interrupt_at="venv")
    assert make_environment(STACK, nobody) == got[0]  # type: ignore[arg-type]
    assert nobody.ran == []


def test_an_interrupted_one_is_no_environment(supervisor: Supervisor, tmp_path: Path) -> None:
    """Nothing half made is left, and what a power cut left is not taken for one."""
    with pytest.raises(KeyboardInterrupt):
        make_environment(STACK, Watched(supervisor, interrupt_at="venv"))  # type: ignore[arg-type]
    home = tmp_path / "cache" / "whereasync" / "stacks"
    [lock] = home.iterdir()
    half = lock.with_suffix("")
    (half / "bin").mkdir(parents=True)
    (half / "bin" / "python").touch()
    assert find_environment(STACK) is None


def test_what_cannot_be_resolved_is_bad_input(supervisor: Supervisor, shelf: Path) -> None:
    """With pip's own reason, and which words to change."""
    asked = Stack(name="odd", python=HERE, requirements=("django==9.9",))
    with pytest.raises(BadInputError) as caught:
        make_environment(asked, supervisor)
    assert "stack 'odd' can't be installed: No matching distribution" in caught.value.what
    assert caught.value.hint == f"change one of django==9.9, on Python {HERE}"
    assert not list(shelf.parent.rglob("pyvenv.cfg"))


def test_without_a_network_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that nobody answers for."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv(SHELF)
    monkeypatch.setenv(INDEX, "http://127.0.0.1:9/")
    with (
        supervised() as supervisor,
        pytest.raises(BadInputError, match="package index can't be reached") as caught,
    ):
        make_environment(STACK, supervisor)
    assert "from then on it needs no network" in caught.value.hint


def test_a_cache_that_cannot_be_written_is_an_error(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As where a file has the directory's name."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(WhereAsyncError, match="can't be kept"):
        make_environment(STACK, supervisor)
