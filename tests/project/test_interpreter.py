"""Which Python is the project's: shell scripts say what theirs is, and a real one is asked."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

import pytest

from whereasync.errors import BadInputError
from whereasync.project.interpreter import Candidate, choose_interpreter, locate


def make_python(path: Path, says: str = "3.12.1 has 5.2.1") -> Path:
    """Make a program that answers whatever it is asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'a site that prints'\necho '{says}'\n")
    path.chmod(0o755)
    return path


def refuse(path: Path, **how: list[str]) -> tuple[str, str]:
    """Return what an interpreter is refused for, and the hint."""
    with pytest.raises(BadInputError) as caught:
        choose_interpreter([Candidate(path=path, source="--python")], [], **how)
    assert "\n" not in caught.value.what
    assert str(path) not in caught.value.what
    return caught.value.what, caught.value.hint


def test_the_first_that_is_named_is_taken(tmp_path: Path) -> None:
    """In the order of the design; those that aren't there are passed over."""
    told = Candidate(path=make_python(tmp_path / "told" / "python"), source="--python")
    active = make_python(tmp_path / "active" / "bin" / "python")
    hidden = make_python(tmp_path / "project" / ".venv" / "bin" / "python")
    plain = make_python(tmp_path / "project" / "venv" / "bin" / "python")
    beside = [tmp_path / "none", tmp_path / "project"]
    environment = {"VIRTUAL_ENV": str(tmp_path / "active")}
    first = choose_interpreter([told], beside, environment=environment)
    assert (first.path, first.source, first.version, first.django) == (
        told.path,
        "--python",
        "3.12.1",
        "5.2.1",
    )
    second = choose_interpreter([], beside, environment=environment)
    assert (second.path, second.source) == (active, "VIRTUAL_ENV")
    third = choose_interpreter([], beside, environment={})
    assert (third.path, third.source) == (hidden, ".venv")
    hidden.unlink()
    hidden.parent.rmdir()
    fourth = choose_interpreter([], beside, environment={})
    assert (fourth.path, fourth.source) == (plain, "venv")


def test_the_environment_that_whereasync_runs_in_does_not_speak_for_the_project(
    tmp_path: Path,
) -> None:
    """It may be active only to run whereasync; it is taken where nothing else is there."""
    active = {"VIRTUAL_ENV": sys.prefix}
    beside = make_python(tmp_path / "venv" / "bin" / "python")
    assert choose_interpreter([], [tmp_path], environment=active).path == beside
    assert choose_interpreter([], [], environment=active).path == Path(sys.executable)


def test_without_any_it_is_the_one_that_runs_this() -> None:
    """A real one, asked in its own words."""
    found = choose_interpreter([], [], environment={})
    assert found.path == Path(sys.executable)
    assert found.version == platform.python_version()
    assert found.django == metadata.version("django")


def test_django_may_lie_beside_the_project(tmp_path: Path) -> None:
    """In a directory that the project imports from; its import may fail, and says why."""
    (tmp_path / "django").mkdir()
    package = tmp_path / "django" / "__init__.py"
    package.write_text("def get_version(): return '4.1.2rc1'")
    here = Candidate(path=Path(sys.executable), source="--python")
    assert choose_interpreter([here], [], paths=[str(tmp_path)]).django == "4.1.2rc1"
    package.write_text("raise RuntimeError('not\\n today')")
    what, _ = refuse(Path(sys.executable), paths=[str(tmp_path)])
    assert "can't import Django: RuntimeError: not today" in what


@pytest.mark.parametrize(
    ("says", "what", "hint"),
    [
        ("3.8.18 has 4.2.1", "is 3.8.18: whereasync's guest needs 3.9 or newer", "newer Python"),
        ("2.7.18 lacks ImportError: No module named django", "is 2.7.18", "newer Python"),
        ("3.12.1 has 4.0.10", "the project has Django 4.0.10: whereasync measures 4.1", "4.1"),
        (
            '3.12.1 lacks ModuleNotFoundError: No module named "django"',
            "the Python that --python names (3.12.1)",
            "name the project's Python: --python",
        ),
        ("", "what --python names can't be run as a Python", "name the project's Python"),
        ("Hello", "what --python names can't be run as a Python", ""),
    ],
)
def test_one_that_will_not_do_is_said(tmp_path: Path, says: str, what: str, hint: str) -> None:
    """In a line without its path, and what to do."""
    said, next_step = refuse(make_python(tmp_path / "python", says))
    assert what in said
    assert hint in next_step


def test_one_without_django_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real one that looks into no site-packages; without any named, that is what to do."""
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    environment = {"PATH": os.defpath}
    with pytest.raises(BadInputError) as caught:
        choose_interpreter([Candidate(path=bare, source="venv")], [], environment=environment)
    version = platform.python_version()
    assert caught.value.what == f"the Python that venv names ({version}) has no Django"
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(BadInputError) as caught:
        choose_interpreter([], [], environment=environment)
    assert caught.value.what.startswith("the project's Python isn't known, and the one that runs")


def test_one_that_is_not_there_is_said(tmp_path: Path) -> None:
    """An environment that was taken away, or a file that nobody may run."""
    assert refuse(tmp_path / "none")[0] == "the Python that --python names isn't there"
    make_python(tmp_path / "python").chmod(0o644)
    assert refuse(tmp_path / "python")[0] == "the Python that --python names isn't there"
    (tmp_path / "gone" / ".venv" / "bin").mkdir(parents=True)
    with pytest.raises(BadInputError, match=r"the Python that \.venv names isn't there"):
        choose_interpreter([], [tmp_path / "gone"], environment={})


def test_it_is_named_as_a_program_an_environment_or_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A symbolic link is not followed: an environment is where its link is."""
    python = make_python(tmp_path / "env" / "bin" / "python")
    linked = tmp_path / "env" / "bin" / "python3.12"
    linked.symlink_to(python)
    monkeypatch.setenv("PATH", str(tmp_path / "env" / "bin"))
    assert locate("env", tmp_path) == python
    assert locate("env/bin/python3.12", tmp_path) == linked
    assert locate("../env/bin/python", tmp_path / "src") == python
    assert locate(str(python), Path("/")) == python
    assert locate("python3.12", tmp_path) == linked
    assert locate("none", tmp_path) == tmp_path / "none"
