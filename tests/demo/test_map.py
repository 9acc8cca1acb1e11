from __future__ import annotations

import pytest

from whereasync import plan
from whereasync.demo.map import Grid, build, build_cells
from whereasync.model import Arm, Interface
from whereasync.plan import Demand

GRID = Grid()


def place(grid: Grid) -> list[tuple[float | None, int, int]]:
    """Return where a grid's cells lie, in their order."""
    return [(cell.wait, cell.clients, cell.calls) for cell in build_cells(grid)]


def test_both_planes_are_whole_and_share_a_row() -> None:
    """Every wait × clients with one call; every wait × calls at 4 clients, nearest to 8."""
    assert GRID.fan_clients == 4
    expected = {(w, n, 1) for w in GRID.waits for n in GRID.clients}
    expected |= {(w, 4, k) for w in GRID.waits for k in GRID.calls}
    assert set(place(GRID)) == expected
    assert len(place(GRID)) == len(expected) == 48
    assert len({cell.name for cell in build_cells(GRID)}) == 48


@pytest.mark.parametrize(
    ("clients", "fan"), [((8,), 8), ((1, 256), 1), ((4, 16), 4), ((6, 100), 6), ((16, 9), 9)]
)
def test_fan_out_is_measured_where_the_other_plane_has_a_row(
    clients: tuple[int, ...], fan: int
) -> None:
    """At the number of clients nearest to 8 by its ratio; of two as near, the fewer."""
    grid = Grid(clients=clients, calls=(5,), waits=(0.1,))
    assert grid.fan_clients == fan
    assert set(place(grid)) == {(0.1, n, 1) for n in clients} | {(0.1, fan, 5)}


def test_a_cell_says_in_types_and_in_its_requests_where_it_lies() -> None:
    """Sync calls wait in turn, gathered ones side by side."""
    [cell] = [each for each in build_cells(GRID) if each.name == "wait-50ms-calls-20-4"]
    assert (cell.wait, cell.calls, cell.clients) == (0.05, 20, 4)
    assert cell.a.request.path == "/advised/rates/sync/?calls=20&wait=50"
    assert cell.b.request.path == "/advised/rates/async/?calls=20&wait=50"
    assert (cell.a.role, cell.b.role) == ("wsgi", "asgi")
    assert (cell.a.waits, cell.b.waits) == (1.0, 0.05)


def test_the_first_cells_cover_the_plane_and_dear_ones_come_late() -> None:
    """Half of the cells see each wait up to 100 ms, each number of clients up to 64, all calls."""
    half = place(GRID)[:24]
    assert {w for w, _, _ in half} >= {0.001, 0.005, 0.02, 0.05, 0.1}
    assert {n for _, n, _ in half} >= {1, 4, 16, 64}
    assert {k for _, _, k in half} == {1, 2, 5, 20}
    assert place(GRID)[0] == (0.02, 16, 1)
    assert place(GRID)[-1] == (0.5, 4, 20)


def test_sync_gets_as_many_threads_as_the_grid_has_clients_to_choose_from() -> None:
    """So that nobody says it was starved; one number where both are the same."""
    planned = build(GRID, budget=300.0, seed=1)
    assert [arm.options["threads"] for arm in planned.candidates["wsgi"]] == ["16", "256"]
    assert [arm.server for arm in planned.candidates["asgi"]] == ["uvicorn", "hypercorn"]
    few = build(Grid(clients=(1, 16)), budget=300.0, seed=1)
    assert [arm.options["threads"] for arm in few.candidates["wsgi"]] == ["16"]
    [tuned] = planned.sweep
    assert (tuned.wait, tuned.clients, tuned.calls) == (0.1, 64, 1)


def test_an_arm_can_be_fixed() -> None:
    """Then nothing is tuned."""
    arm = Arm(server="daphne", interface=Interface.ASGI)
    planned = build(GRID, async_=(arm,), sync=(arm,), budget=None, seed=1)
    assert planned.candidates == {"wsgi": (arm,), "asgi": (arm,)}


# ---------------------------------------------------------------- what the plan makes of it


def test_a_view_is_probed_at_its_shortest_wait_only() -> None:
    """Eight sides stand for all 48: one for each number of calls, sync and async."""
    cells = build_cells(GRID)
    probes = plan.choose_probes(cells)
    assert probes.keys() == {side for cell in cells for side in (cell.a, cell.b)}
    assert len(set(probes.values())) == 8
    for cell in cells:
        for side in (cell.a, cell.b):
            probe = probes[side]
            assert probe.request.path == side.request.path.partition("&")[0] + "&wait=1"
            assert probe.role == side.role


def test_what_a_side_needs_follows_from_its_probe() -> None:
    """Its wait is longer, its CPU the same; warm-up is shared by its cells."""
    cells = build_cells(GRID)
    [cell] = [each for each in cells if each.name == "wait-100ms-calls-5-4"]
    probes = plan.choose_probes(cells)
    needs = Demand(latency=0.02, server_cpu=0.008)
    sync = plan.foretell(cell.a, probes[cell.a], needs, cells)
    assert sync.latency == pytest.approx(0.02 + 5 * 0.099)
    assert (sync.server_cpu, sync.cells) == (0.008, 1)
    gathered = plan.foretell(cell.b, probes[cell.b], needs, cells)
    assert gathered.latency == pytest.approx(0.02 + 0.099)
    [one] = [each for each in cells if each.name == "wait-100ms-calls-1-4"]
    assert plan.foretell(one.a, probes[one.a], needs, cells).cells == len(GRID.clients)


def test_a_side_without_a_wait_stands_for_itself() -> None:
    """As everywhere but in a map."""
    from whereasync.demo.cells import cells as demo_cells

    cells = demo_cells((1, 8), (2, 3), None)
    probes = plan.choose_probes(cells)
    assert all(side == probe for side, probe in probes.items())
    needs = Demand(latency=0.02, server_cpu=0.008)
    assert plan.foretell(cells[0].a, cells[0].a, needs, cells) is needs


@pytest.mark.parametrize(("wait", "answers"), [(0.001, 20), (0.02, 12), (0.1, 2), (0.5, 2)])
def test_of_long_waits_fewer_answers_are_compared(wait: float, answers: int) -> None:
    """Two at least: the view is the same at every wait."""
    grid = Grid(waits=(wait,), clients=(8,), calls=(1,))
    [cell] = build_cells(grid)
    assert plan.count_answers(cell) == answers


def test_the_least_budget_has_room_for_a_few_cells() -> None:
    """Start, tuning, six blocks of the first six cells, none of which costs CPU."""
    planned = build(GRID, budget=300.0, seed=1)
    least = plan.least_map_budget(planned)
    assert 60 < least < 80
    slow = build(Grid(waits=(5.0,), clients=(1,), calls=(1,)), budget=300.0, seed=1)
    assert plan.least_map_budget(slow) > 6 * 60.0
