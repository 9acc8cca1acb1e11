"""A project of the user's on the bench: what its requests become, and what it says of itself."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests import synthetic
from tests.bakery import open_bakery
from tests.inventories import inventory

from whereasync import serial
from whereasync.bench.own import OwnProject, OwnSetting, complete_request
from whereasync.errors import BadInputError
from whereasync.guard import Guard
from whereasync.guard.outcalls import FILE
from whereasync.model import (
    Caveat,
    Config,
    Fault,
    Order,
    Prepared,
    Recipe,
    Refusal,
    Request,
    StandIn,
    StandInAccount,
    StandIns,
    Unanswered,
)
from whereasync.processes import Supervisor, supervised
from whereasync.project import Guest, Home
from whereasync.project.data import Data
from whereasync.servers import free_port
from whereasync.upstreams.company import Company, Wanted
from whereasync.upstreams.places import Places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.upstreams.surroundings import Surroundings

PREPARED = Prepared(
    cookies={"": {"csrftoken": "s0"}, "anna": {"csrftoken": "s1", "sessionid": "k1"}},
    tokens={"": "t0", "anna": "t1"},
    csrf_header="X-Token",
    filled={"bread": {"pk": "7", "name": "a b/ü?"}},
    said=("e-mail: goes nowhere",),
)
TRUSTED = (("Cookie", "csrftoken=s1; sessionid=k1"),)


# ---------------------------------------------------------------- one request


def headers(prepared: Prepared = PREPARED, **request: Any) -> tuple[tuple[str, str], ...]:
    """Return what a request's headers become."""
    return complete_request(Request(**{"path": "/", **request}), prepared).headers


def test_who_asks_is_said_by_cookies_and_a_token() -> None:
    """Nobody's GET needs neither; what changes something needs the token, from nobody too."""
    assert headers() == ()
    assert headers(user="anna") == TRUSTED
    assert headers(method="OPTIONS") == ()
    assert headers(method="POST") == (("Cookie", "csrftoken=s0"), ("X-Token", "t0"))
    assert headers(method="DELETE", user="anna") == (*TRUSTED, ("X-Token", "t1"))


def test_a_project_without_sessions_is_asked_as_it_was() -> None:
    """There are no cookies, and perhaps a token."""
    assert headers(Prepared(), method="POST") == ()
    assert headers(Prepared(tokens={"": "t"}), method="PUT") == (("X-CSRFToken", "t"),)
    assert headers(Prepared(), user="anna") == ()


def test_what_the_user_sends_is_kept() -> None:
    """In its order and as often; one Cookie header holds theirs and ours, and a token is theirs."""
    twice = (("X-Mine", "1"), ("X-Mine", "2"))
    assert headers(headers=twice) == twice
    assert headers(headers=(("Cookie", "a=b"),)) == (("Cookie", "a=b"),)
    theirs = (("cookie", "a=b"), ("x-token", "mine"), *twice)
    assert headers(headers=theirs, user="anna", method="POST") == (
        ("cookie", "a=b; csrftoken=s1; sessionid=k1"),
        ("x-token", "mine"),
        *twice,
    )
    assert headers(headers=(("Cookie", ""),), user="anna") == TRUSTED


def test_places_are_filled_and_percent_encoded() -> None:
    """Of its own recipe only; a brace that nothing fills stays, as does all else."""
    asked = Request(path="/{pk}/{name}/{other}/?q={pk}", recipe="bread", status=201, body="x")
    filled = replace(asked, path="/7/a%20b/%C3%BC%3F/{other}/?q=7")
    assert complete_request(asked, PREPARED) == filled
    plain = replace(asked, recipe="")
    assert complete_request(plain, PREPARED) == plain


# ---------------------------------------------------------------- the project, without a guest


def own(directory: Path, company: Company | None = None, **setting: Any) -> OwnProject:
    """Return a prepared project that nothing of runs."""
    home = Home(python=Path("/py"), directory=directory, settings="shop.settings")
    return OwnProject(
        setting=OwnSetting(**{"home": home, "config": Config(), **setting}),
        guest=Guest(home=home, supervisor=cast("Supervisor", None), directory=directory),
        data=Data(holdings=(), servers={}),
        order=Order(),
        company=company,
        inventory=inventory(),
        prepared=PREPARED,
    )


def test_an_experiment_is_completed(tmp_path: Path) -> None:
    """Each side of each cell, and the cells that are tuned with; the first path is the side's."""
    project = own(tmp_path)
    planned = synthetic.two_arms((1, 8))
    asked = Request(path="/bread/{pk}/", recipe="bread", user="anna")
    cells = tuple(replace(cell, a=replace(cell.a, request=asked)) for cell in planned.cells)
    assert project.first_path("a") == "/"
    done = project.complete(replace(planned, cells=cells, sweep=cells))
    assert [cell.a.request.path for cell in done.cells] == ["/bread/7/"] * 2
    host = ("Host", "localhost")
    assert [cell.a.request.headers for cell in done.cells] == [(host, *TRUSTED)] * 2
    assert [cell.b.request.headers for cell in done.cells] == [(host,)] * 2
    assert done.sweep == done.cells
    assert (project.first_path("a"), project.first_path("b")) == ("/bread/7/", "/plain/async/")
    assert project.complete(replace(planned, sweep=())).sweep == ()


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    """What was swapped, what was replaced, and where it ran; its data and services are its own."""
    swaps = {"a": {}, "b": {"shop.views.detail": "shop.fast.adetail"}}
    project = own(tmp_path, swaps=swaps, guard=Guard(is_on=True), overlay=("/servers",))
    assert project.said == (
        "in B, shop.fast.adetail answers in place of shop.views.detail",
        "e-mail: goes nowhere",
        Guard(is_on=True).sentence,
    )
    assert project.title == "shop.settings"
    assert project.catalogue.startswith("whereasync ")
    assert (project.facts, project.pids, project.is_trusted) == (None, (), False)
    assert project.app_of("a") == project.app_of("b") == project.setting.app
    assert project.app.call == ("-m", "whereasync_guest.serve")
    assert (project.app.python, project.app.overlay) == (Path("/py"), ("/servers",))
    assert project.reach(None) == {}
    project.load_race(5)
    with project.counting() as count:
        assert count() is None


def test_debug_is_said(tmp_path: Path) -> None:
    """It costs both arms what a site in use doesn't pay."""
    project = own(tmp_path)
    assert not any("DEBUG" in said for said in project.said)
    project.inventory = replace(project.inventory, is_debug=True)
    assert project.said[0].startswith("DEBUG is on, in both arms")


def test_nothing_to_say_is_no_caveat(tmp_path: Path) -> None:
    """Nobody called, and there are no stand-ins."""
    assert own(tmp_path).find_caveats() == ()


def test_who_called_out_is_named(tmp_path: Path) -> None:
    """With the place in the code; refused, or for real."""
    calls = [
        {"target": "rates.example.com:443", "where": "shop/billing.py, line 40"},
        {"target": "10.0.0.1:6379", "is_refused": False},
    ]
    (tmp_path / FILE).write_text("\n".join(map(json.dumps, calls)))
    first, second = own(tmp_path).find_caveats()
    assert first == Fault(
        kind=Caveat.CALLED_OUT,
        detail="shop/billing.py, line 40 calls rates.example.com:443, and was refused",
        hint="declare what it answers in [stand-ins], or record it: whereasync record",
    )
    assert second.detail == "somebody calls 10.0.0.1:6379, for real"


def test_what_no_stand_in_could_answer_is_named(tmp_path: Path) -> None:
    """A route that nothing is declared for, a reason of its own, and a client without trust."""
    account = StandInAccount(
        answered={"https://api.example.com": 5},
        unanswered=(
            Unanswered(method="GET", url="https://api.example.com/a", count=1200),
            Unanswered(method="PUT", url="https://b.example.com/", count=1, reason="a 502"),
        ),
        refusals=(Refusal(host="pay.example.com", reason="unknown_ca", count=3),),
    )
    places = Places(tmp_path)
    serial.write(places.account, account)
    company = Company(
        listeners=(), surroundings=cast("Surroundings", None), child=cast("Any", None),
        places=places,
    )  # fmt: skip
    found = own(tmp_path, company).find_caveats()
    assert {each.kind for each in found} == {Caveat.NO_STAND_IN}
    assert [each.detail for each in found] == [
        "GET https://api.example.com/a got a 501, 1,200 times",
        "PUT https://b.example.com/ got a 502, once",
        "a client doesn't trust the stand-in of pay.example.com: unknown_ca",
    ]
    assert "whereasync record" in found[0].hint
    assert "SSL_CERT_FILE" in found[2].hint


# ---------------------------------------------------------------- a real one, entered


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Start a supervisor."""
    with supervised() as started:
        yield started


def test_a_project_is_brought_up_prepared_and_copied(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    """Seeded and logged in to, with both sides' swaps tried; each role is led to its own copy."""
    declared = StandIn(origin=f"http://127.0.0.1:{free_port()}", routes=())
    wanted = Wanted(stand_ins=StandIns(declared=(declared,)))
    setting = set_bakery(tmp_path, stand_ins=wanted)
    file = tmp_path / "theirs.sqlite3"
    before = file.read_bytes()
    with setting.bring_up(supervisor) as project:
        project.prepare()
        assert project.prepared.filled == {"bread": {"pk": "1"}}
        assert set(project.prepared.cookies["anna"]) == {"csrftoken", "sessionid"}
        assert project.facts is not None
        assert any("is left out" in each for each in project.said)  # of B's, which is wrapped
        for role, swaps in setting.swaps.items():
            env = project.copy(role, f"ask_{role}")
            assert "SSL_CERT_FILE" in env
            order = serial.read(Path(env["WHEREASYNC_ORDER"]), Order)
            assert order.swaps == swaps
            assert order.databases["default"].endswith(f"ask_{role}.sqlite3")
            project.drop(f"ask_{role}")
        assert project.find_caveats() == ()
    assert file.read_bytes() == before


def test_a_swap_that_leads_nowhere_is_said_before_any_server(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    """On either side, though both replace the same view."""
    wrong = {**SWAPS, "b": {"bakery.views.index": "bakery.views.nosuch"}}
    setting = set_bakery(tmp_path, swaps=wrong, config=Config(), recipes=(), users=())
    with (
        setting.bring_up(supervisor) as project,
        pytest.raises(BadInputError, match=r"there is no bakery\.views\.nosuch"),
    ):
        project.prepare()


SWAPS = {
    "a": {"bakery.views.index": "bakery.views.detail"},
    "b": {"bakery.views.detail": "bakery.views.other"},
}


def set_bakery(directory: Path, **setting: Any) -> OwnSetting:
    """Return the bakery as it is raced."""
    bakery = open_bakery(directory)
    bakery.migrate()
    bakery.ours.rename(directory / "theirs.sqlite3")
    recipe = Recipe(name="bread", path="/bread/{pk}/", fill={"pk": "Bread.objects.first()"})
    return OwnSetting(
        **{
            "home": Home(
                python=Path(sys.executable), directory=directory, settings="bakery.settings"
            ),
            "config": Config(seed=("bake 2",), new_users={"bob": {"is_staff": True}}),
            "recipes": (recipe, Recipe(name="plain", path="/")),
            "users": ("anna", "bob"),
            "swaps": SWAPS,
            **setting,
        }
    )
