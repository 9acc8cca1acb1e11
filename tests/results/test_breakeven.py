from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

import pytest
from tests import maps

from whereasync import stats
from whereasync.demo.map import Grid
from whereasync.model import Cell, Fault, Request, Side
from whereasync.results import CellResult
from whereasync.results.breakeven import BreakEven, Pays, find_break_evens
from whereasync.stats import Comparison, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Winner = Literal["a", "b"] | None
FASTER, SAME, OPEN = Verdict.FASTER, Verdict.SAME, Verdict.INCONCLUSIVE


def cell(wait: float | None, clients: int = 8, calls: int = 1) -> Cell:
    """Return a cell of a view that waits so long."""
    a, b = (Side(role=role, request=Request(path=f"/{role}/"), label=role) for role in ("a", "b"))
    name = f"x{wait}-{calls}-{clients}"
    return Cell(name=name, chapter=1, topic="x", clients=clients, a=a, b=b, wait=wait, calls=calls)


def judge(curve: Mapping[float, Sequence[float]]) -> list[CellResult]:
    """Give each wait's block log ratios their verdict."""
    found = stats.compare({str(wait): ratios for wait, ratios in curve.items()})
    return [
        CellResult(
            cell=cell(wait),
            comparison=found[str(wait)],
            log_ratios=dict(enumerate(ratios)),
        )
        for wait, ratios in curve.items()
    ]


def decide(*verdicts: tuple[float, Verdict, Winner]) -> BreakEven:
    """Return the break-even of a row with these verdicts, whose cells share no block."""
    [found] = find_break_evens(
        CellResult(
            cell=cell(wait),
            comparison=Comparison(verdict=verdict, blocks=6, winner=winner, ratio=1.0),
            log_ratios={number: 0.0},
        )
        for number, (wait, verdict, winner) in enumerate(verdicts)
    )
    return found


def test_the_interval_covers_the_truth_in_about_its_stated_share() -> None:
    """300 rows of 12 blocks: from a fifth below to a fifth above 1, straight in log(wait)."""
    covered = found = 0
    for seed in range(300):
        noise = random.Random(seed)
        curve = {
            wait: [mean + noise.gauss(0, 0.05) for _ in range(12)]
            for wait, mean in ((0.001, -0.2), (0.01, -0.05), (0.1, 0.1), (0.5, 0.2))
        }
        [row] = find_break_evens(judge(curve))
        if row.case is Pays.ABOVE:
            found += 1
            assert row.wait
            covered += (row.low or 0.001) <= 0.01 * 10 ** (1 / 3) <= (row.high or 0.5)
    assert found >= 290
    assert 0.94 <= covered / found < 1


def test_rows_come_by_calls_and_clients_and_a_cell_without_a_wait_is_none() -> None:
    """Whatever else was measured; the order of the cells means nothing."""
    comparison = Comparison(verdict=FASTER, blocks=6, winner="b", ratio=2.0)
    results = [
        CellResult(cell=each, comparison=comparison, log_ratios={0: 0.7})
        for each in (cell(0.1, 8, 5), cell(0.1, 64), cell(0.01, 8), cell(None, 1), cell(0.1, 8))
    ]
    void = stats.void(Fault(kind="status", detail="500"))
    results.append(CellResult(cell=cell(0.1, 2), comparison=void))
    rows = find_break_evens(results)
    assert [(row.calls, row.clients, row.waits) for row in rows] == [
        (1, 8, (0.01, 0.1)),
        (1, 64, (0.1,)),
        (5, 8, (0.1,)),
    ]
    assert {row.case for row in rows} == {Pays.ALWAYS}
    assert find_break_evens([]) == ()


@pytest.mark.parametrize(
    ("verdicts", "case", "wait"),
    [
        (((0.1, FASTER, "b"), (0.01, FASTER, "b")), Pays.ALWAYS, None),
        (((0.01, SAME, None), (0.1, FASTER, "b"), (0.5, FASTER, "b")), Pays.FROM, 0.1),
        (((0.01, OPEN, None), (0.1, FASTER, "b")), Pays.FROM, 0.1),
        (((0.01, FASTER, "b"), (0.1, SAME, None)), Pays.MIXED, None),
        (((0.01, FASTER, "a"), (0.1, SAME, None)), Pays.NEVER, None),
        (((0.01, SAME, None), (0.1, OPEN, None)), Pays.NEVER, None),
        (((0.01, OPEN, None), (0.1, OPEN, None)), Pays.OPEN, None),
        (
            ((0.01, FASTER, "a"), (0.02, FASTER, "b"), (0.1, FASTER, "a")),
            Pays.MIXED,
            None,
        ),
    ],
)
def test_a_row_without_a_break_even_is_an_answer_as_well(
    verdicts: tuple[tuple[float, Verdict, Winner], ...], case: Pays, wait: float | None
) -> None:
    """One side may win throughout, or nothing be known."""
    row = decide(*verdicts)
    assert (row.case, row.wait, row.low, row.high) == (case, wait, None, None)


@pytest.mark.parametrize(("winners", "case"), [("ab", Pays.ABOVE), ("ba", Pays.BELOW)])
def test_too_few_blocks_in_common_leave_where_the_change_is_open(winners: str, case: Pays) -> None:
    """That it lies between two waits is known all the same."""
    first, second = winners
    row = decide((0.01, FASTER, first), (0.05, SAME, None), (0.1, FASTER, second))  # type: ignore[arg-type]
    assert (row.case, row.wait) == (case, None)
    assert (row.decided_below, row.decided_above) == (0.01, 0.1)


def test_a_run_has_its_break_evens(tmp_path: Path) -> None:
    """From raw samples: sync is 1.25 times as fast at 10 ms, and async at 100."""
    results = maps.measure(
        tmp_path,
        {(0.01, 8, 1): 0.8, (0.1, 8, 1): 1.25, (0.01, 1, 1): 2.0},
        grid=Grid(waits=(0.01, 0.1), clients=(1, 8), calls=(1,)),
    )
    always, above = results.break_evens
    assert (always.clients, always.case) == (1, Pays.ALWAYS)
    assert (above.clients, above.case) == (8, Pays.ABOVE)
    assert above.wait == pytest.approx(0.01 * 10**0.5, rel=0.05)
    assert above.low
    assert above.high
    assert 0.01 < above.low < above.wait < above.high < 0.1
