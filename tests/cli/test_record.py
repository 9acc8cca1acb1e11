"""``whereasync record``: consent, what it writes, how it ends."""

from __future__ import annotations

import contextlib
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

pytest.importorskip("trustme")

from tests.upstreams.apart import live_apart

from whereasync.bench.recording import Passage
from whereasync.cli import app
from whereasync.cli.own import Opened
from whereasync.cli.record import find_wanted, record_calls
from whereasync.errors import BadInputError
from whereasync.model import Config, Request
from whereasync.project import Home
from whereasync.upstreams.company import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whereasync.cli.record import Plan
    from whereasync.upstreams.surroundings import Surroundings

REQUESTS = (Request(path="/a/"), Request(path="/b/"))


@contextlib.contextmanager
def never() -> Iterator[Passage]:
    """Fail: without somebody who could consent nothing is made ready."""
    pytest.fail("made ready")
    yield


def test_nobody_there_to_agree(tmp_path: Path) -> None:
    """Nothing is begun, and the option is named."""
    with pytest.raises(BadInputError, match="nobody is there to agree") as caught:
        record_calls(never, tmp_path)
    assert caught.value.hint == "whereasync record --yes"


def test_a_name_that_cannot_be(tmp_path: Path) -> None:
    """Is said before anything is begun."""
    with pytest.raises(BadInputError, match="can't name a recording"):
        record_calls(never, tmp_path, name="../up", consents=True)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [(["--unguarded"], "a network of its own"), ([], "there is no Django project here")],
)
def test_what_cannot_be_recorded(
    arguments: list[str], what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends in one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    outcome = CliRunner().invoke(app, ["record", "--yes", *arguments])
    assert isinstance(outcome.exception, BadInputError)
    assert what in outcome.exception.what


def test_a_recording_that_the_configuration_names_is_still_to_be_made(tmp_path: Path) -> None:
    """So nobody looks for it; declared services are stood in for, with the project's own trust."""
    declared = {"recording": "checkout", "https://a.example": {"latency": "1ms"}}
    opened = Opened(
        home=Home(python=Path(sys.executable), directory=tmp_path, settings="x"),
        config=Config(home=str(tmp_path), stand_ins=declared),
    )
    wanted = find_wanted(opened)
    assert (wanted.recording, wanted.stand_ins.recording) == (None, "checkout")
    assert [each.origin for each in wanted.stand_ins.declared] == ["https://a.example"]
    assert any(path.name.endswith("-packages") for path in wanted.paths)


# ---------------------------------------------------------------- the pass


def plan(
    ask: Callable[[Request], int],
    open_doors: Callable[[Sequence[str | Path]], object] | None = None,
    requests: tuple[Request, ...] = REQUESTS,
) -> Plan:
    """Return a project that answers by ``ask``."""

    @contextlib.contextmanager
    def serve(_: Surroundings) -> Iterator[Callable[[Request], int]]:
        yield ask

    passage = Passage(requests=requests, serve=serve, open_doors=open_doors, wanted=Wanted())
    return partial(contextlib.nullcontext, passage)


def refuse(_: Request) -> int:
    """Fail: it isn't asked."""
    pytest.fail("asked")


def test_nothing_to_ask(tmp_path: Path) -> None:
    """Is found when the project is ready, and said."""
    with pytest.raises(BadInputError, match="no request to ask"):
        record_calls(plan(refuse, requests=()), tmp_path, consents=True)


@pytest.mark.server
def test_nothing_goes_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each request is asked once, in order; no file is written."""
    asked: list[str] = []

    def ask(request: Request) -> int:
        asked.append(request.path)
        return 200

    with live_apart() as apart:  # ports 53, 80 and 443 are free there
        code = record_calls(plan(ask, apart.run), tmp_path, consents=True, format_="json")
    printed, progress = capsys.readouterr()
    assert code == 0
    assert asked == ["/a/", "/b/"]
    assert progress.splitlines()[1:] == ["GET /a/", "GET /b/"]
    assert json.loads(printed)["file"] == ""
    assert not (tmp_path / ".whereasync").exists()


@pytest.mark.server
def test_interrupted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It doesn't go on, shows what there is, and says so."""

    def ask(request: Request) -> int:
        if request.path == "/b/":
            raise KeyboardInterrupt
        return 200

    with live_apart() as apart:
        code = record_calls(plan(ask, apart.run), tmp_path, consents=True, is_quiet=True)
    printed, progress = capsys.readouterr()
    assert code == 130
    assert "Interrupted" in printed
    assert progress == ""


def test_asked_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What will happen is said first, of every request; no ends it, and is no interruption."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    (tmp_path / ".whereasync" / "recordings").mkdir(parents=True)
    (tmp_path / ".whereasync" / "recordings" / "calls.jsonl").touch()
    many = tuple(Request(path=f"/{number}/") for number in range(12))
    assert record_calls(plan(refuse, requests=many), tmp_path) == 0
    said = capsys.readouterr().err
    assert "This makes real calls" in said
    assert "  GET /10/\n  GET /11/\nWhatever" in said
    assert said.endswith("Nothing was called.\n")
    assert "calls.jsonl is replaced" in said
