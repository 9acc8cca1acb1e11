"""``whereasync record``: consent, what it writes, how it ends."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

pytest.importorskip("trustme")

from tests.upstreams.apart import live_apart

from whereasync.bench.recording import Passage
from whereasync.cli.record import record, record_calls
from whereasync.errors import BadInputError
from whereasync.model import Request
from whereasync.upstreams.company import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from whereasync.processes import Supervisor
    from whereasync.upstreams.surroundings import Surroundings

REQUESTS = (Request(path="/a/"), Request(path="/b/"))


@contextlib.contextmanager
def never(_: Supervisor) -> Iterator[Passage]:
    """Fail: without consent nothing is prepared."""
    pytest.fail("prepared")
    yield


def test_nobody_there_to_agree(tmp_path: Path) -> None:
    """Nothing is called, and the option is named."""
    with pytest.raises(BadInputError, match="nobody is there to agree") as caught:
        record_calls(never, REQUESTS, tmp_path)
    assert caught.value.hint == "whereasync record --yes"


@pytest.mark.parametrize(
    ("requests", "name", "telling"),
    [((), "calls", "no request to ask"), (REQUESTS, "../up", "can't name a recording")],
)
def test_bad_input(requests: tuple[Request, ...], name: str, telling: str, tmp_path: Path) -> None:
    """Is said before anybody is asked anything."""
    with pytest.raises(BadInputError, match=telling):
        record_calls(never, requests, tmp_path, name=name, consents=True)


def test_no_project_yet() -> None:
    """The command ends in one line."""
    outcome = CliRunner().invoke(record, ["--yes"])
    assert isinstance(outcome.exception, BadInputError)


def plan(
    ask: Callable[[Request], int],
) -> Callable[[Supervisor], contextlib.AbstractContextManager[Passage]]:
    """Return a project without outbound calls, that answers by ``ask``."""

    @contextlib.contextmanager
    def serve(_: Surroundings) -> Iterator[Callable[[Request], int]]:
        yield ask

    @contextlib.contextmanager
    def prepare(supervisor: Supervisor) -> Iterator[Passage]:
        assert supervisor.directory.is_dir()
        with live_apart() as apart:  # ports 53, 80 and 443 are free there
            yield Passage(requests=REQUESTS, serve=serve, open_doors=apart.run, wanted=Wanted())

    return prepare


@pytest.mark.server
def test_nothing_goes_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each request is asked once, in order; no file is written."""
    asked: list[str] = []

    def ask(request: Request) -> int:
        asked.append(request.path)
        return 200

    assert record_calls(plan(ask), REQUESTS, tmp_path, consents=True, format_="json") == 0
    printed, progress = capsys.readouterr()
    assert asked == ["/a/", "/b/"]
    assert progress == "GET /a/\nGET /b/\n"
    assert json.loads(printed)["file"] == ""
    assert not (tmp_path / ".whereasync").exists()


@pytest.mark.server
def test_interrupted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It doesn't go on, shows what there is, and says so."""

    def ask(request: Request) -> int:
        if request.path == "/b/":
            raise KeyboardInterrupt
        return 200

    assert record_calls(plan(ask), REQUESTS, tmp_path, consents=True, is_quiet=True) == 130
    printed, progress = capsys.readouterr()
    assert "Interrupted" in printed
    assert progress == ""


def test_asked_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What will happen is said first; no ends it."""
    import click

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    (tmp_path / ".whereasync" / "recordings").mkdir(parents=True)
    (tmp_path / ".whereasync" / "recordings" / "calls.jsonl").touch()
    with pytest.raises(click.Abort):
        record_calls(never, REQUESTS, tmp_path)
    said = capsys.readouterr().err
    assert "This makes real calls" in said
    assert "requests (2) is asked once" in said
    assert "calls.jsonl is replaced" in said
