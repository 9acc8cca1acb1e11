from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests import synthetic

from whereasync import serial
from whereasync.cli import app
from whereasync.cli.report import has_figures
from whereasync.errors import BadInputError
from whereasync.model import Check, Single
from whereasync.renderers import render
from whereasync.reports import demo, race, selfcheck
from whereasync.results import Results
from whereasync.store import RUNS, RunDirectory

GAINS = {"same-get-8": 0.6, "fan-5-1": 2.0}


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Race two cells once; the tests only read it."""
    planned = synthetic.experiment()
    singles = synthetic.answer_all(planned)
    path = tmp_path_factory.mktemp("raced") / "run"
    return synthetic.race(path, planned, GAINS, singles=singles)[0]


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)


def show(*arguments: str) -> None:
    """Call the command as the door does: by way of the group, whose settings it inherits."""
    app.main(["report", *arguments], standalone_mode=False)


def test_a_run_is_shown_by_its_directory_or_its_file(
    raced: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same text, as often as it is asked for."""
    show(str(raced.path))
    text = capsys.readouterr().out
    assert "2  Made fair" in text
    show(str(raced.path / "run.json"))
    assert capsys.readouterr() == (text, "")


def test_the_newest_run_is_shown_by_default(
    raced: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below the current directory, by its name."""
    for name, seed in (("20260101T000000Z-demo", 1), ("20260102T000000Z-demo", 2)):
        shutil.copytree(raced.path, RUNS / name)
        directory = RunDirectory(path=RUNS / name)
        directory.save(replace(directory.load(), seed=seed))
    show()
    assert "Seed 2, " in capsys.readouterr().out


def test_markdown_is_the_reports_markdown(
    raced: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the renderer writes it."""
    show(str(raced.path), "--format", "markdown")
    expected = render(demo.report(synthetic.read(raced)), "markdown")
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("option", [["--json"], ["--format", "json"], ["--json", "--format=json"]])
def test_json_is_the_results_whole(
    raced: RunDirectory, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    """For a program: read back it is the noun, and anybody can parse it."""
    show(str(raced.path), *option)
    text = capsys.readouterr().out
    assert serial.decode(text.encode(), Results) == synthetic.read(raced)
    plain = json.loads(text)
    assert [cell["comparison"]["winner"] for cell in plain["cells"]] == ["a", "b"]
    assert plain["article"][0]["theirs"] == {
        "async_seconds": 0.39832,
        "sync_seconds": 0.29502,
        "ratio": 1.35,
    }


def test_the_same_run_gives_the_same_json(
    raced: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing in it depends on when it is shown."""
    show(str(raced.path), "--json")
    first = capsys.readouterr().out
    show(str(raced.path), "--json")
    assert capsys.readouterr().out == first


def test_a_race_is_shown_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its own report, also where only the run's directory says what it is."""
    directory, _ = synthetic.race(
        tmp_path / "run", synthetic.two_arms(), {"race-8": 1.5}, command="race", arms={}
    )
    show(str(directory.path), "--format", "markdown")
    expected = render(race.report(synthetic.read(directory)), "markdown")
    assert capsys.readouterr().out == expected
    assert "**B is faster**" in expected


def test_a_selfcheck_is_shown_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By what it checked."""
    checks = (
        Check(part="real", subject="A against A", figure="same", value=0.5, trials=8),
        Check(part="real", subject="+20 % CPU", figure="found", value=1.0, trials=6, at_least=1.0),
    )
    directory, run = synthetic.begin(
        tmp_path / "run", synthetic.two_arms(), command="selfcheck", checks=checks
    )
    directory.save(run)
    show(str(directory.path))
    expected = render(selfcheck.report_checks(checks), "terminal")
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, False),
        ({"checks": (Check(part="real", subject="x", figure="y", value=1.0, trials=1),)}, True),
        ({"singles": (Single(row="get-50", variant="sync", run=0, client=0.1),)}, True),
        ({"singles": (Single(row="get-50", variant="sync", run=0),)}, False),
    ],
)
def test_a_run_has_figures_as_soon_as_there_is_one(
    tmp_path: Path, changes: dict[str, object], said: bool
) -> None:
    """A check, or an answer of any row; a failed one is none."""
    directory, run = synthetic.begin(tmp_path / "run", synthetic.experiment(), **changes)
    directory.save(run)
    assert has_figures(synthetic.read(directory)) is said


def test_a_raced_cell_is_a_figure(raced: RunDirectory) -> None:
    """Void or not: why it is void is worth showing."""
    assert has_figures(synthetic.read(raced))


def test_a_run_of_another_command_is_refused(raced: RunDirectory) -> None:
    """A later version's twin, say: this one can't show it, and says so."""
    shutil.copytree(raced.path, "other")
    directory = RunDirectory(path=Path("other").absolute())
    directory.save(replace(directory.load(), command="twin"))
    with pytest.raises(BadInputError, match="'twin', which this version can't show") as caught:
        show("other")
    assert caught.value.hint == "pip install --upgrade whereasync"


def test_no_run_is_bad_input() -> None:
    """With the command that makes one."""
    with pytest.raises(BadInputError, match="There is no run below") as caught:
        show()
    assert "whereasync demo" in caught.value.hint
