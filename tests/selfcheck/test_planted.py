"""What is planted, and what is made of what was found, on verdicts that are given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whereasync.model import Check, Fault
from whereasync.results.cells import CellResult, SideResult
from whereasync.selfcheck import planted
from whereasync.selfcheck.planted import EQUAL, MANY, ONE, PLANTS, Yardstick
from whereasync.stats import LOOKS, Comparison, Verdict, void

YARDSTICK = Yardstick(cpu=0.002, throughput=450.0, latency=0.004)
CELLS = {cell.family: cell for cell in planted.build_cells(YARDSTICK)}
SD = 0.02
SAME = Comparison(verdict=Verdict.SAME, blocks=6, ratio=1.0, low=0.98, high=1.02, sd=SD)
LOST = Comparison(
    verdict=Verdict.FASTER, blocks=6, winner="a", ratio=0.9, low=0.88, high=0.92, sd=SD
)
OPEN = Comparison(verdict=Verdict.INCONCLUSIVE, blocks=24, ratio=0.97, low=0.9, high=1.04, sd=SD)
VOID = void(Fault(kind="status", detail="500 instead of 200"))
SIDE = SideResult(
    label="A",
    arm="gunicorn",
    throughput=100.0,
    p50=0.01,
    p99=0.02,
    server_cpu=2.0,
    database_cpu=None,
    send_lag=0.0004,
)


def check(**comparisons: Comparison) -> dict[tuple[str, str], Check]:
    """Return the checks of these cells, ``cpu_10`` for the family cpu-10, by subject and figure."""
    cells = [
        CellResult(cell=CELLS[family.replace("_", "-")], comparison=each)
        for family, each in comparisons.items()
    ]
    return {(each.subject, each.figure): each for each in planted.check_race(cells, YARDSTICK)}


# ---------------------------------------------------------------- what is planted


def test_equal_sides_ask_the_same() -> None:
    """Enough of them for a rate, each a cell of its own, at many clients."""
    equal = [cell for family, cell in CELLS.items() if family.startswith("equal")]
    assert len(equal) == EQUAL
    for cell in equal:
        assert cell.a.request == cell.b.request
        assert (cell.a.role, cell.b.role, cell.clients, cell.rate) == ("a", "b", MANY, None)


@pytest.mark.parametrize(
    ("family", "query", "clients"),
    [
        ("cpu-2", "burn=40&wait=0", MANY),
        ("cpu-5", "burn=100&wait=0", MANY),
        ("cpu-10", "burn=200&wait=0", MANY),
        ("cpu-20", "burn=400&wait=0", MANY),
        ("wait-1", "burn=0&wait=1", ONE),
        ("wait-5", "burn=0&wait=5", ONE),
    ],
)
def test_an_effect_is_a_share_of_what_a_request_takes(
    family: str, query: str, clients: int
) -> None:
    """In µs of CPU and ms of wait, on B alone; a wait shows with one client."""
    cell = CELLS[family]
    assert cell.a.request.path == f"{planted.PATH}?burn=0&wait=0"
    assert cell.b.request.path == f"{planted.PATH}?{query}"
    assert cell.clients == clients


def test_every_plant_has_a_cell_and_names_are_unique() -> None:
    """They are file names, too."""
    names = [cell.name for cell in planted.build_cells(YARDSTICK)]
    assert len(set(names)) == len(names) == EQUAL + len(PLANTS) + 1
    assert {plant.name for plant in PLANTS} <= set(CELLS)


@pytest.mark.parametrize(("throughput", "rate"), [(450.0, 135.0), (1.0, 1.0)])
def test_the_open_loop_offers_what_can_be_sustained(throughput: float, rate: float) -> None:
    """Three tenths of what the arm does; one request a second at least."""
    *_, offered = planted.build_cells(replace(YARDSTICK, throughput=throughput))
    assert (offered.family, offered.rate) == ("offered", rate)
    assert offered.a.request == offered.b.request


# ---------------------------------------------------------------- what came of equal sides


def test_equal_sides_that_are_the_same_pass() -> None:
    """Nothing false, all covered, and the noise that there was."""
    found = check(**{f"equal{n}": replace(SAME, sd=n / 100) for n in range(1, 5)})
    figures = {figure: each.value for (_, figure), each in found.items()}
    assert figures == {"false faster": 0.0, "same": 1.0, "covers 1×": 1.0, "block SD": 0.04}
    assert all(each.trials == 4 for each in found.values())
    assert found["A against A", "false faster"].is_kept
    assert found["A against A", "same"].is_kept is None


def test_one_false_verdict_may_be_chance_and_two_are_not() -> None:
    """On either side: B faster is as false as A."""
    won = replace(LOST, winner="b", ratio=1.1, low=1.08, high=1.12)
    one = check(equal1=LOST, equal2=SAME, equal3=SAME, equal4=SAME)
    assert one["A against A", "false faster"].value == 0.25
    assert one["A against A", "false faster"].is_kept
    two = check(equal1=LOST, equal2=won, equal3=SAME, equal4=SAME)
    assert two["A against A", "false faster"].is_kept is False
    assert two["A against A", "covers 1×"].value == 0.5


def test_void_cells_are_no_trials() -> None:
    """They are neither right nor wrong; where all are void nothing was checked."""
    assert check(equal1=VOID, equal2=SAME)["A against A", "false faster"].trials == 1
    assert check(equal1=VOID) == {}


def test_an_interval_that_is_not_there_covers_nothing() -> None:
    """One block has none."""
    single = replace(OPEN, blocks=1, low=None, high=None, sd=None)
    found = check(equal1=single, equal2=SAME)
    assert found["A against A", "covers 1×"].value == 0.5
    assert found["A against A", "block SD"].value == SD


# ---------------------------------------------------------------- what came of a plant


def test_a_plant_that_was_found_keeps_its_limit() -> None:
    """With the ratio that was found beside the one that was planted."""
    found = check(cpu_10=LOST)
    assert found["+10 % CPU", "found"].is_kept
    assert found["+10 % CPU", "ratio"].value == 0.9
    assert found["+10 % CPU", "ratio expected"].value == pytest.approx(1 / 1.1)
    assert found["+10 % CPU", "block SD"].value == SD
    assert found["+10 % CPU", "found"].trials == 6


@pytest.mark.parametrize("missed", [OPEN, SAME, replace(LOST, winner="b", ratio=1.1)])
def test_a_plant_that_was_missed_breaks_its_limit(missed: Comparison) -> None:
    """Called open, the same, or faster on the wrong side."""
    found = check(cpu_10=missed)["+10 % CPU", "found"]
    assert found.value == 0.0
    assert found.is_kept is False


@pytest.mark.parametrize("family", ["cpu_2", "cpu_5"])
def test_a_small_plant_may_be_missed(family: str) -> None:
    """9 of 10 must be found, and here is one."""
    [found] = [each for (_, figure), each in check(**{family: OPEN}).items() if figure == "found"]
    assert found.is_kept is None


def test_noise_puts_no_limit_on_what_must_be_found() -> None:
    """METHOD's limits hold up to a block SD of 4.5 %, that one included."""
    noisy = replace(OPEN, sd=planted.QUIET_ENOUGH + 0.001)
    assert check(cpu_20=noisy)["+20 % CPU", "found"].is_kept is None
    quiet = replace(OPEN, sd=planted.QUIET_ENOUGH)
    assert check(cpu_20=quiet)["+20 % CPU", "found"].is_kept is False


def test_what_was_cut_short_was_asked_nothing() -> None:
    """Fewer blocks than a verdict needs can find nothing, however quiet."""
    for blocks, kept in ((LOOKS[0] - 1, None), (LOOKS[0], False)):
        short = replace(OPEN, blocks=blocks)
        assert check(wait_5=short)["+5 ms wait", "found"].is_kept is kept
    single = replace(OPEN, blocks=1, low=None, high=None, sd=None)
    assert check(wait_5=single)["+5 ms wait", "found"].is_kept is None


def test_a_void_plant_and_one_that_was_not_measured_give_no_figure() -> None:
    """Rather than a 0 that nobody saw."""
    assert check(cpu_10=VOID) == {}
    assert check() == {}


@pytest.mark.parametrize(
    ("plant", "ratio"),
    list(zip(PLANTS, (1 / 1.02, 1 / 1.05, 1 / 1.1, 1 / 1.2, 4 / 5, 4 / 9), strict=True)),
)
def test_what_a_plant_does_is_known(plant: planted.Plant, ratio: float) -> None:
    """A busy core does less by its CPU; one client waits for 4 ms and the wait."""
    assert planted.expected_ratio(plant, YARDSTICK) == pytest.approx(ratio)


# ---------------------------------------------------------------- what came of the open loop


def test_the_send_lag_of_either_side_has_a_limit() -> None:
    """A millisecond at p99."""
    late = replace(SIDE, label="B", send_lag=0.0011)
    result = CellResult(cell=CELLS["offered"], comparison=SAME, a=SIDE, b=late)
    first, second = planted.check_race([result], YARDSTICK)
    assert (first.subject, first.value) == ("open loop, 135 requests/s, A", 0.0004)
    assert (first.is_kept, second.is_kept) == (True, False)
    assert second.subject == "open loop, 135 requests/s, B"


def test_an_open_loop_that_is_void_has_no_lag_to_check() -> None:
    """Its sides have no figures."""
    result = CellResult(cell=CELLS["offered"], comparison=VOID)
    assert planted.check_race([result], YARDSTICK) == ()


def test_a_lag_that_was_not_measured_is_not_checked() -> None:
    """As in the closed loop."""
    blind = replace(SIDE, send_lag=None)
    result = CellResult(cell=CELLS["offered"], comparison=SAME, a=blind, b=None)
    assert planted.check_race([result], YARDSTICK) == ()
