"""Each way to pass the rates through beside its reference, from simulated samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests import streamed, synthetic

from whereasync.model import Fault
from whereasync.results import derive
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.results import Passing, Results

GAINS = {"whole-whole-64": 1.3, "streamed-streamed-64": 1.5, "streamed-streamed-crossed-64": 0.8}


def race(path: Path, gains: synthetic.Gains = GAINS, blocks: int = 6) -> Results:
    """Race, and read it back."""
    directory, run = streamed.stream(path / "run", gains, blocks=blocks)
    return derive(run, directory.samples)


def find(results: Results, fetch: str, answer: str, label: str) -> Passing:
    """Return one variant."""
    [found] = [
        each
        for each in results.passings
        if (each.variant.fetch, each.variant.answer) == (fetch, answer)
        and f"{each.variant.view} {each.variant.interface}" == label
    ]
    return found


def test_each_variant_is_compared_with_the_reference_of_its_own_block(tmp_path: Path) -> None:
    """Also where they were in different cells; the reference itself isn't."""
    results = race(tmp_path)
    reference = results.passings[0]
    assert reference.variant.is_reference
    assert (reference.speed, reference.sooner) == (None, None)
    assert len(results.passings) == 6
    for fetch, label, ratio in (
        ("whole", "async asgi", 1.3),
        ("streamed", "async asgi", 1.5),
        ("streamed", "async wsgi", 0.8),
    ):
        speed = find(results, fetch, fetch, label).speed
        assert speed is not None
        assert speed.ratio == pytest.approx(ratio, rel=0.01)
        assert (speed.verdict, speed.blocks) == (Verdict.FASTER, 6)
    same = find(results, "streamed", "streamed", "sync wsgi").speed
    assert same is not None
    assert same.verdict is Verdict.SAME


def test_a_first_byte_has_its_own_ratio(tmp_path: Path) -> None:
    """Of block medians, above 1 where it comes sooner; whole answers show what they always do."""
    results = race(tmp_path)
    early = find(results, "streamed", "streamed", "sync wsgi")
    assert early.sooner is not None
    assert early.sooner.ratio == pytest.approx(1 / streamed.EARLY, rel=0.02)
    assert early.sooner.winner == "b"
    assert early.first_byte == pytest.approx(streamed.EARLY * (early.whole or 0), rel=0.02)
    held = find(results, "streamed", "streamed", "sync asgi")
    assert held.first_byte == pytest.approx(held.whole)


def test_what_a_variant_costs_is_its_own(tmp_path: Path) -> None:
    """Memory by its role; CPU a request by its slices."""
    results = race(tmp_path)
    early = find(results, "streamed", "streamed", "async asgi")
    assert early.peak_rss == 100_000_005
    assert early.clients == 64
    assert early.server_cpu == pytest.approx(synthetic.WORK / 1.5, rel=0.05)
    assert early.throughput > results.passings[0].throughput


def test_without_the_reference_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    """The figures stand all the same."""
    results = race(tmp_path, {"streamed-streamed-64": 1.5, "whole-whole-1": 1.0})
    alone = find(results, "streamed", "streamed", "async asgi")
    assert (alone.speed, alone.sooner) == (None, None)
    assert alone.first_byte is not None
    assert [each.clients for each in results.passings] == [1, 1, 64, 64]


def test_a_void_cell_gives_no_figures(tmp_path: Path) -> None:
    """Of neither side."""
    directory, run = streamed.stream(tmp_path / "run", GAINS)
    fault = Fault(kind="status", detail="503 instead of 200")
    spoiled = synthetic.spoil(run, "streamed-streamed-64", 2, fault=fault)
    results = derive(spoiled, directory.samples)
    assert len(results.passings) == 4
    assert {each.variant.is_native for each in results.passings} == {True, False}


def test_only_its_own_command_has_them(tmp_path: Path) -> None:
    """Another's cells have no such sides."""
    directory, run = synthetic.race(tmp_path / "run", synthetic.two_arms(), {"race-8": 1.5})
    assert derive(run, directory.samples).passings == ()
