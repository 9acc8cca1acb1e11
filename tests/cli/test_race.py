"""From what was typed to an experiment, and from results to an exit code."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.cli import app
from whereasync.cli.measuring import require_time
from whereasync.cli.race import HOME, Typed, _doubt, _plan_demo, judge, race
from whereasync.errors import BadInputError
from whereasync.model import Arm, Fault, Interface
from whereasync.results import CellResult, Results, derive
from whereasync.servers import App
from whereasync.stats import LOOKS, Comparison, Verdict, void

if TYPE_CHECKING:
    from whereasync.model import Experiment

APP = App(python=Path(sys.executable), directory=Path(), wsgi="x:y", asgi="x:y")
ARMS = ("gunicorn,threads=4@/plain/sync/", "uvicorn@/plain/async/")
CELLS = synthetic.two_arms((1, 8, 64)).cells
FAULT = Fault(kind="status", detail="500 instead of 200")

FASTER = Comparison(verdict=Verdict.FASTER, blocks=6, winner="b", ratio=1.5, low=1.4, high=1.6)
SLOWER = Comparison(verdict=Verdict.FASTER, blocks=6, winner="a", ratio=0.8, low=0.75, high=0.85)
SAME = Comparison(verdict=Verdict.SAME, blocks=6, ratio=1.0, low=0.98, high=1.02)
OPEN = Comparison(verdict=Verdict.INCONCLUSIVE, blocks=6, ratio=0.97, low=0.9, high=1.04)
VOID = void(FAULT)


def read(*arguments: str) -> Typed:
    """Return what click makes of these arguments, after two arms."""
    with (
        app.make_context("whereasync", ["race"]) as group,  # the door, whose settings it keeps
        race.make_context("race", [*ARMS, *arguments], parent=group) as context,
    ):
        return Typed(**{name: said for name, said in context.params.items() if name not in HOME})


def plan(*arguments: str) -> Experiment:
    """Return the experiment that was asked for, as it is raced on the demo's project."""
    return _plan_demo(read(*arguments), APP)


# ---------------------------------------------------------------- what is planned


def test_two_arms_and_nothing_else_are_a_race() -> None:
    """GET, 8 clients, two minutes, the same work, all looks."""
    planned = plan()
    [cell] = planned.cells
    assert (cell.clients, cell.rate, cell.is_same_work) == (8, None, True)
    for side, path in ((cell.a, "/plain/sync/"), (cell.b, "/plain/async/")):
        request = side.request
        assert (request.path, request.method, request.status) == (path, "GET", 200)
        assert (request.headers, request.body, request.volatile) == ((), "", ())
    gunicorn = Arm(server="gunicorn", interface=Interface.WSGI, options={"threads": "4"})
    uvicorn = Arm(server="uvicorn", interface=Interface.ASGI)
    assert planned.candidates == {"a": (gunicorn,), "b": (uvicorn,)}
    assert (planned.budget, planned.looks, planned.worst) == (120.0, LOOKS, None)
    assert planned.upstream.latency == "20ms"
    assert planned.is_whole


def test_what_is_asked_of_both_is_asked_of_both() -> None:
    """Method, headers, body, status and what may differ."""
    planned = plan(
        *("--method", "put", "--data", "x=1", "--status", "201"),
        *("--header", "Cookie: a=b: c", "--header", "X-Empty:"),
        *("--volatile", r"token=\w+", "--volatile", "[0-9]+ ms"),
    )
    for request in (planned.cells[0].a.request, planned.cells[0].b.request):
        assert (request.method, request.body, request.status) == ("PUT", "x=1", 201)
        assert request.headers == (("Cookie", "a=b: c"), ("X-Empty", ""))
        assert request.volatile == (r"token=\w+", "[0-9]+ ms")


def test_a_body_is_posted_unless_another_method_is_named() -> None:
    """An empty one, too."""
    assert plan("--data", "").cells[0].a.request.method == "POST"
    assert plan("--data", "x", "--method", "DELETE").cells[0].a.request.method == "DELETE"
    assert plan("--method", "POST").cells[0].a.request.body == ""


def test_numbers_of_clients_are_a_curve() -> None:
    """By rising numbers, whatever order they were typed in."""
    assert [cell.clients for cell in plan("--clients", "64,1,8").cells] == [1, 8, 64]


def test_a_rate_is_an_open_loop() -> None:
    """With so many connections at most."""
    [cell] = plan("--rate", "50", "--clients", "32").cells
    assert (cell.rate, cell.clients) == (50.0, 32)
    [cell] = plan("--rate", "50").cells
    assert cell.clients == 64  # so that few requests wait for a connection


def test_a_rate_takes_no_curve() -> None:
    """Its cells would have one name, and differ in a limit that isn't met."""
    with pytest.raises(BadInputError, match="--clients is one number") as caught:
        plan("--rate", "50", "--clients", "8,64")
    assert caught.value.hint == "--rate 50 --clients 64"


def test_everything_else_is_passed_on() -> None:
    """Budget, allowance, upstream, seed, different work."""
    planned = plan(
        *("--budget", "5m", "--fail-if", "slower:5%", "--upstream", "exponential:5ms"),
        *("--seed", "7", "--different-work"),
    )
    assert (planned.budget, planned.worst, planned.seed) == (300.0, 0.05, 7)
    assert planned.upstream.latency == "exponential:5ms"
    assert not planned.cells[0].is_same_work


def test_a_seed_is_drawn_where_none_is_given() -> None:
    """Another one each time, but for one in two thousand million."""
    assert len({plan().seed for _ in range(3)}) > 1


def test_tuning_tries_what_the_arms_leave_open() -> None:
    """What was typed stays; the same CPU for all, so never more workers."""
    fixed = plan().candidates
    tuned = plan("--tune").candidates
    assert tuned["a"] == fixed["a"]
    assert len(tuned["b"]) > 1
    assert all("loop" in arm.options and "workers" not in arm.options for arm in tuned["b"])


@pytest.mark.parametrize(
    ("header", "pair"),
    [
        ("Name: value", ("Name", "value")),
        ("name:value", ("name", "value")),
        ("X-A_b: 1: 2 ", ("X-A_b", "1: 2")),
    ],
)
def test_a_header_is_a_name_and_a_value(header: str, pair: tuple[str, str]) -> None:
    """Split at the first colon."""
    assert plan("--header", header).cells[0].a.request.headers == (pair,)


@pytest.mark.parametrize("header", ["", "Name", ": value", "My name: x", "Näme: x", "A\r\nB: x"])
def test_what_is_no_header_is_refused(header: str) -> None:
    """Its name is a token of HTTP."""
    with pytest.raises(BadInputError, match="is no header") as caught:
        plan("--header", header)
    assert caught.value.hint == "write --header 'Name: value'"


@pytest.mark.parametrize("value", ["x\r\nEvil: y", "x\ny", "x\n", "x\0", "5 €"])
def test_a_headers_value_is_visible_ascii(value: str) -> None:
    """A second header in it would be another request than the one that is shown."""
    with pytest.raises(BadInputError, match="is no header"):
        plan("--header", f"Name: {value}")


# ---------------------------------------------------------------- the budget


def test_a_budget_without_room_for_a_verdict_is_refused_at_once() -> None:
    """With the least that would do."""
    with pytest.raises(BadInputError, match="--budget 25s is too small: 6 blocks, ") as caught:
        plan("--budget", "25s")
    assert caught.value.hint == "--budget 30s"
    plan("--budget", "30s")


def test_a_curve_may_have_fewer_clients_instead() -> None:
    """One number has no fewer."""
    with pytest.raises(BadInputError) as caught:
        plan("--budget", "25s", "--clients", "1,8")
    assert caught.value.hint.endswith("s, or ask for less")


def test_no_budget_is_never_too_small() -> None:
    """Nothing says so yet, but a plan may have none."""
    require_time(replace(plan(), budget=None))


# ---------------------------------------------------------------- the exit code


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Give the results of a race that measured nothing."""
    directory, run = synthetic.begin(
        tmp_path_factory.mktemp("empty") / "run", synthetic.two_arms((1, 8, 64))
    )
    return derive(run, directory.samples)


def end(
    empty: Results,
    *comparisons: Comparison,
    worst: float | None = None,
    strict: bool = False,
    faults: tuple[Fault, ...] = (),
) -> int:
    """Return the exit code of a race that ended with these verdicts."""
    cells = tuple(
        CellResult(cell=cell, comparison=each)
        for cell, each in zip(CELLS, comparisons, strict=False)
    )
    run = replace(empty.run, faults=faults)
    return judge(replace(empty, run=run, cells=cells), worst, strict=strict)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("comparison", [FASTER, SLOWER, SAME])
def test_a_verdict_is_fine_whatever_it_is(
    empty: Results, comparison: Comparison, strict: bool
) -> None:
    """Nothing was said to be a failure."""
    assert end(empty, comparison, strict=strict) == 0


@pytest.mark.parametrize("strict", [False, True])
def test_a_regression_is_1(empty: Results, strict: bool) -> None:
    """Shown in one cell, it is one, whatever became of the others."""
    assert end(empty, SLOWER, worst=0.05, strict=strict) == 1
    assert end(empty, FASTER, SLOWER, OPEN, worst=0.05, strict=strict) == 1
    assert end(empty, SLOWER, VOID, worst=0.05, strict=strict, faults=(FAULT,)) == 1


@pytest.mark.parametrize("strict", [False, True])
def test_no_regression_is_0(empty: Results, strict: bool) -> None:
    """Slower, but not by so much; or the same, or faster."""
    assert end(empty, SLOWER, SAME, FASTER, worst=0.5, strict=strict) == 0
    narrow = replace(OPEN, low=0.97)
    assert end(empty, narrow, worst=0.05, strict=strict) == 0  # no verdict, but an answer


@pytest.mark.parametrize("worst", [None, 0.05])
@pytest.mark.parametrize("strict", [False, True])
def test_no_result_is_3(empty: Results, worst: float | None, strict: bool) -> None:
    """A void cell, a fault of the run, or nothing at all."""
    assert end(empty, FASTER, VOID, worst=worst, strict=strict) == 3
    assert end(empty, FASTER, worst=worst, strict=strict, faults=(FAULT,)) == 3
    assert end(empty, worst=worst, strict=strict) == 3


def test_a_regression_is_said_with_its_figures(
    empty: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reads CI's log needn't know what exit code 1 means."""
    assert end(empty, FASTER, SLOWER, worst=0.05, strict=False) == 1
    low, high = SLOWER.low, SLOWER.high
    assert capsys.readouterr().err.startswith(
        f"whereasync: B is slower by more than 5%: {SLOWER.ratio:.2f}× [{low:.2f}–{high:.2f}] in "
    )


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 3)])
def test_a_question_that_stays_open_is_said_and_fails_the_strict(
    empty: Results, strict: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning on stderr, where a log of CI shows it."""
    assert end(empty, FASTER, OPEN, worst=0.05, strict=strict) == code
    assert capsys.readouterr() == (
        "",
        "whereasync: whether B is slower by more than 5% stays open\n",
    )


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 3)])
def test_an_open_verdict_fails_the_strict_alone(
    empty: Results, strict: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """No question was asked, so there is no warning: the report says it."""
    assert end(empty, OPEN, strict=strict) == code
    assert capsys.readouterr() == ("", "")


# ---------------------------------------------------------------- the same twice


@pytest.mark.parametrize("swap", [{}, {"shop.views.item": "shop.fast.aitem"}])
def test_the_same_arm_twice_is_said_aloud(
    swap: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A forgotten --swap-b would show no difference, and be believed."""
    request, arm = CELLS[0].a.request, synthetic.ARMS["wsgi"]
    _doubt({"a": request, "b": request}, {"a": arm, "b": arm}, {"a": {}, "b": swap})
    said = capsys.readouterr().err
    assert ("A and B are the same arm" in said) is (not swap)
