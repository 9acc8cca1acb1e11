"""Medians, their intervals, and which server each tool is compared with."""

from __future__ import annotations

import random
from statistics import median

import pytest

from whereasync.demo.emulation import VIEWS, find_reference, list_bursts, order_bursts, url_of
from whereasync.model import Burst, Fault, Way
from whereasync.results.emulation import ALPHA, find_middle, find_timings, time_ways


def send(way: Way, *seconds: float, variant: str = "sync", clients: int = 1) -> list[Burst]:
    """Return a burst of hello for each time."""
    return [
        Burst(
            view="hello",
            variant=variant,
            way=way,
            clients=clients,
            run=run,
            seconds=each,
            in_view=each / 2,
        )
        for run, each in enumerate(seconds)
    ]


@pytest.mark.parametrize(("number", "k"), [(7, 1), (20, 5), (21, 5), (40, 13)])
def test_the_interval_is_between_the_kth_values_from_both_ends(number: int, k: int) -> None:
    """From tables of the sign test at 2.5 %, two-sided."""
    values = list(range(number))
    random.Random(1).shuffle(values)
    found = find_middle(values)
    assert (found.value, found.low, found.high) == (median(values), k - 1, number - k)


def test_too_few_values_have_no_interval() -> None:
    """Six may all lie on one side by chance more often than that."""
    assert find_middle([3.0, 1.0, 2.0, 5.0, 4.0, 6.0]).low is None
    assert find_middle([3.0]).value == 3.0


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    """Of a lopsided distribution, since it assumes none."""
    drawn = random.Random(7)
    true = 0.6931471805599453  # of the exponential distribution with mean 1
    held = 0
    for _ in range(2000):
        found = find_middle([drawn.expovariate(1.0) for _ in range(20)])
        assert found.low is not None
        assert found.high is not None
        held += found.low <= true <= found.high
    assert held / 2000 >= 1 - ALPHA


@pytest.mark.parametrize(
    ("way", "variant", "server"),
    [
        (Way.CLIENT, "sync", Way.WSGI),
        (Way.FACTORY, "sync", Way.WSGI),
        (Way.ASYNC_CLIENT, "sync", Way.ASGI),
        (Way.CLIENT, "async", Way.ASGI),
        (Way.HANDLER, "async", Way.ASGI),
    ],
)
def test_each_tool_has_the_server_that_it_stands_for(way: Way, variant: str, server: Way) -> None:
    """Client emulates WSGI; whoever has an async view means to serve it by ASGI."""
    assert find_reference(way, variant) is server


def test_a_tool_is_compared_with_its_server() -> None:
    """The interval of the ratio is from the least favourable ends of both."""
    tool = [2.0 + step / 100 for step in range(20)]
    server = [1.0 + step / 100 for step in range(20)]
    bursts = [
        *send(Way.CLIENT, *tool),
        *send(Way.WSGI, *server),
        *send(Way.ASGI, *[5.0] * 20),
    ]
    found, real, _ = time_ways(bursts)
    assert real.ratio is None
    assert found.runs == 20
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(2.095 / 1.095)
    assert found.ratio.low == pytest.approx(2.04 / 1.15)
    assert found.ratio.high == pytest.approx(2.15 / 1.04)
    assert found.in_view == pytest.approx(2.095 / 2)


def test_bursts_of_other_sizes_and_views_are_apart() -> None:
    """Eight at once aren't compared with one."""
    bursts = [*send(Way.CLIENT, 2.0, clients=8), *send(Way.WSGI, 1.0)]
    assert [each.ratio for each in time_ways(bursts)] == [None, None]
    assert len(list(find_timings(time_ways(bursts), way=Way.CLIENT, clients=8))) == 1
    assert not list(find_timings(time_ways(bursts), way=Way.CLIENT, clients=8, variant="async"))


def test_a_burst_that_failed_is_a_fault_and_no_time() -> None:
    """The others of its kind count."""
    fault = Fault(kind="status", detail="answered 500")
    failed = Burst(view="hello", variant="sync", way=Way.CLIENT, clients=1, run=1, fault=fault)
    (mixed,) = time_ways([*send(Way.CLIENT, 2.0), failed])
    assert (mixed.runs, mixed.fault) == (1, fault)
    lost, server = time_ways([failed, *send(Way.WSGI, 1.0)])
    assert (lost.runs, lost.seconds, lost.ratio) == (0, None, None)
    assert server.seconds is not None


def test_each_kind_is_sent_as_often_in_an_order_of_its_own() -> None:
    """A warm-up first; the seed gives the order again."""
    kinds = list_bursts((Way.CLIENT, Way.FACTORY), has_postgres=True)
    ordered = order_bursts(kinds, seed=3, round_=1, repeats=2)
    assert [run for _, run in ordered] == [*[-1] * len(kinds), *[2] * len(kinds), *[3] * len(kinds)]
    assert ordered == order_bursts(kinds, seed=3, round_=1, repeats=2)
    assert ordered != order_bursts(kinds, seed=4, round_=1, repeats=2)
    one, two = ([kind for kind, run in ordered if run == number] for number in (2, 3))
    assert one != two
    assert set(one) == set(two) == set(kinds)


def test_what_needs_postgresql_is_left_out_without_it() -> None:
    """And no async view is asked under WSGI."""
    views = {each.view for each in list_bursts(tuple(Way), has_postgres=False)}
    assert views == {view.name for view in VIEWS if not view.needs_postgres}
    assert {each.variant for each in list_bursts((Way.WSGI,), has_postgres=True)} == {"sync"}
    slow = next(each for each in list_bursts(tuple(Way), has_postgres=True) if each.view == "wait")
    assert url_of(slow) == "/planted/sync/?wait=25"
