"""``demo --stack`` from what was typed to what is measured; no environment is made here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from whereasync import stacks
from whereasync.cli import main
from whereasync.cli.measuring import demo_setting
from whereasync.cli.stacks import provide, read_stacks
from whereasync.errors import BadInputError
from whereasync.stacks import NAMED, Environment

if TYPE_CHECKING:
    from whereasync.model import Experiment, Stack

command = import_module("whereasync.cli.stacks")


class Silent:
    """An observer who hears nothing."""

    def stage(self, what: str) -> None:
        """Hear what is being done."""

    def expect(self, seconds: float) -> None:
        """Hear how long it takes."""

    def notice(self, what: str) -> None:
        """Hear something else."""


def have(monkeypatch: pytest.MonkeyPatch, **djangos: str) -> None:
    """Let these stacks be made, with such a Django."""

    def find(stack: Stack) -> Environment | None:
        return Environment(stack=stack, path=Path(stack.name)) if stack.name in djangos else None

    def versions(python: Path, _names: object) -> dict[str, str]:
        return {"django": djangos[python.parts[0]]}

    monkeypatch.setattr(stacks, "find_environment", find)
    monkeypatch.setattr("whereasync.servers.versions", versions)


@pytest.mark.parametrize(
    ("typed", "what", "hint"),
    [
        (("--stack", "artcle"), "there is no stack 'artcle'", "did you mean article?"),
        (("--stack", "python=3.12 django=5"), "'django=5', no requirement", "as in"),
        (("--stack", "lts", "--chapter", "2"), "so --chapter does nothing", "leave it out"),
        (("--stack", "lts", "--serve"), "so --serve does nothing", "leave it out"),
        (("--stack", "lts", "--objects", "5"), "so --objects does nothing", "leave it out"),
        (("--stack", "lts", "--server", "uvicorn"), "so --server does nothing", "leave it out"),
        (("--stack", "lts", "--quick", "--full"), "two lengths", "give one of them"),
        (("--stack", "python=3.1 django"), "there is no Python 3.1 on this machine", "uv python"),
    ],
)
def test_bad_input_is_one_line_and_a_hint(
    typed: tuple[str, ...], what: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is installed or started."""
    with pytest.raises(SystemExit) as left:
        main(["demo", *typed])
    assert left.value.code == 2
    said = capsys.readouterr().err
    [line] = [each for each in said.splitlines() if each.startswith("whereasync: ")]
    assert what in line
    assert hint in said.partition("  try: ")[2]


def test_a_stack_that_is_named_twice_is_one() -> None:
    """In the order given."""
    found = read_stacks(["latest", "article", "latest"])
    assert found == {"stack1": NAMED["latest"], "stack2": NAMED["article"]}


@pytest.mark.parametrize(("django", "fits"), [("4.0.10", False), ("3.2", False), ("4.1", True)])
def test_a_django_without_async_queries_is_refused(
    monkeypatch: pytest.MonkeyPatch, django: str, *, fits: bool
) -> None:
    """Named with what it is, and what to ask for."""
    have(monkeypatch, lts=django)
    app = demo_setting(None).app
    if fits:
        assert provide(NAMED["lts"], app, Silent()).python == Path("lts/bin/python")
        return
    with pytest.raises(BadInputError, match="too old: async queries") as caught:
        provide(NAMED["lts"], app, Silent())
    assert caught.value.hint == "ask for django>=4.1"


@pytest.mark.parametrize(
    ("typed", "clients", "writes"),
    [(("--database", "sqlite:"), 4, False), (("--clients", "3"), 3, True)],
)
def test_what_was_typed_is_what_is_measured(
    monkeypatch: pytest.MonkeyPatch, typed: tuple[str, ...], clients: int, *, writes: bool
) -> None:
    """Each stack on its own Python, aadd only where Django has it, SQLite never written by many."""
    have(monkeypatch, article="4.1.13", latest="6.1.3")
    asked: list[Experiment] = []

    def measure(experiment: Experiment, setting: object, wanted: object) -> object:
        asked.append(experiment)
        apps = {role: app.python for role, app in setting.apps.items()}  # type: ignore[attr-defined]
        assert apps == {"stack1": Path("article/bin/python"), "stack2": Path("latest/bin/python")}
        assert (wanted.command, wanted.seed) == ("stacks", 5)  # type: ignore[attr-defined]
        raise BadInputError("enough", "")

    monkeypatch.setattr(command, "measure_experiment", measure)
    with pytest.raises(SystemExit):
        main(["demo", "--stack", "article", "--stack", "latest", "--seed", "5", *typed])
    [experiment] = asked
    assert experiment.stacks == {"stack1": NAMED["article"], "stack2": NAMED["latest"]}
    cells = experiment.cells
    assert clients in {cell.clients for cell in cells}
    assert any(cell.a.request.method == "POST" for cell in cells) is writes
    aadd = {cell.a.role for cell in cells if cell.name.startswith("aadd-")}
    assert aadd == ({"stack2"} if writes else set())


def test_a_question_takes_its_own_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Those before it are the whole demo's, and would do nothing."""
    with pytest.raises(SystemExit) as left:
        main(["demo", "--quick", "orm"])
    assert left.value.code == 2
    assert "--quick before orm is for the whole demo" in capsys.readouterr().err
