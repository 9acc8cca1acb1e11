"""``demo streaming`` and ``demo idle`` on real servers, as short as can be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from whereasync.cli import app
from whereasync.demo import idle, streaming
from whereasync.model import Experiment, IdlePlan, Upstream
from whereasync.results import Results, derive
from whereasync.store import open_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.server
CLIENTS = 40


def run(*arguments: str) -> Any:
    """Call the command as the door does, and return its exit code."""
    return app.main(["demo", *arguments, "--quiet", "--seed", "1"], standalone_mode=False)


def read(path: Path) -> Results:
    """Derive what the run came to."""
    directory = open_run(path)
    return derive(directory.load(), directory.samples)


def shorten(build: Callable[..., Experiment]) -> Callable[..., Experiment]:
    """Race only what is streamed all the way, by one client, in one block."""

    def build_less(**choices: Any) -> Experiment:
        planned = build(**choices)
        cells = tuple(each for each in planned.cells if each.name.startswith("streamed-streamed"))
        roles = {side.role for cell in cells for side in (cell.a, cell.b)}
        return replace(
            planned,
            cells=cells,
            candidates={role: arms for role, arms in planned.candidates.items() if role in roles},
            upstream=Upstream(latency="1ms", rates="small", pieces=3, pause=0.01),
            looks=(1,),
        )

    return build_less


def test_a_first_byte_comes_early_only_from_the_right_kind_of_iterator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sync under WSGI and async under ASGI; the others are consumed whole, and it says so."""
    monkeypatch.setattr(streaming, "build", shorten(streaming.build))
    assert run("streaming", "--clients", "1", "--out", str(tmp_path / "run")) == 0
    results = read(tmp_path / "run")
    assert {each.cell.name: each.compared for each in results.cells} == {
        "streamed-streamed-1": 20,
        "streamed-streamed-crossed-1": 20,
    }
    for each in results.passings:
        assert each.first_byte
        assert each.whole
        assert (each.first_byte < 0.7 * each.whole) is each.variant.is_native
        assert each.peak_rss
        assert each.server_cpu > 0
    text = " ".join(capsys.readouterr().out.split())
    assert "a sync iterator under ASGI streams nothing" in text
    assert "an async iterator under WSGI streams nothing" in text


def test_idle_clients_are_served_by_an_async_iterator_and_by_no_sync_one_under_asgi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With shared threads there are fewer of them than clients."""

    def build_less(**choices: Any) -> IdlePlan:
        planned = build(**choices)
        arms = tuple(each for each in planned.arms if each.role in {"shared", "crossed"})
        return replace(planned, arms=arms, patience=0.5, hold=0.2)

    build = idle.build
    monkeypatch.setattr(idle, "build", build_less)
    options = ("--quick", "--clients", str(CLIENTS), "--out", str(tmp_path / "run"))
    assert run("idle", *options) == 0
    shared, crossed = read(tmp_path / "run").idle
    assert shared.served is not None
    assert shared.served.median == shared.asked == CLIENTS
    assert shared.threads is not None
    assert shared.threads.median < CLIENTS
    assert shared.visit is not None
    assert crossed.served is not None
    assert crossed.served.median == 0
    assert crossed.threads is not None
    assert crossed.threads.median >= CLIENTS
    text = " ".join(capsys.readouterr().out.split())
    assert text.index(f"Of {CLIENTS} idle clients uvicorn, 16 shared threads, async view") > 0
    assert "served none" in text
