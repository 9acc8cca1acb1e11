"""From simulated runs of known truth, through real files, to verdicts."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests import synthetic

from whereasync import results, serial
from whereasync.load.samples import DONE, FIRST_BYTE, INTENDED, SENT, SIDE, SLICE, STATUS
from whereasync.model import Caveat, Fault, Status, Void
from whereasync.results import CellResult, Results
from whereasync.stats import ALPHA, Verdict
from whereasync.store import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from whereasync.model import Run

GAINS: synthetic.Gains = {
    "same-get-8": 1.5,
    "same-post-8": 0.5,
    "same-api-8": 1.0,
    "fan-5-8": synthetic.DOUBTFUL,
}
FAULT = Fault(kind="status", detail="503 instead of 200", hint="look at the log")
SPOILED = "same-get-8"
OTHERS = [name for name in GAINS if name != SPOILED]


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDirectory, Run]:
    """Race four cells once for all tests, which change copies."""
    path = tmp_path_factory.mktemp("raced") / "run"
    return synthetic.race(path, synthetic.experiment(), GAINS)


@pytest.fixture
def copied(raced: tuple[RunDirectory, Run], tmp_path: Path) -> RunDirectory:
    """Give a copy of the run whose files may be damaged."""
    shutil.copytree(raced[0].path, tmp_path / "copy")
    return RunDirectory(path=tmp_path / "copy")


def find(found: Results, name: str) -> CellResult:
    """Return one cell's result."""
    [result] = [each for each in found.cells if each.cell.name == name]
    return result


def file_of(directory: RunDirectory, block: int) -> Path:
    """Return the samples' file of the cell that is spoiled."""
    return directory.path / "samples" / f"{SPOILED}-{block}.npy"


def assert_only_void(found: Results, kind: str, detail: str) -> None:
    """Assert that the spoiled cell is void for this reason and shows no figure, and no other is."""
    result = find(found, SPOILED)
    comparison = result.comparison
    assert comparison.verdict is Verdict.VOID
    assert (result.a, result.b) == (None, None)
    assert (comparison.ratio, comparison.low, comparison.high) == (None, None, None)
    assert comparison.reason is not None
    assert comparison.reason.kind == kind
    assert detail in comparison.reason.detail
    assert not [each for each in OTHERS if find(found, each).comparison.verdict is Verdict.VOID]


# ---------------------------------------------------------------- what is true is found


def test_the_faster_side_is_found_and_by_how_much(raced: tuple[RunDirectory, Run]) -> None:
    """B is 1.5 times as fast in the one cell, and half as fast in the other."""
    found = synthetic.read(raced[0])
    for name, winner in (("same-get-8", "b"), ("same-post-8", "a")):
        comparison = find(found, name).comparison
        truth = GAINS[name]
        assert isinstance(truth, float)
        assert (comparison.verdict, comparison.winner) == (Verdict.FASTER, winner)
        assert comparison.low is not None
        assert comparison.high is not None
        assert comparison.low < truth < comparison.high
        assert comparison.ratio == pytest.approx(truth, rel=0.005)
        assert comparison.blocks == 6


def test_equal_sides_are_the_same_and_doubt_stays_doubt(raced: tuple[RunDirectory, Run]) -> None:
    """A hundredth of noise leaves them equal; blocks that contradict each other say nothing."""
    found = synthetic.read(raced[0])
    assert find(found, "same-api-8").comparison.verdict is Verdict.SAME
    doubtful = find(found, "fan-5-8").comparison
    assert (doubtful.verdict, doubtful.winner) == (Verdict.INCONCLUSIVE, None)
    assert doubtful.reason is not None
    assert doubtful.reason.hint


def test_each_sides_figures_are_those_of_its_model(raced: tuple[RunDirectory, Run]) -> None:
    """One processor shared by eight: 1 ÷ work requests/s, and eight times the work of latency."""
    result = find(synthetic.read(raced[0]), "same-get-8")
    a, b = result.a, result.b
    assert a is not None
    assert b is not None
    assert (a.label, a.arm) == ("sync", "gunicorn,worker=gthread,threads=16")
    assert (b.label, b.arm) == ("async", "hypercorn")
    assert a.throughput == pytest.approx(1 / synthetic.WORK)
    assert b.throughput == pytest.approx(1.5 / synthetic.WORK, rel=0.005)
    assert a.p50 == pytest.approx(8 * synthetic.WORK)
    assert a.p99 == pytest.approx(8 * synthetic.WORK)
    assert a.server_cpu == pytest.approx(1000 * synthetic.WORK)
    assert a.database_cpu == pytest.approx(1000 * synthetic.WORK * synthetic.DATABASE)
    assert result.caveats == ()
    assert result.compared == 20


def test_a_cell_that_was_not_measured_has_no_result(raced: tuple[RunDirectory, Run]) -> None:
    """The others come in the experiment's order."""
    found = [each.cell.name for each in synthetic.read(raced[0]).cells]
    planned = [cell.name for cell in synthetic.experiment().cells if cell.name in GAINS]
    assert found == planned


def test_a_run_without_an_experiment_shows_nothing(raced: tuple[RunDirectory, Run]) -> None:
    """It ended before it was planned; that is no error."""
    directory, run = raced
    found = results.derive(replace(run, experiment=None, blocks=()), directory.samples)
    assert (found.cells, found.article, found.blocks) == ((), (), 0)
    assert (found.costs, found.crossovers) == ({}, {})


def test_what_an_arm_took_is_that_of_all_blocks(raced: tuple[RunDirectory, Run]) -> None:
    """The peak of peaks a role, also where a block has none."""
    directory, run = raced
    blocks = (*run.blocks[:-1], replace(run.blocks[-1], costs={}))
    found = results.derive(replace(run, blocks=blocks), directory.samples)
    assert {role: cost.peak_rss for role, cost in found.costs.items()} == {
        "asgi": 60_000_000,
        "wsgi": 90_000_004,
    }
    assert found.costs["wsgi"].requests == 5_000
    assert found.blocks == 6


# ---------------------------------------------------------------- what qualifies


def test_a_cell_that_never_settled_keeps_its_figures(raced: tuple[RunDirectory, Run]) -> None:
    """That is a caveat: one restless block of six says so, and no verdict is taken away."""
    directory, run = raced
    spoiled = synthetic.spoil(run, SPOILED, 4, settled=False)
    found = results.derive(spoiled, directory.samples)
    [restless] = find(found, SPOILED).caveats
    assert restless.kind == Caveat.NEVER_SETTLED
    assert find(found, SPOILED).comparison.verdict is Verdict.FASTER
    assert all(find(found, each).caveats == () for each in OTHERS)


def test_a_database_out_of_sight_has_no_cpu(raced: tuple[RunDirectory, Run]) -> None:
    """None, which is shown as such, and not 0."""
    directory, run = raced
    for task in run.blocks[2].tasks:
        if task.cell == SPOILED:
            blind = tuple(replace(ran, database_cpu=None) for ran in task.slices)
            run = synthetic.spoil(run, SPOILED, 2, slices=blind)
    side = find(results.derive(run, directory.samples), SPOILED).a
    assert side is not None
    assert side.database_cpu is None
    assert side.server_cpu > 0


@pytest.mark.parametrize("blocks", [1, 3, 5])
def test_a_run_cut_short_is_inconclusive(raced: tuple[RunDirectory, Run], blocks: int) -> None:
    """Fewer blocks than a verdict needs; one block has a ratio and no interval."""
    directory, run = raced
    found = results.derive(replace(run, blocks=run.blocks[:blocks]), directory.samples)
    for each in found.cells:
        assert each.comparison.verdict is Verdict.INCONCLUSIVE
        assert each.comparison.blocks == blocks
        assert (each.comparison.low is None) == (blocks == 1)
        assert each.a is not None


def test_a_cell_that_was_decided_early_keeps_its_blocks(raced: tuple[RunDirectory, Run]) -> None:
    """Twelve blocks, of which a cell that was decided at the first look has six."""
    directory, run = raced
    more = tuple(
        replace(
            block,
            number=block.number + 6,
            tasks=tuple(task for task in block.tasks if task.cell == "fan-5-8"),
        )
        for block in run.blocks
    )
    found = results.derive(
        replace(run, blocks=(*run.blocks, *more)),
        lambda cell, block: directory.samples(cell, block % 6),
    )
    assert find(found, SPOILED).comparison.blocks == 6
    assert find(found, "fan-5-8").comparison.blocks == 12


def test_requests_of_which_none_was_due_in_a_window_leave_no_quantile(
    raced: tuple[RunDirectory, Run],
) -> None:
    """All began before the window: a throughput, no latency, and no NaN for the JSON."""
    directory, run = raced
    slices = {
        (task.cell, block.number): task.slices for block in run.blocks for task in block.tasks
    }

    def stretch(cell: str, block: int) -> npt.NDArray[np.int64]:
        rows, kept = directory.samples(cell, block), []
        for number, ran in enumerate(slices[cell, block]):
            mine = rows[rows[:, SLICE] == number][:8]
            mine[:, INTENDED], mine[:, DONE] = ran.start_ns, ran.window_end_ns
            kept.append(mine)
        return np.concatenate(kept)

    found = results.derive(run, stretch)
    side = find(found, SPOILED).a
    assert side is not None
    assert (side.p50, side.p99) == (None, None)
    assert side.throughput > 0
    assert serial.encode(found)


def test_a_cell_keeps_what_its_comparison_rests_on(raced: tuple[RunDirectory, Run]) -> None:
    """A log ratio a block, by the block's number: curves are made of them."""
    result = find(synthetic.read(raced[0]), SPOILED)
    assert result.log_ratios is not None
    assert list(result.log_ratios) == list(range(6))
    assert math.exp(np.mean(list(result.log_ratios.values()))) == pytest.approx(
        result.comparison.ratio
    )


def test_a_run_that_was_cut_short_did_not_end_its_budget(tmp_path: Path) -> None:
    """Ctrl-C did: a larger budget would be no help."""
    planned = synthetic.two_arms((8,))
    directory, run = synthetic.race(tmp_path / "run", planned, {"race-8": synthetic.DOUBTFUL})
    [ended] = results.derive(run, directory.samples).cells
    assert [each.kind for each in ended.caveats] == [Caveat.BUDGET_ENDED]
    interrupted = replace(run, status=Status.INTERRUPTED)
    [cut] = results.derive(interrupted, directory.samples).cells
    assert cut.caveats == ()


def test_a_curve_says_where_it_crosses(tmp_path: Path) -> None:
    """Of two families only the one that crosses; a void cell is no part of a curve."""
    gains = {"race-1": 0.5, "race-4": 0.7, "race-16": 1.4, "race-64": 2.0}
    planned = synthetic.two_arms((1, 4, 16, 64))
    directory, run = synthetic.race(tmp_path / "run", planned, gains)
    [crossing] = results.derive(run, directory.samples).crossovers["race"]
    assert (crossing.winner_below, crossing.winner_above) == ("a", "b")
    assert 4 < crossing.clients < 16
    void = synthetic.spoil(run, "race-16", 0, fault=FAULT)
    [wider] = results.derive(void, directory.samples).crossovers["race"]
    assert wider.clients > 4
    assert wider.clients != crossing.clients
    one_way = synthetic.spoil(void, "race-64", 0, fault=FAULT)
    assert results.derive(one_way, directory.samples).crossovers == {}


# ---------------------------------------------------------------- the open loop


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDirectory, Run]:
    """Race one cell at 100 requests/s, which both sides sustain; B takes two thirds of A's time."""
    path = tmp_path_factory.mktemp("offered") / "run"
    return synthetic.race(path, synthetic.two_arms((8,), rate=100.0), {"race-8": 1.5})


def test_the_open_loop_compares_latencies(offered: tuple[RunDirectory, Run]) -> None:
    """At p50 and at p99, A ÷ B; what they rest on is that at p50."""
    [result] = synthetic.read(offered[0]).cells
    assert result.tail is not None
    for comparison in (result.comparison, result.tail):
        assert (comparison.verdict, comparison.winner) == (Verdict.FASTER, "b")
        assert comparison.ratio == pytest.approx(1.5, rel=0.01)
    assert result.comparisons == (result.comparison, result.tail)
    assert result.log_ratios is not None
    assert math.exp(result.log_ratios[0]) == pytest.approx(1.5, rel=0.01)


def test_the_open_loops_figures_are_those_of_its_model(offered: tuple[RunDirectory, Run]) -> None:
    """Each request is alone, throughput is the rate, and a simulated client is never late."""
    [result] = synthetic.read(offered[0]).cells
    assert result.a is not None
    assert result.b is not None
    assert result.a.throughput == pytest.approx(100.0, rel=0.05)
    assert result.a.p50 == pytest.approx(synthetic.WORK, rel=0.01)
    assert result.b.p50 == pytest.approx(synthetic.WORK / 1.5, rel=0.01)
    assert (result.a.send_lag, result.b.send_lag) == (0.0, 0.0)


def test_the_closed_loop_has_neither_tail_nor_lag(raced: tuple[RunDirectory, Run]) -> None:
    """It compares throughput, and intends a request when it sends it."""
    result = find(synthetic.read(raced[0]), SPOILED)
    assert result.tail is None
    assert result.comparisons == (result.comparison,)
    assert result.a is not None
    assert result.a.send_lag is None


def test_a_rate_beyond_the_server_voids(tmp_path: Path) -> None:
    """500 requests/s are all it can do; the latency at 600 would be that of the slice's length."""
    planned = synthetic.two_arms((64,), rate=600.0)
    directory, _ = synthetic.race(tmp_path / "run", planned, {"race-64": 1.5})
    [result] = synthetic.read(directory).cells
    assert result.comparison.verdict is Verdict.VOID
    assert result.comparison.reason is not None
    assert result.comparison.reason.kind == Void.NOT_SUSTAINED
    assert (result.a, result.tail) == (None, None)


def test_a_client_that_overslept_voids(offered: tuple[RunDirectory, Run]) -> None:
    """2 ms late at every fiftieth request is no latency of the server's."""
    directory, run = offered

    def oversleep(cell: str, block: int) -> npt.NDArray[np.int64]:
        rows = directory.samples(cell, block).copy()
        rows[::50, [SENT, FIRST_BYTE, DONE]] += 2_000_000
        return rows

    [result] = results.derive(run, oversleep).cells
    assert result.comparison.reason is not None
    assert result.comparison.reason.kind == Void.SEND_LAG


# ---------------------------------------------------------------- what voids


def test_a_fault_of_one_task_voids_its_cell(raced: tuple[RunDirectory, Run]) -> None:
    """One block of six is enough, and no other cell is touched."""
    directory, run = raced
    spoiled = synthetic.spoil(run, SPOILED, 3, fault=FAULT, slices=())
    assert_only_void(results.derive(spoiled, directory.samples), "status", "503")


def test_a_failed_block_voids_what_it_was_to_measure(raced: tuple[RunDirectory, Run]) -> None:
    """A server died: the cells still open are void, the one decided earlier stands."""
    directory, run = raced
    decided = run.blocks[0].tasks[0].cell
    still_open = [cell for cell in synthetic.experiment().cells if cell.name != decided]
    died = synthetic.dead_block(6, still_open, FAULT)
    found = results.derive(replace(run, blocks=(*run.blocks, died)), directory.samples)
    assert len(found.cells) == 1 + len(still_open)
    for each in found.cells:
        if each.cell.name == decided:
            assert each.comparison.verdict not in {Verdict.VOID, Verdict.INCONCLUSIVE}
        else:
            assert each.comparison.reason == FAULT


def test_missing_samples_void_their_cell(copied: RunDirectory) -> None:
    """The file is gone; the rest of the run is shown."""
    file_of(copied, 2).unlink()
    assert_only_void(synthetic.read(copied), "samples", "is missing")


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "is damaged"),
        (b"\x93NUMPY\x01\x00v\x00", "is damaged"),
        (b"no numpy at all", "is damaged"),
    ],
)
def test_damaged_samples_void_their_cell(copied: RunDirectory, content: bytes, detail: str) -> None:
    """Empty, cut off, or something else."""
    file_of(copied, 2).write_bytes(content)
    assert_only_void(synthetic.read(copied), "samples", detail)


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 9)), np.zeros(9, dtype=np.int64), np.zeros((4, 2), dtype=np.int64)],
    ids=["floats", "one row", "too few columns"],
)
def test_samples_of_another_shape_void_their_cell(copied: RunDirectory, array: Any) -> None:
    """They are whole files, of something else."""
    np.save(file_of(copied, 2), array)
    assert_only_void(synthetic.read(copied), "samples", "")


def test_a_task_without_slices_of_a_side_voids_its_cell(raced: tuple[RunDirectory, Run]) -> None:
    """A side that never worked has no throughput, least of all 0."""
    directory, run = raced
    [task] = [task for task in run.blocks[1].tasks if task.cell == SPOILED]
    alone = tuple(ran for ran in task.slices if ran.side == 0)
    spoiled = synthetic.spoil(run, SPOILED, 1, slices=alone)
    assert_only_void(results.derive(spoiled, directory.samples), "samples", "has no slice")


def rewrite(
    directory: RunDirectory, change: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]
) -> Results:
    """Change a block's samples on the disk and derive the results."""
    rows = np.load(file_of(directory, 2))
    np.save(file_of(directory, 2), change(rows))
    return synthetic.read(directory)


def test_a_side_of_which_nothing_was_answered_voids_its_cell(copied: RunDirectory) -> None:
    """Status 0 means that no answer came."""

    def silence(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        rows[rows[:, SIDE] == 1, STATUS] = 0
        return rows

    assert_only_void(rewrite(copied, silence), "nothing completed", "no request was done")


def test_too_few_requests_in_flight_void_their_cell(copied: RunDirectory) -> None:
    """Every eighth record was lost: seven in flight where there were eight clients."""

    def lose(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return rows[np.arange(len(rows)) % 8 > 0]

    assert_only_void(rewrite(copied, lose), "Little's law", "7.00 requests were in flight, not 8")


@pytest.mark.parametrize(("share", "is_void"), [(0.79, False), (0.81, True)])
def test_a_saturated_client_voids_its_cell(
    raced: tuple[RunDirectory, Run], share: float, is_void: bool
) -> None:
    """Above four fifths of its core, the client may have been what was measured."""
    directory, run = raced
    [task] = [task for task in run.blocks[0].tasks if task.cell == SPOILED]
    busy = tuple(
        replace(ran, client_cpu=share * (ran.end_ns - ran.start_ns) * 1e-9) for ran in task.slices
    )
    found = results.derive(synthetic.spoil(run, SPOILED, 0, slices=busy), directory.samples)
    if is_void:
        assert_only_void(found, "client saturated", "the load client used 81% of its core")
    else:
        assert find(found, SPOILED).comparison.verdict is Verdict.FASTER


def test_a_void_cell_takes_no_part_in_the_test_of_many(raced: tuple[RunDirectory, Run]) -> None:
    """Its neighbours are judged as if it weren't there: R of m counts the rest."""
    directory, run = raced
    spoiled = synthetic.spoil(run, SPOILED, 3, fault=FAULT)
    comparison = find(results.derive(spoiled, directory.samples), "same-post-8").comparison
    assert math.isclose(comparison.level, 1 - ALPHA / 3)


# ---------------------------------------------------------------- as JSON


def test_results_are_read_back_from_json(raced: tuple[RunDirectory, Run]) -> None:
    """What ``--json`` prints is a noun like any other: decoded, it is equal."""
    directory, run = raced
    spoiled = synthetic.spoil(run, SPOILED, 3, fault=FAULT)
    for each in (run, spoiled, replace(run, experiment=None)):
        found = results.derive(each, directory.samples)
        assert serial.decode(serial.encode(found), Results) == found


def test_json_leaves_the_raw_records_to_the_directory(raced: tuple[RunDirectory, Run]) -> None:
    """They are long, and they lie in run.json."""
    found = synthetic.read(raced[0])
    assert (found.run.blocks, found.run.singles) == ((), ())
