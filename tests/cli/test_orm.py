"""``demo orm`` from what was typed to a setting; nothing is started here."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from whereasync import plan, servers
from whereasync.cli import main
from whereasync.cli.measuring import demo_setting
from whereasync.cli.orm import _dress, _find_ways, _require_time, equip
from whereasync.demo.orm import LENGTHS, WAYS, build
from whereasync.errors import BadInputError
from whereasync.stacks import NAMED, parse_stack

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.bench.demonstration import Setting
    from whereasync.model import Experiment, Stack
    from whereasync.servers import App

command = import_module("whereasync.cli.orm")  # the package has the command by that name
HERE = {"django": "6.1.3", "asgiref": "3.13.0", "psycopg": "3.3.9"}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let the project's Python have these distributions, and all servers."""
    monkeypatch.setattr(servers, "versions", lambda _python, _names: HERE)
    monkeypatch.setattr(servers, "require", lambda _arm, _python: None)
    return HERE


@pytest.mark.parametrize(
    ("typed", "what", "hint"),
    [
        (("--quick", "--full"), "--quick and --full are two lengths", "give one of them"),
        (("--database", "sqlite:"), "PostgreSQL's connections, and SQLite has", "--database"),
        (("--stack", "newest"), "there is no stack 'newest'", "give article, lts, latest"),
        (("--budget", "20s"), "--budget 20s is too small: starting", "--budget"),
        (("--budget", "soon"), "'soon' is no time", "whereasync demo orm --help"),
        (("--clients", "0"), "clients 0: choose 1 to 1,000", "whereasync demo orm --help"),
        (("--database", "mysql://h/n"), "mysql", ""),
    ],
)
def test_bad_input_is_one_line_and_a_hint(
    typed: tuple[str, ...], what: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is started."""
    with pytest.raises(SystemExit) as left:
        main(["demo", "orm", *typed])
    assert left.value.code == 2
    said = capsys.readouterr().err
    line = next(each for each in said.splitlines() if each.startswith("whereasync: "))
    assert what in line
    assert hint in said.partition("  try: ")[2]


@pytest.mark.parametrize(
    ("stack", "more"),
    [
        (
            NAMED["latest"],
            ("gunicorn", "uvicorn[standard]", "psycopg-pool", "django-async-backend"),
        ),
        (NAMED["lts"], ("gunicorn", "uvicorn[standard]", "psycopg-pool")),
        (NAMED["article"], ("gunicorn", "uvicorn[standard]")),  # its driver has no pool
        (
            parse_stack("python=3.13 django~=6.1 gunicorn==23.* django-async-backend==6.1.5"),
            ("uvicorn[standard]", "psycopg-pool"),
        ),
    ],
)
def test_a_stack_gets_what_the_ways_need(stack: Stack, more: tuple[str, ...]) -> None:
    """As far as it can have it, and what it names itself stays as it is."""
    assert equip(stack) == replace(stack, requirements=(*stack.requirements, *more))


def test_what_cannot_run_is_said_before_it_starts(
    installed: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Never silently; the rest is raced."""
    roles = _find_ways(demo_setting(None).app)
    assert roles == ("fresh", "written", "coalesced", "bounded", "coalesced_bounded")
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Not tried, pool: it needs psycopg-pool"
    assert len(said) == len(WAYS) - len(roles)


def test_each_role_gets_its_settings_whatever_is_set_outside() -> None:
    """A CONN_MAX_AGE of the user's would give every way what only some shall have."""
    setting = _dress(demo_setting(None))
    assert setting.apps["sync"].env["CONN_MAX_AGE"] == "600"
    assert setting.apps["written"].env == {
        "CONN_MAX_AGE": "0", "DATABASE_POOL": "", "DATABASE_ASYNC": "", "MIDDLEWARE": "",
    }  # fmt: skip
    bare = _dress(demo_setting(None), with_middleware=False)
    assert {app.env["MIDDLEWARE"] for app in bare.apps.values()} == {"none"}
    assert setting.apps["pool"].env["DATABASE_POOL"] == "16"
    assert setting.apps["bounded"].asgi == "demosite.bounded:application"
    assert setting.apps["written"].asgi == "demosite.asgi:application"


def test_a_budget_for_nothing_but_starts_is_refused() -> None:
    """Nine servers start seven times: once to see what fits, and in six blocks."""
    planned = build(
        [way.role for way in WAYS][:8], length=LENGTHS["quick"], clients=None, budget=70.0, seed=1
    )
    need = plan.RACE_START + 7 * 9 * plan.SERVER_START
    with pytest.raises(BadInputError, match=f"starting 9 servers 7 times takes {need:.0f} s"):
        _require_time(planned)
    _require_time(replace(planned, budget=need))
    _require_time(replace(planned, budget=None))


@pytest.mark.parametrize(
    ("typed", "budget", "clients", "topics"),
    [
        ((), 290.0, {1, 8, 64}, 3),
        (("--quick",), 150.0, {8}, 1),
        (("--full",), None, {1, 8, 64}, 3),
        (("--full", "--budget", "10m", "--clients", "4,16"), 600.0, {4, 16}, 3),
    ],
)
def test_what_is_typed_is_what_is_planned(  # noqa: PLR0917 # a parameter a column
    typed: tuple[str, ...],
    budget: float | None,
    clients: set[int],
    topics: int,
    installed: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The run is kept as one of "orm"."""
    seen: list[Experiment] = []

    def measure(experiment: Experiment, _setting: Setting, wanted: Any) -> Any:
        seen.append(experiment)
        raise BadInputError(f"{wanted.command} stops here", "")

    monkeypatch.setattr(command, "measure_experiment", measure)
    with pytest.raises(SystemExit):
        main(["demo", "orm", "--out", str(tmp_path / "run"), *typed])
    [planned] = seen
    assert planned.budget == budget
    assert {cell.clients for cell in planned.cells} == clients
    assert len({cell.topic for cell in planned.cells}) == topics


def test_on_a_stack_everything_is_played_there(
    installed: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Databases are made by it too: its migrations are another Django's."""
    asked: list[Stack] = []

    def provide(stack: Stack, app: App, _observer: object) -> App:
        asked.append(stack)
        return replace(app, python=tmp_path)

    monkeypatch.setattr(command, "provide", provide)
    setting = command._on_stack(demo_setting(None), "latest", quiet=True)
    assert asked == [equip(NAMED["latest"])]
    assert setting.app.python == tmp_path != sys.executable
    assert {app.python for app in _dress(setting).apps.values()} == {tmp_path}
