"""The real part of ``selfcheck``: an arm against itself, with and without a planted effect.

What is planted is known, so what is found can be judged. Pure: which cells, and what came of them;
``bench.selfcheck`` runs them. A newcomer would plant a sleep and call it CPU: a sleeping thread
lets others run, and at eight clients nothing gets slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync.model import Cell, Check, Request, Side
from whereasync.stats import LOOKS, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whereasync.results import CellResult

PATH = "/planted/sync/"
MANY, ONE = 8, 1  # clients
CONNECTIONS = 64  # of the open loop, so that a stall doesn't use them up
EQUAL = 8  # cells of equal sides
QUIET_ENOUGH = 0.045  # block SD up to which METHOD's limits hold
FALSE = 0.01  # METHOD's limit of false "faster", for one cell
SEND_LAG = 0.001  # s at p99
SHARE = 0.3  # of the arm's throughput, offered in the open loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """An effect on B: CPU as a share of the arm's own a request, or a wait in seconds."""

    name: str
    says: str
    cpu: float = 0.0
    wait: float = 0.0
    must_be_found: bool = False

    @property
    def clients(self) -> int:
        """Many for CPU, which then decides; one for a wait, which many would hide."""
        return ONE if self.wait else MANY


PLANTS = (
    Plant(name="cpu-2", says="+2 % CPU", cpu=0.02),
    Plant(name="cpu-5", says="+5 % CPU", cpu=0.05),
    Plant(name="cpu-10", says="+10 % CPU", cpu=0.10, must_be_found=True),
    Plant(name="cpu-20", says="+20 % CPU", cpu=0.20, must_be_found=True),
    Plant(name="wait-1", says="+1 ms wait", wait=0.001, must_be_found=True),
    Plant(name="wait-5", says="+5 ms wait", wait=0.005, must_be_found=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """What the unplanted arm takes, measured before anything is planted."""

    cpu: float  # s a request at MANY clients
    throughput: float  # requests/s at MANY clients
    latency: float  # s at ONE client


LEAST = Yardstick(cpu=0.0, throughput=1e5, latency=0.0)  # of an arm that takes next to no time


def build_cells(yardstick: Yardstick) -> tuple[Cell, ...]:
    """Return the cells: equal sides first, then what is planted, then the open loop."""
    plain = _request(0.0, 0.0)
    equal = [_cell(f"equal{number}", "equal", MANY, plain, plain) for number in range(1, EQUAL + 1)]
    planted = [
        _cell(
            plant.name, plant.says, plant.clients, plain,
            _request(plant.cpu * yardstick.cpu, plant.wait),
        )
        for plant in PLANTS
    ]  # fmt: skip
    rate = max(1.0, round(SHARE * yardstick.throughput))
    offered = _cell("offered", f"{rate:g} requests/s", CONNECTIONS, plain, plain, rate=rate)
    return (*equal, *planted, offered)


def _request(burn: float, wait: float) -> Request:
    """Return the request that burns so many seconds of CPU and waits so many."""
    return Request(path=f"{PATH}?burn={burn * 1e6:.0f}&wait={wait * 1e3:g}")


def _cell(  # noqa: PLR0913, PLR0917 # a cell has that many properties
    name: str, topic: str, clients: int, a: Request, b: Request, rate: float | None = None
) -> Cell:
    return Cell(
        name=f"{name}-{clients}",
        chapter=1,
        topic=topic,
        clients=clients,
        a=Side(role="a", request=a, label="A"),
        b=Side(role="b", request=b, label="B"),
        rate=rate,
    )


# ---------------------------------------------------------------- what came of it


def check_race(cells: Iterable[CellResult], yardstick: Yardstick) -> tuple[Check, ...]:
    """Return the real part's checks. Ratios are B ÷ A, so what is planted makes B lose."""
    by_family = {each.cell.family: each for each in cells}
    equal = [each for name, each in by_family.items() if name.startswith("equal")]
    return (
        *_check_equal([each for each in equal if not each.is_void]),
        *(
            check
            for plant in PLANTS
            if plant.name in by_family
            for check in _check_plant(plant, by_family[plant.name], yardstick)
        ),
        *_check_offered(by_family.get("offered")),
    )


def _check_equal(cells: list[CellResult]) -> Iterator[Check]:
    """Yield the checks of equal sides.

    One false verdict of n may be chance; two are improbable (for 8 cells at 1 %: 0.3 %).
    """
    if not cells:
        return
    false = [each for each in cells if each.comparison.verdict is Verdict.FASTER]
    same = [each for each in cells if each.comparison.verdict is Verdict.SAME]
    covered = [each for each in cells if _covers(each, 1.0)]
    found = {
        "false faster": (len(false) / len(cells), 1 / len(cells)),
        "same": (len(same) / len(cells), None),
        "covers 1×": (len(covered) / len(cells), None),
        "block SD": (max(each.comparison.sd or 0.0 for each in cells), None),
    }
    for figure, (value, limit) in found.items():
        yield Check(
            part="real",
            subject="A against A",
            figure=figure,
            value=value,
            trials=len(cells),
            at_most=limit,
        )


def _check_plant(plant: Plant, result: CellResult, yardstick: Yardstick) -> Iterator[Check]:
    comparison = result.comparison
    if comparison.ratio is None:
        return
    is_found = comparison.verdict is Verdict.FASTER and comparison.winner == "a"
    is_quiet = comparison.sd is not None and comparison.sd <= QUIET_ENOUGH
    is_asked = is_quiet and comparison.blocks >= LOOKS[0]  # not where it was cut short
    limit = 1.0 if plant.must_be_found and is_asked else None
    figures = {
        "found": (float(is_found), limit),
        "ratio": (comparison.ratio, None),
        "ratio expected": (expected_ratio(plant, yardstick), None),
        "block SD": (comparison.sd or 0.0, None),
    }
    for figure, (value, least) in figures.items():
        yield Check(
            part="real",
            subject=plant.says,
            figure=figure,
            value=value,
            trials=comparison.blocks,
            at_least=least,
        )


def expected_ratio(plant: Plant, yardstick: Yardstick) -> float:
    """Return what the plant does to throughput: a busy core's CPU, or one client's latency."""
    if plant.wait:
        return yardstick.latency / (yardstick.latency + plant.wait)
    return 1 / (1 + plant.cpu)


def _check_offered(result: CellResult | None) -> Iterator[Check]:
    if result is None:
        return
    for side in (result.a, result.b):
        if side is not None and side.send_lag is not None:
            yield Check(
                part="real",
                subject=f"open loop, {result.cell.rate:g} requests/s, {side.label}",
                figure="send lag p99, s",
                value=side.send_lag,
                trials=result.comparison.blocks,
                at_most=SEND_LAG,
            )


def _covers(result: CellResult, truth: float) -> bool:
    low, high = result.comparison.low, result.comparison.high
    return low is not None and high is not None and low <= truth <= high
