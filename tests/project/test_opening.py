"""All of it put together, as every command gets it."""

from __future__ import annotations

import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from whereasync.errors import BadInputError
from whereasync.processes import supervised
from whereasync.project.opening import Asked, find_project, find_wanted, lay_over, open_project
from whereasync.servers import parse_arm_server

if TYPE_CHECKING:
    from collections.abc import Callable

MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a project, and stand in it, without an environment of anybody's."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "manage.py").write_text(MANAGE)
    monkeypatch.chdir(tmp_path)
    for name in ("VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_plain_project_needs_no_configuration(project: Path) -> None:
    """Found by manage.py; the Python is the one that runs this."""
    home, config = open_project(Asked())
    assert (home.python, home.directory) == (Path(sys.executable), project / "shop")
    assert (home.settings, home.paths, dict(home.environment)) == ("shop.settings", (), {})
    assert config.file == ""


def test_a_configuration_says_it_all(project: Path) -> None:
    """Named, or found from the directory."""
    python = project / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (project / "whereasync.toml").write_text(
        'settings = "other.settings"\npython = "env"\npaths = ["apps"]\n'
        'directory = "shop"\nenvironment = { A = "1", PYTHONPATH = "/nowhere" }\n'
    )
    for where in (None, project, project / "shop", project / "whereasync.toml"):
        home, config = open_project(Asked(where=where))
        assert home.python == python
        assert home.directory == project / "shop"
        assert home.settings == "other.settings"
        assert home.paths == (str(project / "apps"),)
        assert dict(home.environment) == config.environment


def test_a_configuration_beside_manage_is_found_from_above(project: Path) -> None:
    """It may name another directory, relative to itself."""
    (project / "shop" / "whereasync.toml").write_text('settings = "beside.it"\n')
    found = find_project(Asked())
    assert (found.settings.module, found.directory) == ("beside.it", project / "shop")
    (project / "shop" / "whereasync.toml").write_text('directory = ".."\n')
    assert find_project(Asked(settings="a.b")).directory == project


def test_what_is_typed_comes_first(project: Path) -> None:
    """Relative to where one stands."""
    (project / "whereasync.toml").write_text('settings = "a.b"\npython = "none"\n')
    home, _ = open_project(Asked(settings="c.d", python=sys.executable))
    assert (home.settings, home.python) == ("c.d", Path(sys.executable))


def configure(text: str) -> Callable[[Path], Asked]:
    """Return what writes that configuration."""

    def write(project: Path) -> Asked:
        (project / "whereasync.toml").write_text(text)
        return Asked()

    return write


@pytest.mark.parametrize(
    ("prepare", "what"),
    [
        (configure('database = "mysql://x/y"'), "whereasync.toml: mysql is not supported yet"),
        (
            configure('[arms.a]\nserver = "guncorn"\npath = "/"'),
            "whereasync.toml: the arm “a”: there is no server “guncorn”",
        ),
        (
            configure('[stand-ins."http://x"]\nlatency = "fast"'),
            "whereasync.toml: stand-in http://x, /*: the latency “fast” has no duration",
        ),
        (lambda project: Asked(where=project / "none"), "none isn't there"),
    ],
)
def test_what_only_a_room_of_its_own_can_check_is_checked_at_once(
    project: Path, prepare: Callable[[Path], Asked], what: str
) -> None:
    """With the file, before anything runs."""
    with pytest.raises(BadInputError) as caught:
        find_project(prepare(project))
    assert caught.value.what.startswith(what)
    assert caught.value.hint


def test_what_arms_lack_is_named_with_what_belongs_to_it(project: Path) -> None:
    """A uvicorn without its loop and parser would be another server than people run."""
    venv.create(project / "bare", symlinks=True)
    bare = project / "bare" / "bin" / "python"
    arms = [parse_arm_server("uvicorn"), parse_arm_server("gunicorn")]
    assert find_wanted(arms, bare) == ("gunicorn", "httptools", "uvicorn", "uvloop")
    assert find_wanted(arms, Path(sys.executable)) == ()


def test_nothing_is_laid_over_a_project_that_has_all() -> None:
    """No directory is made, and nothing asked of an index."""
    with supervised() as supervisor:
        assert lay_over([parse_arm_server("uvicorn")], Path(sys.executable), supervisor) == ()
