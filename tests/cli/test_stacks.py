"""Which stacks can be compared: what is installed there decides."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from whereasync.cli.progress import Silent
from whereasync.cli.stacks import provide, read_stacks
from whereasync.errors import BadInputError
from whereasync.servers import App
from whereasync.stacks import parse_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Install = Callable[[Mapping[str, str]], Path]

APP = App(python=Path(sys.executable), directory=Path(), env={"KEPT": "1"})
WORDS = "python=3.12 django"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Give a function that puts a made environment of ``WORDS`` into the cache.

    It holds no distribution but the metadata of these, which is what a version is read from.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def put(found: Mapping[str, str]) -> Path:
        from whereasync.stacks import _path

        path = _path(parse_stack(WORDS))
        (path / "bin").mkdir(parents=True)
        python = path / "bin" / "python"
        python.symlink_to(sys.executable)
        library = f"python{sys.version_info.major}.{sys.version_info.minor}"
        for name, version in found.items():
            info = path / "lib" / library / "site-packages" / f"{name}-{version}.dist-info"
            info.mkdir(parents=True)
            (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
        (path / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")
        (path / "stack.json").write_text("{}")
        return python

    return put


def refuse(words: str = WORDS) -> tuple[str, str]:
    """Return what a stack is refused for, and the way on."""
    with pytest.raises(BadInputError) as refused:
        provide(parse_stack(words), APP, Silent())
    return refused.value.what, refused.value.hint


def test_a_stack_that_is_made_is_taken_without_more(install: Install) -> None:
    """The project runs on its interpreter, and sees nothing installed elsewhere."""
    python = install({"django": "5.2.1", "psycopg": "3.3"})
    app = provide(parse_stack(WORDS), APP, Silent())
    assert app.python == python
    assert app.env == {"KEPT": "1", "PYTHONPATH": "", "PYTHONHOME": ""}


def test_a_django_without_async_queries_is_too_old(install: Install) -> None:
    """What pip chose counts, whatever was asked for."""
    install({"django": "4.0.10", "psycopg2-binary": "2.9"})
    what, hint = refuse()
    assert what == (
        f"stack {WORDS} has Django 4.0.10, which is too old: async queries came with 4.1"
    )
    assert hint == "ask for django>=4.1"


@pytest.mark.parametrize("django", ["4.1.13", "4.1rc1"])
def test_a_driver_that_django_can_not_use_is_refused(install: Install, django: str) -> None:
    """Psycopg 3 came with Django 4.2."""
    install({"django": django, "psycopg": "3.3"})
    what, hint = refuse()
    assert what == (
        f"stack {WORDS} has Django {django}, which can't use psycopg 3: that came with 4.2"
    )
    assert hint == "ask for psycopg2, or for django>=4.2"


@pytest.mark.parametrize(
    "found",
    [
        {"django": "4.1.13", "psycopg2-binary": "2.9"},
        {"django": "4.1.13", "psycopg2": "2.9"},
        {"django": "4.2.1", "psycopg": "3.3"},
        {"django": "5.2.1", "psycopg2-binary": "2.9"},
    ],
)
def test_a_driver_that_django_can_use_is_taken(install: Install, found: dict[str, str]) -> None:
    """Both, from 4.2 on."""
    install(found)
    assert provide(parse_stack(WORDS), APP, Silent())


def test_stacks_keep_their_order_and_get_a_role_each() -> None:
    """The first is what the others are compared with."""
    roles = read_stacks(["latest", "article", "python=3.12 django==5.1.*"])
    assert {role: stack.name for role, stack in roles.items()} == {
        "stack1": "latest",
        "stack2": "article",
        "stack3": "python=3.12 django==5.1.*",
    }


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (["latest", "latest"], "stack latest is given twice"),
        (
            ["python=3.12 django hypercorn", "python=3.12 hypercorn django"],
            "stack python=3.12 hypercorn django is the same as python=3.12 django hypercorn",
        ),
    ],
)
def test_a_stack_is_compared_with_others(given: list[str], what: str) -> None:
    """In whatever words it is given again."""
    with pytest.raises(BadInputError) as refused:
        read_stacks(given)
    assert refused.value.what == what
    assert refused.value.hint == "leave one of them out"
