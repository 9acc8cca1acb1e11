"""From what was typed to a grid, and the pictures beside a run."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from tests import maps, synthetic

from whereasync.cli import app
from whereasync.cli.map import Typed, Waits, _require_time, map_, plan_map
from whereasync.cli.pictures import keep_pictures
from whereasync.errors import BadInputError
from whereasync.servers import App
from whereasync.store import RunDirectory

if TYPE_CHECKING:
    from whereasync.model import Experiment

APP = App(python=Path(sys.executable), directory=Path(), wsgi="x:y", asgi="x:y")
NAMES = ("map.html", "map.png", "map.svg")


def plan(*arguments: str) -> Experiment:
    """Return the experiment that was asked for."""
    with (
        app.make_context("whereasync", ["map"]) as group,
        map_.make_context("map", list(arguments), parent=group) as context,
    ):
        return plan_map(Typed(**context.params), APP)


# ---------------------------------------------------------------- what is planned


def test_the_default_is_the_grid_of_the_issue() -> None:
    """Ten minutes of it."""
    planned = plan()
    assert {cell.wait for cell in planned.cells} == {0.001, 0.005, 0.02, 0.05, 0.1, 0.5}
    assert {cell.clients for cell in planned.cells} == {1, 4, 16, 64, 256}
    assert {cell.calls for cell in planned.cells} == {1, 2, 5, 20}
    assert planned.budget == 600.0
    assert not planned.is_whole


def test_a_grid_is_what_was_typed() -> None:
    """In any order, each value once."""
    planned = plan("--waits", "20ms,0.1s,20", "--clients", "8,2", "--calls", "1", "--seed", "5")
    places = {(cell.wait, cell.clients, cell.calls) for cell in planned.cells}
    assert places == {(w, n, 1) for w in (0.02, 0.1) for n in (2, 8)}
    assert planned.seed == 5


def test_an_arm_can_be_fixed() -> None:
    """Then only the other one is tuned."""
    planned = plan("--sync", "gunicorn,threads=4", "--async", "hypercorn")
    assert [str(arm) for arm in planned.candidates["wsgi"]] == ["gunicorn,threads=4"]
    assert [str(arm) for arm in planned.candidates["asgi"]] == ["hypercorn"]


@pytest.mark.parametrize(
    ("text", "waits"),
    [("1", (0.001,)), ("1,5,20ms", (0.001, 0.005, 0.02)), ("2.5 ms, 1s", (0.0025, 1.0))],
)
def test_waits_are_typed_in_ms_or_with_a_unit(text: str, waits: tuple[float, ...]) -> None:
    """And come as seconds."""
    assert Waits().convert(text, None, None) == waits
    assert Waits().convert(waits, None, None) is waits


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("soon", "'soon' is no wait: write 20, 20ms or 0.5s"),
        ("5,,7", "'' is no wait"),
        ("-5", "'-5' is no wait"),
        ("0", "a wait of 0: choose 1 ms to 20 s"),
        ("0.5", "a wait of 0.5: choose"),
        ("21s", "a wait of 21s: choose"),
    ],
)
def test_what_is_no_wait_is_refused(text: str, what: str) -> None:
    """A wait is at least the stand-in's millisecond."""
    with pytest.raises(click.BadParameter, match=what):
        Waits().convert(text, None, None)


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (("--sync", "uvicorn"), "--sync uvicorn serves ASGI, not WSGI", "--sync gunicorn"),
        (("--async", "gunicorn"), "--async gunicorn serves WSGI, not ASGI", "--async uvicorn"),
        (("--sync", "gunicron"), "no server “gunicron”", "did you mean gunicorn"),
        (("--waits", "2s", "--calls", "20"), "20 calls in turn that wait 2000 ms each", "shorter"),
    ],
)
def test_what_needs_no_server_to_be_wrong(arguments: tuple[str, ...], what: str, hint: str) -> None:
    """It is said before anything starts."""
    with pytest.raises(BadInputError, match=what) as caught:
        plan(*arguments)
    assert hint in caught.value.hint


def test_a_budget_too_small_for_a_map_is_refused_with_the_least_that_works() -> None:
    """The first six cells in six blocks; what it says is enough is enough."""
    with pytest.raises(BadInputError, match="--budget 30s is too small: 6 cells, the") as caught:
        _require_time(plan("--budget", "30s"))
    enough = caught.value.hint.partition(",")[0].split()
    _require_time(plan(*enough))
    _require_time(replace(plan(), budget=None))


# ---------------------------------------------------------------- pictures


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Measure a small map once."""
    path = tmp_path_factory.mktemp("map")
    maps.measure(path, {(0.001, 8, 1): 0.8, (0.1, 8, 1): 1.25, (0.1, 8, 5): 3.0})
    return RunDirectory(path=path / "run")


def list_pictures(directory: RunDirectory) -> list[str]:
    """Return what there is of pictures."""
    return sorted(path.name for path in directory.path.glob("*map.*"))


def test_a_report_draws_what_is_missing(
    mapped: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says where; what is there stays as it is."""
    app.main(["report", str(mapped.path)], standalone_mode=False)
    said = capsys.readouterr()
    assert said.out.startswith("Where async starts to pay\n")
    assert said.err.splitlines() == [
        f"Drawn: {mapped.path}/map.{name}" for name in ("html", "svg", "png")
    ]
    assert list_pictures(mapped) == list(NAMES)
    svg = (mapped.path / "map.svg").read_text()
    assert "async pays above" in svg
    assert "sync: gunicorn,worker=gthread,threads=16, async: hypercorn, Django 6.1.3" in svg
    (mapped.path / "map.svg").write_text("mine")
    app.main(["report", str(mapped.path)], standalone_mode=False)
    assert (mapped.path / "map.svg").read_text() == "mine"
    (mapped.path / "map.svg").unlink()
    app.main(["report", str(mapped.path)], standalone_mode=False)
    assert list_pictures(mapped) == list(NAMES)


def test_without_the_extra_the_table_comes_and_a_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Minutes of measuring don't end in an error for a picture."""
    maps.measure(tmp_path, {(0.1, 8, 1): 1.25})
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "altair" else found(name)
    )
    app.main(["report", str(tmp_path / "run")], standalone_mode=False)
    said = capsys.readouterr()
    assert "▲ 1.25×" in said.out
    assert said.err == (
        "whereasync: no picture of the map: altair is not installed here\n"
        "  try: pip install 'whereasync[report]', then: whereasync report\n"
    )
    assert list_pictures(RunDirectory(path=tmp_path / "run")) == []


def test_no_other_run_has_pictures_nor_has_an_empty_map(tmp_path: Path) -> None:
    """A race is a table."""
    directory, _ = synthetic.race(tmp_path / "race", synthetic.experiment(), {"fan-1-8": 2.0})
    assert keep_pictures(directory, synthetic.read(directory)) == ()
    directory, run = synthetic.begin(tmp_path / "map", maps.plan(), command="map")
    directory.save(run)
    assert keep_pictures(directory, synthetic.read(directory)) == ()
