"""What fits into a budget, from known demands; the probe itself needs servers and isn't here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import pytest
from tests import synthetic

from whereasync import plan
from whereasync.bench import probing
from whereasync.bench.ledger import Ledger
from whereasync.bench.stage import Project, Stage
from whereasync.errors import BadInputError
from whereasync.model import Arm, Fault, Interface, Single

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Experiment, Side
    from whereasync.processes import Supervisor

PLANNED = synthetic.experiment()
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
    return Stage(
        project=cast("Project", None),
        supervisor=cast("Supervisor", None),
        machine=run.machine,
        ledger=ledger,
        observer=Listener(),
    )


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
    return tuple(cell.name for cell in probing.choose_cells(stage, experiment).cells)


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
    assert notice.startswith(f"The race: at least 6 blocks of {len(chosen)} cells, about ")
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
    """10 s are gone, 3 s are kept for the end, 6 blocks of 2 s only start: one cell is kept."""
    chosen = choose(stage, monkeypatch, replace(PLANNED, budget=25.0))
    assert chosen == (PLANNED.cells[0].name,)
    assert set(stage.ledger.run.left_out) == {cell.name for cell in PLANNED.cells[1:]}
    [notice] = hear(stage).notices
    assert notice.startswith("The budget is too small for 6 blocks of any cell. The race: at least")
    [expected] = hear(stage).expected
    assert expected > 25.0


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


@pytest.mark.parametrize("threads", ["1", "64"])
def test_the_threads_of_an_arm_decide_how_long_a_cell_takes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, threads: str
) -> None:
    """64 clients that share one thread wait for each other: 64 latencies long."""
    few = Arm(server="gunicorn", interface=Interface.WSGI, options={"threads": threads})
    stage.ledger.set(arms={"wsgi": few, "asgi": synthetic.ARMS["asgi"]})
    [crowded] = [cell for cell in PLANNED.cells if cell.name == "same-api-64"]
    choose(stage, monkeypatch, replace(PLANNED, budget=60.0, cells=(PLANNED.cells[0], crowded)))
    assert ("same-api-64" in stage.ledger.run.left_out) is (threads == "1")


# ---------------------------------------------------------------- all or nothing


def test_a_race_that_does_not_fit_whole_is_refused_with_what_it_needs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its first block; the hint is a budget that suffices."""
    whole = replace(PLANNED, is_whole=True, budget=60.0)
    with pytest.raises(
        BadInputError, match="--budget 60s is too small: 6 blocks of what"
    ) as caught:
        choose(stage, monkeypatch, whole)
    need = re.search(r"take (\d+) s, and fewer bear no verdict", caught.value.what)
    enough = re.match(r"--budget (\d+)s, or ask for less", caught.value.hint)
    assert need
    assert enough
    assert 0 <= int(enough[1]) - int(need[1]) <= 10
    assert hear(stage).notices == []
    kept = choose(stage, monkeypatch, replace(whole, budget=float(enough[1])))
    assert len(kept) == len(PLANNED.cells)
    assert hear(stage).notices[0].startswith("The race: at least 6 blocks of 28 cells, about ")


def test_a_race_of_a_view_that_fails_alone_measures_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It isn't the budget that is wrong, and half of what was asked for is no answer."""
    whole = replace(PLANNED, is_whole=True, budget=None)
    assert choose(stage, monkeypatch, whole, failing=("/advised/cars/async/",)) == ()
    assert set(stage.ledger.run.left_out.values()) == {"its view failed"}
    assert hear(stage).notices == []


def test_a_race_without_a_budget_always_fits_whole(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes."""
    endless = replace(PLANNED, is_whole=True, budget=None)
    assert len(choose(stage, monkeypatch, endless, slow=("/same-work/",))) == len(PLANNED.cells)


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


def test_a_race_takes_fewer_slices_rather_than_be_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run says which rules it was measured by."""
    rules = replace(PLANNED.rules, slices=plan.SLICES, window=0.2)
    whole = replace(PLANNED, is_whole=True, rules=rules, cells=PLANNED.cells[:1], budget=42.0)
    assert len(choose(stage, monkeypatch, whole)) == 1
    saved = stage.ledger.directory.load().experiment
    assert saved is not None
    assert saved.rules.slices == plan.FEWEST
    choose(stage, monkeypatch, replace(whole, budget=600.0))
    saved = stage.ledger.directory.load().experiment
    assert saved is not None
    assert saved.rules.slices == plan.SLICES
