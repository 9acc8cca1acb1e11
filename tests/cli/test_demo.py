"""Which candidates the demo tries: those whose servers are there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync import servers
from whereasync.cli.demo import _without_missing
from whereasync.errors import BadInputError
from whereasync.servers import App

if TYPE_CHECKING:
    from whereasync.model import Arm

APP = App(python=Path(sys.executable), directory=Path())
PLANNED = synthetic.experiment()


def uninstall(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let these servers be missing."""

    def require(arm: Arm, _python: Path) -> None:
        if arm.server in names:
            raise BadInputError(f"{arm} needs {arm.server}", f"pip install {arm.server}")

    monkeypatch.setattr(servers, "require", require)


def test_what_is_there_is_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it, and nothing is said."""
    uninstall(monkeypatch)
    assert _without_missing(PLANNED, APP) == PLANNED
    assert capsys.readouterr() == ("", "")


def test_what_is_missing_is_left_out_aloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command that installs it; the others of its kind stay."""
    uninstall(monkeypatch, "uvicorn")
    kept = _without_missing(PLANNED, APP)
    assert kept.candidates["wsgi"] == PLANNED.candidates["wsgi"]
    assert [str(arm) for arm in kept.candidates["asgi"]] == ["hypercorn"]
    assert capsys.readouterr() == (
        "",
        "Not tried, uvicorn: uvicorn needs uvicorn; pip install uvicorn\n",
    )


def test_without_any_of_a_kind_there_is_no_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """It compares two kinds: the first that is missing is what to install."""
    uninstall(monkeypatch, "uvicorn", "hypercorn")
    with pytest.raises(BadInputError, match="hypercorn needs hypercorn"):
        _without_missing(PLANNED, APP)
