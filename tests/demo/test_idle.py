"""What ``demo idle`` measures, as data."""

from __future__ import annotations

import pytest

from whereasync.demo.idle import build, count_files
from whereasync.model import Interface
from whereasync.servers import capacity


@pytest.mark.parametrize("clients", [10, 1000, 10_000])
def test_one_arm_has_threads_for_all_and_for_a_visitor(clients: int) -> None:
    """Another has the demo's usual sixteen; the event loops need none."""
    arms = build(clients=clients, is_quick=False, seed=1).arms
    assert len({each.role for each in arms}) == len(arms)
    most = {each.role: capacity(each.arm) for each in arms}
    assert most.pop("threads_few") == 16
    assert (most.pop("threads_many") or 0) > clients
    assert set(most.values()) == {None}
    [many] = [each.arm for each in arms if each.role == "threads_many"]
    assert int(many.options["connections"]) > int(many.options["threads"])


def test_async_views_are_asked_where_an_event_loop_serves() -> None:
    """And a sync view once, to see what becomes of it there."""
    arms = build(clients=10, is_quick=False, seed=1).arms
    crossed = [
        each.role
        for each in arms
        if ("/async/" in each.request.path) != (each.arm.interface is Interface.ASGI)
    ]
    assert crossed == ["crossed"]
    for each in arms:
        assert each.request.path.split("/")[2] == each.visitor.path.split("/")[3]


def test_threads_are_shared_where_they_can_be() -> None:
    """One arm less where asgiref is too old."""
    arms = build(clients=10, is_quick=False, seed=1).arms
    assert [each.role for each in arms if each.asgi] == ["shared"]
    without = build(clients=10, is_quick=False, seed=1, can_share=False).arms
    assert without == tuple(each for each in arms if not each.asgi)


def test_patience_grows_with_the_clients() -> None:
    """A server needs a while to answer ten thousand, on one core."""
    assert build(clients=1000, is_quick=False, seed=1).patience == 5
    assert build(clients=10_000, is_quick=False, seed=1).patience == 50


def test_a_quick_one_looks_once() -> None:
    """And for a shorter time."""
    quick, whole = (build(clients=10, is_quick=each, seed=1) for each in (True, False))
    assert quick.arms == whole.arms
    assert (quick.repeats, whole.repeats) == (1, 3)
    assert quick.hold < whole.hold


def test_files_are_more_than_connections() -> None:
    """A server opens some beside them."""
    assert count_files(1000) > 1100
