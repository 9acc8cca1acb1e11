"""A race on one's own project, from what was typed and configured to what is asked; none starts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from whereasync.cli import app
from whereasync.cli.own import Opened, find_packages, find_stand_ins, go_inside, lay_over
from whereasync.cli.race import HOME, Typed, _open, _take_defaults, race
from whereasync.cli.requests import parse_swaps, write_own
from whereasync.errors import BadInputError
from whereasync.model import Config, NamedArm, Recipe
from whereasync.project import Home
from whereasync.servers import parse_arm_server
from whereasync.servers.arms import parse_arm
from whereasync.upstreams import recordings

if TYPE_CHECKING:
    from whereasync.model import Request

DETAIL = Recipe(
    name="detail",
    path="/item/{pk}/",
    fill={"pk": "Item.objects.first()"},
    headers=(("Accept", "text/html"), ("X-Mine", "1")),
    user="staff",
    volatile=("token",),
)
SAVE = Recipe(name="save", path="/save/", method="PUT", body="a=1", status=201)
CONFIG = Config(
    requests=(DETAIL, SAVE),
    users={"staff": "admin@example.com"},
    arms={
        "today": NamedArm(name="today", request="detail"),
        "here": NamedArm(name="here", path="/save/"),
    },
    clients=(1, 8),
    budget=300.0,
)
HERE = Path(sys.executable)


def opened(config: Config = CONFIG, directory: Path = Path()) -> Opened:
    """Return a project that was found."""
    return Opened(
        home=Home(python=HERE, directory=directory, settings="shop.settings"), config=config
    )


def read(*arguments: str) -> Typed:
    """Return what click makes of these arguments, after two arms."""
    with (
        app.make_context("whereasync", ["race"]) as group,
        race.make_context("race", ["/a/", "/b/", *arguments], parent=group) as context,
    ):
        return Typed(**{name: said for name, said in context.params.items() if name not in HOME})


def ask(arm: str, *arguments: str) -> Request:
    """Return what that arm asks for."""
    return write_own(opened(), parse_arm(arm, CONFIG), read(*arguments))


# ---------------------------------------------------------------- a request


@pytest.mark.parametrize(
    "arm", ["detail", "today", "uvicorn@today", "/item/{pk}/", "uvicorn@detail"]
)
def test_a_configured_request_is_known_by_its_name_and_by_its_path(arm: str) -> None:
    """Whole, with its user as the project calls it; its places are filled later."""
    asked = ask(arm)
    assert (asked.path, asked.recipe, asked.user) == ("/item/{pk}/", "detail", "admin@example.com")
    assert (asked.method, asked.status, asked.body) == ("GET", 200, "")
    assert (asked.headers, asked.volatile) == (DETAIL.headers, ("token",))


@pytest.mark.parametrize("arm", ["save", "here", "/save/"])
def test_a_configured_request_says_how_it_is_sent(arm: str) -> None:
    """By nobody, where it names no user."""
    asked = ask(arm)
    assert (asked.method, asked.status, asked.body, asked.user) == ("PUT", 201, "a=1", "")


@pytest.mark.parametrize("path", ["/item/5/", "/item/{pk}/?x=1", "/save"])
def test_another_path_is_no_configured_request(path: str) -> None:
    """However near it is."""
    asked = ask(path, "--as", "staff")
    assert (asked.path, asked.recipe, asked.method) == (path, "", "GET")
    assert asked.user == "admin@example.com"
    assert ask(path).user == ""


@pytest.mark.parametrize(
    ("arm", "options", "changed"),
    [
        ("save", ["--data", "b=2"], {"method": "PUT", "body": "b=2", "status": 201}),
        ("save", ["--method", "PATCH"], {"method": "PATCH", "body": "a=1"}),
        ("save", ["--method", "GET"], {"method": "GET", "body": ""}),
        ("save", ["--status", "409"], {"status": 409, "body": "a=1"}),
        ("detail", ["--data", "b=2"], {"method": "POST", "body": "b=2"}),
        ("detail", ["--as", "bob"], {"user": "bob", "recipe": "detail"}),
        ("detail", ["--as", ""], {"user": ""}),
        ("detail", ["--volatile", "[0-9]+ ms"], {"volatile": ("token", "[0-9]+ ms")}),
        (
            "detail",
            ["--header", "x-mine: 2", "--header", "X-New: 3"],
            {"headers": (("Accept", "text/html"), ("x-mine", "2"), ("X-New", "3"))},
        ),
    ],
)
def test_what_is_typed_changes_a_configured_request(
    arm: str, options: list[str], changed: dict[str, Any]
) -> None:
    """And nothing else of it."""
    asked, before = ask(arm, *options), ask(arm)
    assert {name: getattr(asked, name) for name in changed} == changed
    kept = {"path", "headers", "status", "recipe"} - set(changed)
    assert all(getattr(asked, name) == getattr(before, name) for name in kept)


def test_swaps_are_two_dotted_names() -> None:
    """As many as there are."""
    assert parse_swaps(()) == {}
    typed = ("shop.views.detail=shop.fast.adetail", "shop.views.Item.get=shop.fast.get")
    assert parse_swaps(typed) == {
        "shop.views.detail": "shop.fast.adetail",
        "shop.views.Item.get": "shop.fast.get",
    }


@pytest.mark.parametrize(
    "text", ["", "shop.views.detail", "detail=shop.x", "a.b=", "a.b=c-d.e", "=a.b"]
)
def test_what_is_no_swap_is_refused(text: str) -> None:
    """With one that is."""
    with pytest.raises(BadInputError, match="says of no view what answers instead") as caught:
        parse_swaps((text,))
    assert parse_swaps((caught.value.hint.removeprefix("--swap-b "),))


# ---------------------------------------------------------------- defaults


@pytest.mark.parametrize(
    ("options", "clients", "budget"),
    [
        ((), (1, 8), 300.0),
        (("--clients", "4", "--budget", "60s"), (4,), 60.0),
        (("--rate", "50"), None, 300.0),  # its clients are the connections at most
        (("--rate", "50", "--clients", "32"), (32,), 300.0),
    ],
)
def test_the_configuration_says_what_nobody_typed(
    options: tuple[str, ...], clients: tuple[int, ...] | None, budget: float
) -> None:
    """How many clients, in the closed loop, and how long."""
    taken = _take_defaults(read(*options), CONFIG)
    assert (taken.clients, taken.budget) == (clients, budget)


def test_without_either_the_tool_decides() -> None:
    """An empty configuration is none."""
    taken = _take_defaults(read(), Config())
    assert (taken.clients, taken.budget) == (None, None)


# ---------------------------------------------------------------- before the project runs


def test_a_project_is_opened_as_every_command_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is none, the demo's is named as well."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    monkeypatch.chdir(tmp_path)
    with in_race(), pytest.raises(BadInputError, match="there is no Django project here") as caught:
        _open()
    assert "--config" in caught.value.hint
    assert caught.value.hint.endswith("or race the demo's: --demo")
    (tmp_path / "manage.py").touch()
    with in_race(), pytest.raises(BadInputError, match=r"manage\.py doesn't say") as caught:
        _open()
    assert "--demo" not in caught.value.hint
    with in_race("--settings", "shop.settings", "--python", sys.executable):
        found = _open()
    assert (found.home.settings, found.home.directory) == ("shop.settings", tmp_path)


def in_race(*options: str) -> Any:
    """Be in the command."""
    group = app.make_context("whereasync", ["race"])
    return race.make_context("race", ["/a/", "/b/", *options], parent=group).scope()


def test_what_the_project_has_is_not_fetched() -> None:
    """So nothing is started either."""
    assert lay_over(opened(), [parse_arm_server("gunicorn")]) == ()


@pytest.fixture
def declared() -> Config:
    """Give a configuration with a stand-in."""
    table = {"https://api.example.com": {"latency": "20ms", "status": 204}}
    return Config(stand_ins=table)


def test_stand_ins_are_declared_or_recorded(tmp_path: Path, declared: Config) -> None:
    """Or there are none."""
    assert find_stand_ins(opened(Config(home=str(tmp_path))), 7) is None
    found = find_stand_ins(opened(replace(declared, home=str(tmp_path))), 7)
    assert found is not None
    assert [each.origin for each in found.stand_ins.declared] == ["https://api.example.com"]
    assert (found.recording, found.seed) == (None, 7)
    assert any(path.name == "site-packages" for path in found.paths)
    (tmp_path / recordings.RECORDINGS).mkdir(parents=True)
    (tmp_path / recordings.RECORDINGS / "first.jsonl").touch()
    found = find_stand_ins(opened(Config(home=str(tmp_path))), 7)
    assert found is not None
    assert found.recording is not None


def test_packages_are_found_without_running_anything_of_the_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of theirs that is called like one of Python's isn't imported."""
    (tmp_path / "json.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert find_packages(HERE)


def test_unguarded_there_are_no_stand_ins(declared: Config) -> None:
    """Names can't lead to them in the real network."""
    wanted = find_stand_ins(opened(declared), 7)
    with pytest.raises(BadInputError, match="stand-ins need a network of their own") as caught:
        go_inside(unguarded=True, stand_ins=wanted)
    assert "--unguarded" in caught.value.hint
    assert not go_inside(unguarded=True).is_on
    url = "postgres://u:p@db.example.com/d"
    assert go_inside(unguarded=True, database=url).urls == (url,)
