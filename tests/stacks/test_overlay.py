"""Overlays made for real, from an index on the disk, beside an environment written by hand."""

from __future__ import annotations

import json
import os
import shutil
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.stacks.wheels import make_wheel, use_index

from whereasync.errors import BadInputError
from whereasync.processes import supervised
from whereasync.servers import versions
from whereasync.stacks import overlay
from whereasync.stacks.overlay import find_overlay, make_overlay

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = "http://127.0.0.1:9/"  # the port of discard, which nobody serves


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of an index with a server, and two versions of what it needs."""
    directory = tmp_path_factory.mktemp("index")
    for version in ("1.0", "2.0"):
        make_wheel(directory, "asgiref", version)
    make_wheel(directory, "daphne", "1.0", needs=["asgiref>=1"])
    make_wheel(directory, "picky", "1.0", needs=["asgiref>=2"])
    return directory.as_uri()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str) -> Iterator[Path]:
    """Keep overlays below a directory of the test; there is no uv."""
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    use_index(monkeypatch, index)
    overlay._ask.cache_clear()
    yield tmp_path / "cache" / "whereasync" / "overlays"
    overlay._ask.cache_clear()


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Make an environment without pip, that has asgiref 1.0 as somebody built it."""
    venv.create(tmp_path / "env", symlinks=True)
    has(tmp_path, "1.0+ours")
    return tmp_path / "env" / "bin" / "python"


def has(directory: Path, version: str) -> None:
    """Let the environment have that asgiref, and nothing else."""
    [packages] = (directory / "env" / "lib").glob("python*/site-packages")
    for known in packages.glob("asgiref*"):
        shutil.rmtree(known)
    info = packages / f"asgiref-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: asgiref\nVersion: {version}\n")
    overlay._ask.cache_clear()


def make(python: Path, *wanted: str) -> Path:
    """Make it."""
    with supervised() as supervisor:
        return make_overlay(python, wanted, supervisor)


def refuse(python: Path, *wanted: str) -> tuple[str, str]:
    """Try to make it; return what it is refused for, and the way on."""
    with pytest.raises(BadInputError) as refused:
        make(python, *wanted)
    return refused.value.what, refused.value.hint


@pytest.mark.server
def test_what_the_project_has_binds_what_is_laid_over_it(
    python: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found again without an index, until the project has another version of what both have."""
    made = make(python, "daphne")
    assert made.parent == cache
    assert versions(python, ["daphne", "asgiref"]).get("daphne") is None
    found = versions(python, ["daphne", "asgiref"], (str(made),))
    assert (found["daphne"], found["asgiref"]) == ("1.0", "1.0+ours")
    said = json.loads((made / "overlay.json").read_text())
    assert said == {"wanted": ["daphne"], "shared": {"asgiref": "1.0+ours"}}
    assert [path.name for path in made.glob("asgiref*")] == ["asgiref-1.0.dist-info"]

    use_index(monkeypatch, NOBODY)
    assert make(python, "daphne") == made
    assert find_overlay(python, ["picky"]) is None
    has(tmp_path, "2.0")
    assert find_overlay(python, ["daphne"]) is None
    what, hint = refuse(python, "daphne")
    assert what == "the project lacks daphne, and the package index can't be reached"
    assert "from then on it needs no network" in hint
    assert [path for path in cache.glob("*") if path.is_dir()] == []


@pytest.mark.server
def test_what_can_not_stand_beside_the_project_is_said(python: Path, cache: Path) -> None:
    """In pip's words; nothing half made stays."""
    what, hint = refuse(python, "picky")
    assert what.startswith("the project lacks picky, and beside what it has they can't be")
    assert "Cannot install picky" in what
    assert hint == "install picky in the project's environment, or race another server"
    assert [path for path in cache.glob("*") if path.is_dir()] == []


def test_whoever_can_install_for_that_python_is_taken(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The uv on the PATH, its own pip, ours, and else nobody."""
    ours = overlay._choose_installer(python)
    assert ours[:5] == [sys.executable, "-m", "pip", "--python", python]
    theirs = overlay._choose_installer(Path(sys.executable))
    assert theirs[:4] == [Path(sys.executable), "-m", "pip", "install"]
    monkeypatch.setattr(overlay, "find_spec", lambda _name: None)
    with pytest.raises(BadInputError, match="has no pip, and there is no uv"):
        overlay._choose_installer(python)
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    installer = overlay._choose_installer(python)
    assert installer[:3] == [str(program), "pip", "install"]
    assert installer[-1] == python


def test_an_interpreter_that_says_nothing_is_bad_input(tmp_path: Path) -> None:
    """As one that isn't there any more."""
    with pytest.raises(BadInputError, match="can't say what it has"):
        find_overlay(tmp_path / "none", ["daphne"])


def test_an_overlay_that_was_cut_short_is_none(python: Path) -> None:
    """It has no overlay.json."""
    overlay._path(python, ["daphne"]).mkdir(parents=True)
    assert find_overlay(python, ["daphne"]) is None
