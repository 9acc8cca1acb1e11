"""What fits into a budget, from known demands; the probe itself needs servers and isn't here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import pytest
from tests import synthetic

from whereasync import plan
from whereasync.bench import probing
from whereasync.bench.ledger import Ledger
from whereasync.bench.stage import Project, Service, Stage
from whereasync.model import Arm, Fault, Interface, Single

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Experiment, Side

PLANNED = synthetic.experiment()
SERVICE = Service(url="http://127.0.0.1:1/", key="k")
QUICK = plan.Demand(latency=0.01, server_cpu=0.001)
SLOW = plan.Demand(latency=1.0, server_cpu=1.0)
FAULT = Fault(kind="status", detail="500 instead of 200")


@dataclass
class Listener:
    """Keeps what it hears."""

    stages: list[str] = field(default_factory=list)
    expected: list[float] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def stage(self, what: str) -> None:
        """Keep it."""
        self.stages.append(what)

    def expect(self, seconds: float) -> None:
        """Keep it."""
        self.expected.append(seconds)

    def notice(self, what: str) -> None:
        """Keep it."""
        self.notices.append(what)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Give a stage that no process plays on, 10 s after its run began."""
    directory, run = synthetic.begin(tmp_path / "run", PLANNED)
    ledger = Ledger(run=run, directory=directory)
    ledger.started -= 10.0
    nobody = cast("Project", None)
    return Stage(project=nobody, machine=run.machine, ledger=ledger, observer=Listener())


def choose(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    experiment: Experiment,
    slow: tuple[str, ...] = (),
    failing: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Choose cells where these paths are slow or fail and all others are quick."""

    def demand(side: Side) -> plan.Demand | Fault:
        if side.request.path.startswith(failing):
            return FAULT
        return SLOW if side.request.path.startswith(slow) else QUICK

    monkeypatch.setattr(
        probing,
        "_probe",
        lambda *_: {side: demand(side) for cell in PLANNED.cells for side in (cell.a, cell.b)},
    )
    return tuple(cell.name for cell in probing.choose_cells(stage, experiment, SERVICE))


def hear(stage: Stage) -> Listener:
    """Return who listens."""
    assert isinstance(stage.observer, Listener)
    return stage.observer


def test_without_a_budget_all_cells_are_taken(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow they are; and the time that it will take is said before."""
    unlimited = replace(PLANNED, budget=None)
    chosen = choose(stage, monkeypatch, unlimited, slow=("/same-work/cars/",))
    assert chosen == tuple(cell.name for cell in PLANNED.cells)
    assert stage.ledger.directory.load().left_out == {}
    [notice] = hear(stage).notices
    assert notice.startswith(f"The race: 6 blocks of {len(chosen)} cells, about ")
    assert "Left out" not in notice


def test_cells_too_long_for_the_budget_are_left_out_by_name(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The most telling come first, and each cell left out says what it would take."""
    chosen = choose(stage, monkeypatch, replace(PLANNED, budget=120.0), slow=("/same-work/cars/",))
    saved = stage.ledger.directory.load().left_out
    assert set(chosen) | set(saved) == {cell.name for cell in PLANNED.cells}
    assert not set(chosen) & set(saved)
    assert "same-get-64" in saved
    assert all(why.startswith("needs ") for why in saved.values())
    assert f"Left out: {len(saved)} cells" in hear(stage).notices[0]


def test_what_has_passed_and_what_the_end_takes_is_no_budget(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10 s are gone, 3 s are kept for the end, 6 blocks of 2 s only start: nothing is left."""
    assert choose(stage, monkeypatch, replace(PLANNED, budget=25.0)) == ()
    assert len(stage.ledger.run.left_out) == len(PLANNED.cells)
    [notice] = hear(stage).notices
    assert notice.startswith("The budget is too small for 6 blocks of any cell: no race.")
    assert hear(stage).expected == []


def test_the_time_expected_is_that_of_all_blocks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And within the budget, for cells were left out until it was."""
    choose(stage, monkeypatch, replace(PLANNED, budget=120.0))
    [expected] = hear(stage).expected
    assert 10.0 + 6 * plan.BLOCK_START < expected <= 120.5


def test_a_cell_whose_view_fails_is_left_out_whatever_the_budget(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One side is enough: a race against nothing is none."""
    chosen = choose(
        stage, monkeypatch, replace(PLANNED, budget=None), failing=("/advised/cars/async/",)
    )
    assert stage.ledger.run.left_out == dict.fromkeys(
        ("fix-get-async-8", "advised-get-1", "advised-get-8", "advised-get-64"),
        "its view failed",
    )
    assert len(chosen) == len(PLANNED.cells) - 4


def test_the_threads_of_an_arm_are_among_its_options() -> None:
    """None: as many as there are requests."""
    assert probing._threads(synthetic.ARMS["wsgi"]) == 16
    assert probing._threads(Arm(server="uvicorn", interface=Interface.ASGI)) is None


def test_a_demand_is_the_mean_without_the_first_request() -> None:
    """Which found cold caches and no connections."""
    singles = [
        Single(row="0", variant="sync", run=run, client=client, server_cpu=client / 2)
        for run, client in enumerate((9.0, 0.02, 0.04))
    ]
    demand = probing._demand(singles)
    assert isinstance(demand, plan.Demand)
    assert demand.latency == pytest.approx(0.03)
    assert demand.server_cpu == pytest.approx(0.015)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_view_that_failed_once_has_no_demand(place: int) -> None:
    """Also where it was the first request only."""
    singles = [
        Single(row="0", variant="sync", run=run, client=0.02, fault=FAULT if run == place else None)
        for run in range(3)
    ]
    assert probing._demand(singles) == FAULT
