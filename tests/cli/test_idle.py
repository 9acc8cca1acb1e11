"""What ``demo idle`` refuses before anything starts."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from whereasync import machine, servers
from whereasync.cli import app
from whereasync.cli.idle import allow_clients, can_share_threads
from whereasync.errors import BadInputError
from whereasync.servers import App

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = App(python=Path(sys.executable), directory=Path())


@pytest.fixture
def few_files() -> Iterator[None]:
    """Change this process's limit for one test only."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_limit_of_open_files_is_raised_for_the_clients(few_files: None) -> None:
    """A thousand take more than most systems allow at first."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    allow_clients(100)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (356, hard)


def test_too_many_clients_for_the_system_are_refused_with_how_many_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And how to raise the limit."""
    monkeypatch.setattr(machine, "allow_files", lambda number: min(number, 4096))
    allow_clients(3000)
    with pytest.raises(BadInputError) as refused:
        allow_clients(5000)
    assert refused.value.what == (
        "5,000 clients take 5,256 open files a process, and this system allows 4,096"
    )
    assert refused.value.hint == "--clients 3840, or raise the limit: ulimit -Hn"


@pytest.mark.parametrize("clients", ["9", "10001", "many"])
def test_a_number_of_clients_that_makes_no_sense_is_refused(clients: str) -> None:
    """By click, in one line."""
    with pytest.raises(click.BadParameter) as refused:
        app.main(["demo", "idle", "--clients", clients], standalone_mode=False)
    assert "--clients" in refused.value.format_message()


@pytest.mark.parametrize(("version", "can"), [("3.13.0", True), ("4.0", True), ("3.8.1", False)])
def test_shared_threads_need_a_new_asgiref_and_it_says_so(
    version: str,
    can: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The other arms are measured without."""
    monkeypatch.setattr(servers, "versions", lambda *_: {"asgiref": version})
    assert can_share_threads(HERE) is can
    said = capsys.readouterr().err
    assert said == (
        ""
        if can
        else f"Not tried, shared threads: asgiref {version} is too old; "
        f"{HERE.python} -m pip install 'asgiref>=3.13'\n"
    )
