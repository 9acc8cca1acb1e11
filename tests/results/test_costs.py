"""Peaks of peaks, sums of counts, and no zero for what wasn't seen."""

from __future__ import annotations

import pytest

from whereasync.model import Block, Cost, Peak
from whereasync.results.costs import merge_costs, merge_peaks, switches_per_request

FIRST = Cost(peak_rss=100, peak_threads=9, peak_connections=3, switches=40, requests=20)
SECOND = Cost(peak_rss=80, peak_threads=12, peak_connections=5, switches=60, requests=30)
BLIND = Cost(peak_rss=90, requests=10)


def block(number: int, **costs: Cost) -> Block:
    """Return a block that holds nothing else."""
    return Block(number=number, tasks=(), costs=costs)


def test_a_role_took_the_peak_of_its_blocks_and_the_sum_of_what_it_did() -> None:
    """Each figure by itself: the peaks needn't be of one block."""
    merged = merge_costs([block(0, a=FIRST), block(1, a=SECOND)])
    assert merged == {
        "a": Cost(peak_rss=100, peak_threads=12, peak_connections=5, switches=100, requests=50)
    }


def test_roles_are_kept_apart_and_come_in_their_order() -> None:
    """A before B, whichever was started first; a block may know one alone."""
    merged = merge_costs([block(0, b=SECOND, a=FIRST), block(1, b=FIRST), block(2)])
    assert list(merged) == ["a", "b"]
    assert merged["a"] == FIRST
    assert merged["b"].requests == 50


def test_what_no_block_saw_is_not_known() -> None:
    """None, which is shown as a dash, and never 0."""
    merged = merge_costs([block(0, a=BLIND), block(1, a=BLIND)])["a"]
    assert (merged.peak_threads, merged.peak_connections, merged.switches) == (None, None, None)
    assert (merged.peak_rss, merged.requests) == (90, 20)


def test_a_peak_needs_one_block_and_a_sum_needs_them_all() -> None:
    """Switches of some blocks over the requests of all would be too few a request."""
    merged = merge_costs([block(0, a=FIRST), block(1, a=BLIND)])["a"]
    assert (merged.peak_threads, merged.peak_connections) == (9, 3)
    assert merged.switches is None


def test_without_blocks_nobody_took_anything() -> None:
    """A race that never began."""
    assert merge_costs([]) == {}


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (FIRST, 2.0),
        (Cost(peak_rss=1, switches=0, requests=5), 0.0),
        (Cost(peak_rss=1, switches=None, requests=5), None),
        (Cost(peak_rss=1, switches=5, requests=0), None),
    ],
)
def test_switches_are_told_a_request(cost: Cost, expected: float | None) -> None:
    """None where either isn't known; a server that never waits has 0."""
    assert switches_per_request(cost) == expected


def test_a_cells_peaks_are_the_most_of_any_block() -> None:
    """Each side by itself, and None where nobody looked."""
    first = (Peak(threads=5, connections=2), Peak(threads=9))
    second = (Peak(threads=4, connections=3), Peak())
    blocks = [
        Block(number=0, tasks=(), peaks={"x-8": first, "y-8": (Peak(), Peak())}),
        Block(number=1, tasks=(), peaks={"x-8": second}),
        Block(number=2, tasks=()),
    ]
    assert merge_peaks(blocks) == {
        "x-8": (Peak(threads=5, connections=3), Peak(threads=9)),
        "y-8": (Peak(), Peak()),
    }
