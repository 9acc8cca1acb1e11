"""Whether blocks fit into a budget, from what starts and blocks took: by a clock that is set."""

from __future__ import annotations

import importlib
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests import synthetic

from whereasync import plan
from whereasync.bench import timekeeping
from whereasync.bench.ledger import Ledger
from whereasync.bench.stage import Stage
from whereasync.bench.timekeeping import MARGIN, OVERTIME, Starts, has_time, require_room
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Block, Fault, Void

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from whereasync.bench.stage import Observer, Project
    from whereasync.model import Arm, Experiment
    from whereasync.processes import Supervisor

race = importlib.import_module("whereasync.bench.race")  # the package has a function of that name
RACE = synthetic.two_arms(looks=(6, 12))  # of 120 s, to be measured whole
ROLES = tuple(RACE.candidates)


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time in s."""
        return self.now


class Nobody:
    """Watches, and says nothing."""

    def stage(self, what: str) -> None:
        """Hear it."""

    def expect(self, seconds: float) -> None:
        """Hear it."""

    def notice(self, what: str) -> None:
        """Hear it."""


class Copies:
    """A project of which each copy takes 2 s."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock to be moved."""
        self.clock = clock

    def copy(self, _role: str, _name: str) -> dict[str, str]:
        """Make one."""
        self.clock.now += 2.0
        return {}

    def drop(self, _name: str) -> None:
        """Drop it."""
        self.clock.now += 0.5

    def app_of(self, _role: str) -> None:
        """Serve nothing."""

    def first_path(self, _role: str) -> str:
        """Ask for nothing."""
        return "/"


class SlowStage(Stage):
    """A stage on which every server takes 7 s to start, and 1 s to end."""

    @contextmanager
    def launch(self, *_: object) -> Iterator[Any]:
        """Start one, of which nothing is left but the time that it took."""
        clock = cast("Clock", self.ledger.clock)
        clock.now += 7.0
        yield self
        clock.now += 1.0

    @property
    def child(self) -> Any:
        """The endpoint's, which is this stage too."""
        return self

    def ask_to_stop(self) -> None:
        """Hear that it is to end."""


@pytest.fixture
def clock() -> Clock:
    """Give the time."""
    return Clock()


@pytest.fixture
def stage(tmp_path: Path, clock: Clock) -> Stage:
    """Give a stage whose servers are slow to start, and started."""
    directory, run = synthetic.begin(tmp_path / "run", RACE)
    run = replace(run, arms={role: arms[0] for role, arms in RACE.candidates.items()})
    return SlowStage(
        project=cast("Project", Copies(clock)),
        supervisor=cast("Supervisor", None),
        machine=run.machine,
        ledger=Ledger(run=run, directory=directory, clock=clock),
        observer=cast("Observer", Nobody()),
    )


# ---------------------------------------------------------------- what starting takes


def test_starts_are_those_of_this_project(stage: Stage) -> None:
    """With their copies, and with what ending took, however long the load between lasted."""
    arms: dict[str, Arm] = dict(synthetic.ARMS)
    with stage.launch_all(arms, "block0"):
        cast("Clock", stage.ledger.clock).now += 1000.0
    assert stage.ledger.starts == Starts(roles=dict.fromkeys(arms, 9.0), ending=3.0)
    assert stage.ledger.starts.foretell(arms) == 2 * 9.0 + 3.0 + timekeeping.CLIENT_START


def test_a_start_is_never_thought_quicker_than_any_projects() -> None:
    """Not before the first either; a role that never started is as quick as any."""
    assert Starts().foretell(ROLES) == plan.block_start(len(ROLES))
    quick = Starts(roles=dict.fromkeys(ROLES, 0.1))
    assert quick.foretell(ROLES) == plan.block_start(len(ROLES))
    one = Starts(roles={ROLES[0]: 9.0})
    assert one.foretell(ROLES) == 9.0 + plan.SERVER_START + timekeeping.CLIENT_START


# ---------------------------------------------------------------- before any load


def test_a_race_whose_servers_start_slowly_is_refused_with_what_it_needs() -> None:
    """Six blocks of 20 s don't fit into two minutes; with the figure that is named they do."""
    starts = Starts(roles=dict.fromkeys(ROLES, 9.0), ending=1.5)
    with pytest.raises(BadInputError, match="takes 20 s a block; with 6 blocks") as caught:
        require_room(RACE, 30.0, starts)
    need = re.search(r"that makes (\d+) s at best", caught.value.what)
    named = re.fullmatch(r"--budget (\d+)s, or ask for less", caught.value.hint)
    assert need
    assert named
    assert 30.0 + 7 * 20.0 + MARGIN < float(need[1]) <= float(named[1]) < float(need[1]) + 10
    require_room(replace(RACE, budget=float(named[1])), 30.0, starts)


def test_what_was_prepared_is_of_the_budget() -> None:
    """Migrations of 110 s leave no time; without a budget, or where cells are left out, they do."""
    require_room(RACE, 10.0, Starts())
    with pytest.raises(BadInputError, match="110 s have passed"):
        require_room(RACE, 110.0, Starts())
    require_room(replace(RACE, budget=None), 110.0, Starts())
    require_room(replace(RACE, is_whole=False), 110.0, Starts())


def test_candidates_of_a_sweep_are_started_too() -> None:
    """Each takes a start of its own."""
    arm = RACE.candidates["a"][0]
    tuned = replace(RACE, candidates={**RACE.candidates, "a": (arm,) * 4})
    slow, quick = (plan.least_budget(tuned, spent=0.0, start=start) for start in (20.0, 2.0))
    blocks = (plan.least_budget(RACE, spent=0.0, start=start) for start in (20.0, 2.0))
    assert slow - quick == pytest.approx(next(blocks) - next(blocks) + 4 * (10.0 - 1.0))


# ---------------------------------------------------------------- preparing


def make_in(clock: Clock, needed: float) -> Any:
    """Return what makes data in so many seconds, or fails after those that it is given."""

    def make(patience: float | None) -> None:
        if patience is not None and patience < needed:
            clock.now += patience
            raise WhereAsyncError(f"migrate did not finish within {patience:.0f} s")
        clock.now += needed

    return make


def test_preparing_ends_with_the_budget(clock: Clock) -> None:
    """What is left of it is given to it, and a way on is named."""
    began = clock.now
    clock.now += 10.0
    with pytest.raises(BadInputError, match="60s is over before the project's data") as caught:
        timekeeping.prepare(make_in(clock, 300.0), 60.0, lambda: clock.now - began)
    assert clock.now - began == 60.0
    assert "did not finish within 50 s" in caught.value.what
    assert caught.value.hint == "give more time: --budget 5m"
    timekeeping.prepare(make_in(clock, 300.0), None, lambda: clock.now - began)
    assert clock.now - began == 360.0


def test_what_fails_in_time_is_no_matter_of_the_budget(clock: Clock) -> None:
    """A migration that is broken stays one."""

    def fail(_patience: float | None) -> None:
        raise WhereAsyncError("relation “bread” does not exist")

    for budget in (None, 60.0):
        with pytest.raises(WhereAsyncError, match="relation “bread”"):
            timekeeping.prepare(fail, budget, lambda: 0.0)
    assert clock.now == Clock().now


# ---------------------------------------------------------------- block after block


def walk(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, experiment: Experiment, *took: float
) -> int:
    """Run blocks that take so long, the last again and again; return how many were begun."""
    durations = iter(took)
    clock = cast("Clock", stage.ledger.clock)

    def run_block(_stage: Stage, step: plan.RunBlock, *_: object) -> Block:
        clock.now += next(durations, took[-1])
        return Block(number=step.number, tasks=())

    monkeypatch.setattr(race, "_run_block", run_block)
    monkeypatch.setattr(Ledger, "compare", lambda _: ())
    steps: Sequence[plan.Step] = plan.expand(experiment)
    blocks = [step for step in steps if isinstance(step, plan.RunBlock)]
    race._run_blocks(stage, experiment, blocks)
    return len(stage.ledger.run.blocks)


@pytest.mark.parametrize(
    ("took", "blocks"),
    [
        ((14.0,), 8),  # 8 × 14 + 3 ≤ 120 < 9 × 14 + 3
        ((14.0, 18.0, 14.0), 7),  # the next may be as long as the longest
        ((20.0,), 6),  # a little over, rather than five that say nothing
        ((5.0,), 12),  # there is no further look
    ],
)
def test_no_block_is_begun_that_can_not_be_finished_in_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, took: tuple[float, ...], blocks: int
) -> None:
    """With its servers' starts; and the report has its time."""
    assert walk(stage, monkeypatch, RACE, *took) == blocks
    assert RACE.budget is not None
    assert stage.ledger.elapsed <= RACE.budget * (1 + OVERTIME)
    assert stage.ledger.run.faults == ()


def test_a_race_ends_as_soon_as_six_blocks_can_not_be_done(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first block of 30 s, with the time that would do, and not after four."""
    assert walk(stage, monkeypatch, RACE, 30.0) == 1
    [fault] = stage.ledger.run.faults
    assert fault == Fault(
        kind="budget",
        detail="--budget 120s is too small: blocks take 30 s here, and 6, the least that bear a "
        "verdict, would have ended after 183 s",
        hint="--budget 190s, or ask for less",
    )
    assert fault.kind not in set(Void)


def test_what_takes_the_cells_that_fit_keeps_its_six_blocks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo has figures to show, however slow the machine; and no budget ends nothing."""
    assert walk(stage, monkeypatch, replace(RACE, is_whole=False), 30.0) == 6
    assert has_time(replace(RACE, budget=None), 1e6, [30.0] * 8)
