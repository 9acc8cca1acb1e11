from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.demo.stacks import Choices, build
from whereasync.model import Fault, Status
from whereasync.renderers import render
from whereasync.reports import stacks
from whereasync.stacks import NAMED

if TYPE_CHECKING:
    from pathlib import Path

STACKS = {"stack1": NAMED["article"], "stack2": NAMED["latest"]}
VERSIONS = {
    "stack1": {
        "python": "3.9.18",
        "django": "4.1.13",
        "asgiref": "3.11.1",
        "psycopg2-binary": "2.9.12",
        "hypercorn": "0.14.4",
    },
    "stack2": {"python": "3.13.0", "django": "6.1.3", "asgiref": "3.13.0", "psycopg": "3.3.9"},
}
DOUBT = synthetic.DOUBTFUL


def show(path: Path, gains: synthetic.Gains, roles: int = 2, **changes: object) -> str:
    """Return the report of a race with these true ratios, on one line for each of its lines."""
    wanted = dict(list(STACKS.items())[:roles])
    planned = build(wanted, ["stack2"][: roles - 1], Choices(seed=7))
    versions = {role: VERSIONS[role] for role in wanted}
    changes = {"command": "stacks", "arms": {}, "stacks": versions, **changes}
    directory, _ = synthetic.race(path, planned, gains, blocks=6 if gains else 0, **changes)
    return render(stacks.report(synthetic.read(directory)), "terminal", width=200)


@pytest.mark.parametrize(
    ("first", "second", "headline", "told"),
    [
        (0.5, 0.8, "Yes, cheaper.", "fell for GET (2.00× to 1.25×)"),
        (0.8, 0.5, "No, dearer.", "rose for GET (1.25× to 2.00×)"),
        (0.8, 0.804, "No, it costs what it did.", "is the same within 5 % for GET"),
        (0.8, DOUBT, "Inconclusive.", "is inconclusive for GET"),
    ],
)
def test_the_answer_comes_first(
    tmp_path: Path, first: float, second: float | tuple[float, ...], headline: str, told: str
) -> None:
    """By the verdict on how the price changed, with both prices."""
    text = show(tmp_path, {"async-get-stack1-4": first, "async-get-stack2-4": second})
    _title, _blank, answer, *_ = text.splitlines()
    assert answer.startswith(f"{headline} From article to latest the price of async")
    assert told in answer


@pytest.mark.parametrize(
    ("others", "headline"),
    [
        ({"async-query-stack1-16": 0.8, "async-query-stack2-16": 0.5}, "For some work, not for"),
        ({"async-query-stack1-16": 0.8, "async-query-stack2-16": 0.8}, "In part."),
    ],
)
def test_works_that_disagree_are_told_apart(
    tmp_path: Path, others: dict[str, float], headline: str
) -> None:
    """No work speaks for another."""
    gains = {"async-get-stack1-4": 0.5, "async-get-stack2-4": 0.8, **others}
    assert f"\n{headline}" in show(tmp_path, gains)


def test_neither_fell_is_no_yes(tmp_path: Path) -> None:
    """The same for one, in doubt for another."""
    gains = {
        "async-get-stack1-4": 0.8,
        "async-get-stack2-4": 0.8,
        "async-query-stack1-16": 0.8,
        "async-query-stack2-16": DOUBT,
    }
    assert "\nNot shown to be." in show(tmp_path, gains)


def test_the_stacks_are_shown_with_asgiref(tmp_path: Path) -> None:
    """Whichever driver each has; what is missing is a dash."""
    lines = show(tmp_path, {"async-get-stack1-4": 0.5}).splitlines()
    [article] = [line.split() for line in lines if line.startswith("article  3.9")]
    assert article == [
        "article",
        "3.9.18",
        "4.1.13",
        "3.11.1",
        "psycopg2-binary",
        "2.9.12",
        "0.14.4",
    ]
    [latest] = [line.split() for line in lines if line.startswith("latest   3.13")]
    assert latest == ["latest", "3.13.0", "6.1.3", "3.13.0", "psycopg", "3.3.9", "–"]


def test_one_stack_has_prices_and_no_change(tmp_path: Path) -> None:
    """Also a table without them."""
    text = show(tmp_path, {"async-get-stack1-4": 0.5}, roles=1)
    assert "Async costs 2.00× [1.9" in text
    assert "the server CPU of sync for GET on article." in text
    assert "article: no aadd, which came with Django 4.2." in text


def test_what_the_stack_and_aadd_changed_has_its_table(tmp_path: Path) -> None:
    """Each row with its ratio; decided CPU in a sentence."""
    text = show(
        tmp_path,
        {
            "async-get-stack2-4": 0.8,
            "since-get-sync-stack2-4": 1.25,
            "since-get-async-stack2-4": DOUBT,
            "aadd-through-stack2-4": 2.0,
            "aadd-wrapped-stack2-4": 1.0,
        },
    )
    assert "Server CPU a request, then ÷ first: GET, sync on latest 0.80× [0." in text
    assert "GET, async on latest" not in text.partition("then ÷ first")[2].splitlines()[0]
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert any(row.startswith("acreate latest 4 ") for row in rows)
    assert any(row.startswith("in a thread latest 4 ") for row in rows)
    assert "GET, async, article to latest, 4 clients: budget ended" in text
    assert "next: whereasync demo --full --stack …" in text


def test_a_run_without_figures_says_so(tmp_path: Path) -> None:
    """What went wrong beside it, and what was not measured."""
    text = show(
        tmp_path,
        {},
        status=Status.INTERRUPTED,
        faults=(Fault(kind="probe", detail="broken"),),
        left_out={"async-get-stack1-4": "needs 25 s"},
        caveats=(Fault(kind="noisy machine", detail="20 %"),),
        database=None,
    )
    assert "No result: nothing was measured." in text
    for said in ("interrupted", "probe: broken", "async-get-stack1-4: needs 25 s", "noisy"):
        assert said in text


def test_a_void_cell_shows_no_figure(tmp_path: Path) -> None:
    """And says why."""
    planned = build(STACKS, [], Choices(seed=7))
    directory, run = synthetic.race(
        tmp_path / "run",
        planned,
        {"async-get-stack1-4": 0.5},
        command="stacks",
        arms={},
        stacks=VERSIONS,
    )
    fault = Fault(kind="status", detail="500 instead of 200")
    directory.save(synthetic.spoil(run, "async-get-stack1-4", 2, fault=fault))
    text = render(stacks.report(synthetic.read(directory)), "terminal", width=200)
    assert "GET, article, 4 clients: void, status: 500 instead of 200" in text
    assert "No result" in text
