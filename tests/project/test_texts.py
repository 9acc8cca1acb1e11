"""Which files of a project are read, and which never."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from whereasync.project.texts import (
    LARGEST,
    climb,
    read,
    read_deployment,
    read_settings,
    read_tests,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.model import SourceText


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Make a repository with a project in ``src``."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    return tmp_path / "src"


def put(root: Path, *names: str, text: str = "x") -> None:
    """Write files."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def name(texts: Iterable[SourceText], root: Path) -> list[str]:
    """Return the paths below a root."""
    return [str(Path(each.path).relative_to(root)) for each in texts]


def test_what_starts_servers_is_looked_for_up_to_the_repository(directory: Path) -> None:
    """Beside manage.py, above it, and in the directories of a deployment."""
    root = directory.parent
    put(root, "Procfile", "deploy/web/start", "docker/Dockerfile", "README.md", "other/Procfile")
    put(directory, "Makefile", "docker/notes.txt")
    assert name(read_deployment(directory), root) == [
        "src/Makefile",
        "Procfile",
        "deploy/web/start",
        "docker/Dockerfile",
    ]


def test_nothing_is_read_above_a_project_without_a_repository(tmp_path: Path) -> None:
    """What lies there is somebody else's."""
    put(tmp_path, "Procfile", "shop/Makefile")
    assert climb(tmp_path / "shop") == (tmp_path / "shop",)
    assert name(read_deployment(tmp_path / "shop"), tmp_path) == ["shop/Makefile"]


def test_a_directory_that_is_gone_has_no_files(tmp_path: Path) -> None:
    """Nothing raises."""
    assert read_deployment(tmp_path / "gone") == ()
    assert read_tests(tmp_path / "gone") == ()


def test_settings_are_read_with_what_they_import(tmp_path: Path) -> None:
    """By a relative name, by an absolute one, from a package; each once."""
    put(tmp_path, "conf/__init__.py", text="")
    put(tmp_path, "conf/live.py", text="from .base import *\nfrom conf.extra import *\nimport os\n")
    put(tmp_path, "conf/base.py", text="from .live import *\nfrom .local import name\n")
    put(tmp_path, "conf/extra/__init__.py", text="from .inner import *\nfrom installed import *\n")
    put(tmp_path, "conf/extra/inner.py", "conf/local.py", text="A = 1\n")
    found = read_settings("conf.live", [tmp_path / "elsewhere", tmp_path])
    assert name(found, tmp_path) == [
        "conf/live.py",
        "conf/base.py",
        "conf/extra/__init__.py",
        "conf/extra/inner.py",
    ]


def test_settings_that_are_installed_or_broken_are_no_error(tmp_path: Path) -> None:
    """Then findings name no line."""
    assert read_settings("installed.settings", [tmp_path]) == ()
    put(tmp_path, "settings.py", text="from . import (")
    assert name(read_settings("settings", [tmp_path]), tmp_path) == ["settings.py"]


def test_tests_go_by_their_names(directory: Path) -> None:
    """As test runners find them; never those of others, nor hidden ones."""
    put(
        directory,
        *("shop/tests.py", "shop/views.py", "tests/conftest.py", "tests/data.json"),
        *("a_test.py", ".tox/test_x.py", "node_modules/test_x.py", "env/pyvenv.cfg"),
        *("env/lib/test_x.py", "site-packages/test_x.py"),
    )
    assert name(read_tests(directory), directory) == [
        "a_test.py",
        "shop/tests.py",
        "tests/conftest.py",
    ]


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """Large, no text, not there, not ours to read."""
    put(tmp_path, "large.py", text="x" * (LARGEST + 1))
    (tmp_path / "latin.py").write_bytes(b"\xe9")
    assert read(tmp_path / "large.py") is None
    assert read(tmp_path / "latin.py") is None
    assert read(tmp_path / "gone.py") is None
    put(tmp_path, "fine.py")
    assert read(tmp_path / "fine.py") is not None


def test_a_loop_of_links_is_not_followed(tmp_path: Path) -> None:
    """A directory that contains itself."""
    put(tmp_path, "test_a.py")
    (tmp_path / "again").symlink_to(tmp_path)
    assert name(read_tests(tmp_path), tmp_path) == ["test_a.py"]
