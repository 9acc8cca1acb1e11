"""What is refused before anything starts, and which servers are tried; nothing starts here."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests import synthetic

from whereasync import servers, stacks
from whereasync.cli import app
from whereasync.cli.report import REPORTS, has_figures
from whereasync.errors import BadInputError
from whereasync.model import Burst, Departure, Fault, Interface, Way
from whereasync.results import derive
from whereasync.servers import App
from whereasync.stacks import NAMED

if TYPE_CHECKING:
    from whereasync.bench.stage import Stage
    from whereasync.model import Arm, Stack

leaving = import_module("whereasync.cli.leaving")  # its package has the command by that name
HERE = App(python=Path(sys.executable), directory=Path())


def ask(*arguments: str) -> None:
    """Call the command as the door does."""
    app.main(["demo", *arguments], standalone_mode=False)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["leaving", "--stack", "nonsense"], "there is no stack 'nonsense'"),
        (["leaving", "--database", "mysql://x"], "mysql"),
        (["test-client", "--database", "mysql://x"], "mysql"),
        (["--quick", "leaving"], "--quick before leaving is for the whole demo"),
        (["--quick", "test-client"], "--quick before test-client is for the whole demo"),
    ],
)
def test_bad_input_is_refused_in_a_line(
    arguments: list[str], what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the next step, and no directory of a run."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError) as refused:
        ask(*arguments)
    assert what in refused.value.what
    assert refused.value.hint
    assert "\n" not in refused.value.what
    assert not list(tmp_path.iterdir())


def lack(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let these servers be missing."""

    def require(arm: Arm, _python: Path) -> None:
        if arm.server in names:
            raise BadInputError(f"{arm} needs {arm.server}", f"pip install {arm.server}")

    monkeypatch.setattr(servers, "require", require)


def test_servers_that_are_missing_are_left_out_aloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An ASGI server there must be: without one no async view is asked."""
    lack(monkeypatch, "uvicorn", "gunicorn")
    found = leaving._find_arms({"": HERE})
    assert [arm.server for arm in found[""]] == ["hypercorn"]
    assert capsys.readouterr().err.count("Not tried, ") == 2
    lack(monkeypatch, "uvicorn", "hypercorn")
    with pytest.raises(BadInputError, match="hypercorn needs hypercorn"):
        leaving._find_arms({"": HERE})


def test_a_stack_gets_the_servers_that_it_does_not_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own versions of the others stay."""
    asked: list[Stack] = []

    def provide(stack: Stack, app: App, _observer: Any) -> App:
        asked.append(stack)
        return app

    monkeypatch.setattr(leaving, "provide", provide)
    assert leaving._provide(NAMED["article"], HERE, None) is HERE
    (stack,) = asked
    assert stack.requirements == (*NAMED["article"].requirements, "uvicorn", "gunicorn")
    assert (stack.name, stack.python) == ("article", "3.9")


@pytest.mark.parametrize("is_made", [True, False])
def test_a_stack_that_is_made_needs_no_network(
    monkeypatch: pytest.MonkeyPatch, is_made: bool
) -> None:
    """It is taken as it is; one that isn't made is refused with its own reason."""
    plain = NAMED["article"]
    monkeypatch.setattr(stacks, "find_environment", lambda _stack: HERE if is_made else None)

    def provide(stack: Stack, app: App, _observer: Any) -> App:
        if stack != plain:
            raise BadInputError("no network", "connect")
        return app

    monkeypatch.setattr(leaving, "provide", provide)
    if is_made:
        assert leaving._provide(plain, HERE, None) is HERE
    else:
        with pytest.raises(BadInputError, match="no network"):
            leaving._provide(plain, HERE, None)


def test_a_run_of_either_question_has_figures_and_a_report(tmp_path: Path) -> None:
    """What was seen before Ctrl-C is shown."""
    directory, run = synthetic.begin(tmp_path / "run", synthetic.two_arms())
    assert not has_figures(derive(run, directory.samples))
    burst = Burst(view="hello", variant="sync", way=Way.CLIENT, clients=1, run=0, seconds=1.0)
    departure = Departure(
        role="", server="uvicorn", interface=Interface.ASGI, case="await", trial=0
    )
    for changes in ({"bursts": (burst,)}, {"departures": (departure,)}):
        assert has_figures(derive(replace(run, **changes), directory.samples))
    assert {"leaving", "test-client"} <= set(REPORTS)


def test_what_could_not_be_seen_counts_unless_that_django_can_not_do_it(tmp_path: Path) -> None:
    """The exit code is 3 then."""
    directory, run = synthetic.begin(tmp_path / "run", synthetic.two_arms())
    seen = {}
    for kind in ("unsupported", "timeout"):
        departure = Departure(
            role="",
            server="uvicorn",
            interface=Interface.ASGI,
            case="await",
            trial=0,
            fault=Fault(kind=kind, detail="why"),
        )
        results = derive(replace(run, departures=(departure,)), directory.samples)
        seen[kind] = {leaving._is_unseen(fact) for fact in results.facts}
    assert seen == {"unsupported": {False}, "timeout": {True}}


@pytest.mark.server
@pytest.mark.parametrize("question", ["leaving", "test-client"])
def test_a_question_is_measured_kept_and_shown(
    question: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On a real stage, where the play itself is cut down to one record: servers take long."""
    departure = Departure(
        role="",
        server="uvicorn",
        interface=Interface.ASGI,
        case="await",
        trial=0,
        fault=Fault(kind="timeout", detail="nothing was seen"),
    )
    burst = Burst(view="hello", variant="sync", way=Way.CLIENT, clients=1, run=0, seconds=1.0)

    def depart(stage: Stage, _arms: object) -> None:
        stage.ledger.add("departures", departure)

    def ask_once(stage: Stage) -> None:
        stage.ledger.add("bursts", burst)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("whereasync.bench.leaving.watch_departures", depart)
    monkeypatch.setattr("whereasync.bench.emulation.compare_ways", ask_once)
    code = app.main(
        ["demo", question, "--database", "sqlite:", "--seed", "3"], standalone_mode=False
    )
    assert code == (3 if question == "leaving" else 0)
    shown = capsys.readouterr().out
    assert ("nothing was seen" if question == "leaving" else "hello, sync") in shown
    app.main(["report"], standalone_mode=False)
    assert capsys.readouterr().out == shown
