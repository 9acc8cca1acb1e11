"""What ``demo streaming`` measures, as data."""

from __future__ import annotations

from typing import Any

import pytest

from whereasync.demo.streaming import CLIENTS, Length, Variant, build, read_variant
from whereasync.model import Experiment, Interface


def plan(**changes: Any) -> Experiment:
    """Return the full experiment, or a changed one."""
    usual = {"clients": CLIENTS, "rates": "full", "length": Length.FULL, "seed": 7}
    return build(**{**usual, **changes})


def test_every_way_is_measured_by_a_view_on_the_server_of_its_kind() -> None:
    """And streamed all the way also on the other kind's, where nothing is streamed."""
    cells = plan().cells
    sides = [side for cell in cells for side in (cell.a, cell.b)]
    assert len(set(sides)) == len(sides) == 20
    variants = {read_variant(side) for side in sides}
    native = {(each.fetch, each.answer, each.view) for each in variants if each.is_native}
    assert len(native) == 8
    crossed = {each for each in variants if not each.is_native}
    assert {(each.fetch, each.answer) for each in crossed} == {("streamed", "streamed")}
    assert {each.view for each in crossed} == {"sync", "async"}


def test_each_variant_and_number_of_clients_has_a_server_of_its_own() -> None:
    """Or the peak memory of one would be that of the other."""
    planned = plan()
    roles = [side.role for cell in planned.cells for side in (cell.a, cell.b)]
    assert len(set(roles)) == len(roles)
    assert set(planned.candidates) == set(roles)
    assert all(role.replace("_", "").isalnum() for role in roles)  # part of a database's name
    for cell in planned.cells:
        for side in (cell.a, cell.b):
            [arm] = planned.candidates[side.role]
            assert arm.interface is read_variant(side).interface
            assert side.role.endswith(f"_{cell.clients}")


def test_a_side_says_which_variant_it_is() -> None:
    """There and back."""
    for interface in Interface:
        for view in ("sync", "async"):
            one = Variant(fetch="whole", answer="streamed", view=view, interface=interface)
            assert read_variant(one.side(64)) == one
            assert one.side(64).request.path == f"/streaming/whole-streamed/{view}/"


def test_there_is_one_reference_for_each_number_of_clients() -> None:
    """All whole, sync under WSGI."""
    for changes in ({}, {"length": Length.QUICK}, {"clients": (3,)}):
        planned = plan(**changes)
        found = [
            cell.clients
            for cell in planned.cells
            for side in (cell.a, cell.b)
            if read_variant(side).is_reference
        ]
        assert sorted(found) == sorted(changes.get("clients", CLIENTS))


def test_a_quick_one_leaves_out_what_is_half_streamed() -> None:
    """And where the wrong server is asked."""
    names = {cell.name for cell in plan(length=Length.QUICK).cells}
    assert names == {f"{way}-{n}" for way in ("whole-whole", "streamed-streamed") for n in CLIENTS}


def test_by_default_only_the_most_clients_see_the_rest() -> None:
    """One client alone would show nothing that isn't known by then."""
    names = {cell.name for cell in plan(length=Length.DEFAULT).cells}
    assert names < {cell.name for cell in plan().cells}
    assert {name for name in names if name.endswith("-1")} == {
        "whole-whole-1",
        "streamed-streamed-1",
    }
    assert len(names) == 7


@pytest.mark.parametrize("rates", ["full", "small"])
def test_the_api_sends_over_time(rates: str) -> None:
    """In one piece there would be nothing to pass on."""
    upstream = plan(rates=rates).upstream
    assert upstream.rates == rates
    assert upstream.pieces > 1
    assert upstream.pause > 0
