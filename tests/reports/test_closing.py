from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic

from whereasync.document import Interval, Ratio, Seconds, Span
from whereasync.model import Fault
from whereasync.renderers import figures
from whereasync.reports import closing
from whereasync.results import CellResult, Results, derive
from whereasync.results.cells import SideResult
from whereasync.results.conclusions import conclude
from whereasync.stats import Comparison, Verdict, void

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PLANNED = synthetic.experiment()
CELLS = {cell.name: cell for cell in PLANNED.cells}
SIDE = SideResult(
    label="sync",
    arm="gunicorn",
    throughput=500.0,
    p50=0.01,
    p99=0.02,
    server_cpu=35.0,
    database_cpu=None,
)
SAME = Comparison(verdict=Verdict.SAME, blocks=6, ratio=1.011, low=0.98, high=1.03)
OPEN = Comparison(verdict=Verdict.INCONCLUSIVE, blocks=6, ratio=3.3, low=0.77, high=9.9)
VOID = void(Fault(kind="status", detail="500 instead of 200"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Give the results of a run that measured nothing."""
    directory, run = synthetic.begin(tmp_path_factory.mktemp("empty") / "run", PLANNED)
    return derive(run, directory.samples)


def faster(winner: str, ratio: float) -> Comparison:
    """Make a verdict of faster."""
    side = "b" if winner == "b" else "a"
    return Comparison(
        verdict=Verdict.FASTER,
        blocks=6,
        winner=side,  # type: ignore[arg-type]
        ratio=ratio,
        low=0.99 * ratio,
        high=1.01 * ratio,
    )


MAPPED = "from which wait on async pays: whereasync map --budget 5m."
A, B = faster("a", 0.61), faster("b", 1.72)


def judge(empty: Results, verdicts: Mapping[str, Comparison]) -> Results:
    """Return the results of a run with these verdicts; void cells have no sides."""
    cells = tuple(
        CellResult(
            cell=CELLS[name],
            comparison=each,
            a=None if each.verdict is Verdict.VOID else SIDE,
            b=None if each.verdict is Verdict.VOID else SIDE,
        )
        for name, each in verdicts.items()
    )
    return replace(empty, cells=cells, conclusions=conclude(cells))


def contents(results: Results) -> Iterable[object]:
    """Return the chapter's parts without their styles, its points in a line each."""
    for point in closing.write(results):
        for part in point:
            yield part.content if isinstance(part, Span) else part
        yield "\n"


def say(empty: Results, **verdicts: Comparison) -> str:
    """Return the points but the break-even's for these verdicts; ``same_get_8`` is a cell."""
    results = judge(empty, {name.replace("_", "-"): each for name, each in verdicts.items()})
    return "".join(line for line in write(results) if not line.startswith("Break-even"))


def write(results: Results) -> list[str]:
    """Return the points, a line each."""
    text = "".join(figures.write(part) for part in contents(results))  # type: ignore[arg-type]
    return text.splitlines(keepends=True)


# ---------------------------------------------------------------- for any verdicts


def draw(seed: int) -> dict[str, Comparison]:
    """Draw which cells were measured, and what became of each."""
    dice = random.Random(seed)
    drawn = {}
    for name in dice.sample(sorted(CELLS), dice.randint(0, len(CELLS))):
        ratio = round(dice.uniform(0.2, 9.0), 4)
        drawn[name] = dice.choice(
            [
                faster("b", 1 + ratio),
                faster("a", 1 / (1 + ratio)),
                replace(SAME, ratio=1 + ratio / 1000),
                replace(OPEN, ratio=ratio),
                VOID,
            ]
        )
    return drawn


@pytest.mark.parametrize("seed", range(60))
def test_only_decided_ratios_are_said(empty: Results, seed: int) -> None:
    """Every ratio and interval is that of a faster cell: nothing of a point estimate in doubt."""
    results = judge(empty, draw(seed))
    decided = [
        each.comparison for each in results.cells if each.comparison.verdict is Verdict.FASTER
    ]
    allowed: set[object] = {Ratio(each.ratio) for each in decided if each.ratio}
    allowed |= {Interval(each.low, each.high) for each in decided if each.low and each.high}
    said = {part for part in contents(results) if isinstance(part, Ratio | Interval)}
    assert said <= allowed
    text = "".join(part for part in contents(results) if isinstance(part, str))
    assert not re.search(r"\d×|\d %(?<!within 5 %)|\d\.\d", text), "a figure without its type"


@pytest.mark.parametrize("seed", range(60))
def test_what_was_not_measured_is_not_mentioned(empty: Results, seed: int) -> None:
    """Take a family's cells away, and no sentence speaks of it."""
    marks = {
        "same-get": "Test A's GET",
        "same-post": "Test A's POST",
        "same-api": "Test B",
        "fan-1": "one API call",
        "fan-20": "twenty gathered calls",
        "advised-get": "for the GET",
        "gather-5": "API, 5 calls, gathered",
        "fix-get-sync": "GET without N+1, sync",
    }
    drawn = draw(seed)
    families = {name.rpartition("-")[0] for name in drawn}
    text = say(empty, **drawn)
    for family, mark in marks.items():
        if family not in families:
            assert mark not in text


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_inconclusive_is_said_to_be(empty: Results, seed: int) -> None:
    """No cell in doubt is passed over in silence."""
    drawn = draw(seed)
    for name, each in drawn.items():
        if each.verdict is Verdict.INCONCLUSIVE:
            assert "nconclusive" in say(empty, **{name: each}), name


# ---------------------------------------------------------------- sentence by sentence


def test_nothing_measured_is_nothing_said(empty: Results) -> None:
    """Not even an empty sentence."""
    assert closing.write(empty) == ()


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (
            {"same_get_1": A, "same_get_8": SAME},
            (
                "The article's conclusion that async is wasted on Test A's GET held here "
                "(1 client 0.61× [0.60–0.62]; 8 clients the same within 5 %).\n"
            ),
        ),
        (
            {"same_get_8": B},
            (
                "The article's conclusion that async is wasted on Test A's GET did not hold here "
                "(8 clients 1.72× [1.70–1.74]).\n"
            ),
        ),
        (
            {"same_post_1": B, "same_post_8": A},
            (
                "The article's conclusion that async is slightly ahead in Test A's POST held here "
                "in part (1 client 1.72× [1.70–1.74]; 8 clients 0.61× [0.60–0.62]).\n"
            ),
        ),
        (
            {"same_post_1": B, "same_post_8": OPEN, "same_post_64": VOID},
            (
                "The article's conclusion that async is slightly ahead in Test A's POST held here "
                "(1 client 1.72× [1.70–1.74]; 8 clients inconclusive; 64 clients void).\n"
            ),
        ),
        (
            {"same_post_8": OPEN},
            (
                "The article's conclusion that async is slightly ahead in Test A's POST is "
                "inconclusive here (8 clients inconclusive).\n"
            ),
        ),
    ],
)
def test_each_finding_has_its_words(
    empty: Results, verdicts: dict[str, Comparison], sentence: str
) -> None:
    """A judged claim names each of its cells with its interval, or with its doubt."""
    assert say(empty, **verdicts) == sentence


def test_cells_of_several_topics_are_named(empty: Results) -> None:
    """Five calls and twenty are told apart, the fewer before the more."""
    assert (
        "\nThat async wins once calls are gathered held here in part ("
        "API, 5 calls at 1 client 1.72× [1.70–1.74]; "
        "API, 5 calls at 8 clients 0.61× [0.60–0.62]; "
        "API, 20 calls at 1 client 1.72× [1.70–1.74])"
    ) in say(empty, fan_20_1=B, fan_5_8=A, fan_5_1=B)


def test_what_a_call_costs_is_weighed_with_and_without_a_shared_client(empty: Results) -> None:
    """CPU of one call, against the wait that async could use."""
    alone = say(empty, same_api_8=SAME)
    assert "An API call as written costs 35 ms of server CPU for 20 ms of waiting.\n" in alone
    both = say(empty, same_api_8=SAME, fan_1_8=SAME)
    assert "20 ms of waiting; with one HTTP client for the process it costs 35 ms.\n" in both
    assert "CPU" not in say(empty, same_api_8=VOID)
    assert Seconds(0.035) in contents(judge(empty, {"same-api-8": SAME}))


def test_the_three_largest_gains_are_named(empty: Results) -> None:
    """Largest first, decided ones only; a change that loses is no advice."""
    text = say(
        empty,
        fix_get_sync_8=faster("b", 12.0),
        fix_get_async_8=faster("b", 10.0),
        fix_api_sync_8=faster("b", 14.0),
        fix_api_async_8=faster("b", 2.0),
        gather_5_1=faster("a", 0.5),
    )
    assert text == (
        "What helps most: API, shared client, sync (8 clients 14.0× [13.9–14.1]); "
        "then GET without N+1, sync (8 clients 12.0× [11.9–12.1]); "
        "then GET without N+1, async (8 clients 10.0× [9.90–10.1]).\n"
    )


def test_changes_in_doubt_are_named_as_such(empty: Results) -> None:
    """Also where no change has won."""
    assert say(empty, fix_get_sync_8=OPEN, gather_5_1=OPEN, fix_api_sync_8=VOID) == (
        "Inconclusive among the changes: GET without N+1, sync at 8; API, 5 calls, gathered at 1.\n"
    )


@pytest.mark.parametrize(
    ("verdicts", "answer"),
    [
        ([B, B], "pays for the GET"),
        ([A, A], "is slower for the GET"),
        ([SAME, SAME], "makes no difference for the GET"),
        ([A, B], "pays or not with the number of clients for the GET"),
        ([B, SAME], "pays or not with the number of clients for the GET"),
        ([B, OPEN], "is inconclusive for the GET"),
        ([A, VOID], "is inconclusive for the GET"),
    ],
)
def test_the_titles_question_is_answered_by_verdicts(
    empty: Results, verdicts: list[Comparison], answer: str
) -> None:
    """One doubtful cell of a view leaves its answer in doubt."""
    one, other = verdicts
    assert say(empty, advised_get_1=one, advised_get_64=other) == (
        f"Once the views are as advised, async {answer} on this machine.\n"
    )


def test_several_answers_make_one_sentence(empty: Results) -> None:
    """Commas and an "and"."""
    text = say(empty, advised_get_8=A, fan_1_8=OPEN, fan_5_8=B, fan_20_8=B)
    assert text.startswith(
        "Once the views are as advised, async pays for five gathered calls and twenty gathered "
        "calls, is slower for the GET and is inconclusive for one API call on this "
        "machine.\n"
    )


def test_a_run_from_the_disk_says_what_is_true(tmp_path: Path) -> None:
    """The whole way from samples to a sentence."""
    gains: synthetic.Gains = {"advised-get-8": 0.5, "fan-20-8": 4.0, "fan-1-8": synthetic.DOUBTFUL}
    results = synthetic.read(synthetic.race(tmp_path / "run", PLANNED, gains)[0])
    assert "".join(write(results)) == (
        "Once the views are as advised, async pays for twenty gathered calls, is slower for "
        "the GET and is inconclusive for one API call on this machine.\n"
        f"Break-even: not measured in this run; {MAPPED}\n"
        "That async wins once calls are gathered held here (8 clients 4.00× [3.95–4.05]).\n"
    )


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        ((0.6, 1.4), "async pays above 39 ms [38 ms – 39 ms] of waiting at 64 clients"),
        (
            (0.6, 0.7),
            "async is not shown to pay at any wait from 20 ms to 60 ms at 64 clients",
        ),
        ((synthetic.DOUBTFUL, synthetic.DOUBTFUL), ""),
    ],
)
def test_the_break_even_is_told_with_its_server(
    tmp_path: Path, gains: tuple[float, float], said: str
) -> None:
    """Measured at two waits; in doubt, the next step stands there."""
    cells: synthetic.Gains = dict(zip(("fan-1-64", "wait-60-64"), gains, strict=True))
    results = synthetic.read(synthetic.race(tmp_path / "run", PLANNED, cells)[0])
    lines = [line for line in write(results) if line.startswith("Break-even")]
    against = "on this machine against gunicorn,worker=gthread,threads=16."
    whole = f"with one call a request, {said} {against}" if said else f"inconclusive here; {MAPPED}"
    assert lines == [f"Break-even: {whole}\n"]
