from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whereasync.load import punctuality
from whereasync.load import simulate as room
from whereasync.load.samples import DONE, INTENDED, SLICE
from whereasync.load.simulate import Kind, Model, Shape, simulate
from whereasync.load.throughput import latencies, measure_side, measure_slice
from whereasync.model import Job, Request, SliceRules, Task, TaskRecord

if TYPE_CHECKING:
    from whereasync.load.samples import Rows

ARMS = {
    "constant waits": Model(kind=Kind.WAITS, mean=0.02),
    "exponential waits": Model(kind=Kind.WAITS, mean=0.02, shape=Shape.EXPONENTIAL),
    "lognormal waits": Model(kind=Kind.WAITS, mean=0.02, shape=Shape.LOGNORMAL),
    "shared, constant": Model(kind=Kind.SHARES, mean=0.002),
    "shared, exponential": Model(kind=Kind.SHARES, mean=0.002, shape=Shape.EXPONENTIAL),
    "queues, constant": Model(kind=Kind.QUEUES, mean=0.002, workers=4),
    "queues, exponential": Model(kind=Kind.QUEUES, mean=0.002, workers=4, shape=Shape.EXPONENTIAL),
}


def make_job(
    clients: int,
    *,
    latencies: float = 2.0,
    slices: int = 4,
    seed: int = 1,
    rate: float | None = None,
    requests: int = 100,
) -> Job:
    """Make a job of one cell whose windows are so many latencies, or requests, long."""
    request = Request(path="/")
    task = Task(
        cell="cell",
        clients=clients,
        targets=(0, 1),
        requests=(request, request),
        compare=20,
        rate=rate,
    )
    rules = SliceRules(window=1e-6, latencies=latencies, requests=requests, slices=slices, long=1e9)
    return Job(targets=(), tasks=(task,), rules=rules, seed=seed)


def run(job: Job, a: Model, b: Model) -> tuple[TaskRecord, Rows]:
    """Simulate a job's only task."""
    [result] = simulate(job, {"cell": (a, b)})
    return result


def relate(
    model: Model, clients: int, *, latencies: float, slices: int
) -> tuple[
    np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]
]:
    """Return each slice's throughput ÷ the true one: by fractions, and by plain completions."""
    fractions, plain = [], []
    for seed in range(slices // 8):
        record, rows = run(
            make_job(clients, latencies=latencies, slices=8, seed=seed), model, model
        )
        for number, ran in enumerate(record.slices):
            seen = measure_slice(rows, ran, number)
            fractions.append(seen.throughput)
            plain.append(seen.completions / seen.window)
    truth = model.throughput(clients)
    return np.array(fractions) / truth, np.array(plain) / truth


def test_equal_jobs_give_equal_results_and_other_seeds_others() -> None:
    """Deterministic, so that a test of statistics never flickers."""
    arm = ARMS["exponential waits"]
    record, rows = run(make_job(8), arm, arm)
    again, same = run(make_job(8), arm, arm)
    assert record == again
    assert (rows == same).all()
    assert run(make_job(8, seed=2), arm, arm)[0] != record


def test_a_simulated_task_has_the_shape_of_a_real_one() -> None:
    """Warm-up, slices of both sides in turns, windows that are full from start to end."""
    record, rows = run(make_job(8), ARMS["constant waits"], ARMS["shared, constant"])
    assert (record.cell, record.clients, record.compared, record.fault) == ("cell", 8, 20, None)
    assert sum(ran.side for ran in record.slices) == 2
    assert set(np.unique(rows[:, SLICE])) == {-1, 0, 1, 2, 3}
    for side in (0, 1):
        assert measure_side(rows, record, side).in_flight == pytest.approx(8)
    end = 0
    for ran in record.slices:
        assert end <= ran.start_ns < ran.window_start_ns < ran.window_end_ns <= ran.end_ns
        end = ran.end_ns


@pytest.mark.parametrize("name", ARMS)
def test_fractions_in_two_latencies_are_unbiased_at_64_clients(name: str) -> None:
    """Whatever the latency's law: within 2.7 %, three standard errors of the most irregular arm."""
    fractions, _ = relate(ARMS[name], 64, latencies=2, slices=80)
    assert fractions.mean() == pytest.approx(1.0, abs=0.027)
    if "constant" in name:
        assert fractions == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "clients", "slices", "tolerance"),
    [
        ("exponential waits", 1, 4000, 0.045),
        ("lognormal waits", 1, 3000, 0.025),
        ("exponential waits", 8, 1600, 0.025),
        ("shared, exponential", 8, 1600, 0.025),
    ],
)
def test_fractions_are_unbiased_for_a_few_clients_too(
    name: str, clients: int, slices: int, tolerance: float
) -> None:
    """Thanks to the rest of the ramp, see pacing.ramp_rest; within some three standard errors."""
    fractions, _ = relate(ARMS[name], clients, latencies=2, slices=slices)
    assert fractions.mean() == pytest.approx(1.0, abs=tolerance)


def test_without_the_rest_of_the_ramp_one_client_would_be_flattered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A window that opens on a fresh request sees too few long ones: CV² ÷ 2 requests too many."""
    monkeypatch.setattr("whereasync.load.pacing.RAMP_REST", 0.0)
    fractions, _ = relate(ARMS["exponential waits"], 1, latencies=2, slices=2400)
    assert fractions.mean() > 1.15


def test_counting_the_drain_favours_the_regular_arm_by_half() -> None:
    """METHOD.md's figures: 45 % at a slice of twice the latency, 75 % at ten times."""
    for length, expected in ((2, 0.45), (10, 0.75)):
        scores = []
        for arm in (ARMS["exponential waits"], ARMS["constant waits"]):
            rates = []
            for seed in range(40):
                turns = room._Turns(64, (arm, arm), room.Random(seed))
                turns.start(0, 0)
                turns.spend(length * arm.mean * 1.0001)
                end = turns.drain()
                rates.append(len(turns) / (end * 1e-9))
            scores.append(np.mean(rates))
        assert scores[0] / scores[1] == pytest.approx(expected, abs=0.02)


def test_the_same_pair_of_arms_is_equal_by_fractions() -> None:
    """Constant against exponential waits of one mean, 64 clients, two latencies: a ratio of 1."""
    counted = [
        relate(ARMS[name], 64, latencies=2, slices=160)[0].mean()
        for name in ("exponential waits", "constant waits")
    ]
    assert counted[0] / counted[1] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("name", ["constant waits", "shared, constant", "queues, constant"])
def test_two_latencies_by_fractions_beat_twenty_counted_where_work_is_constant(name: str) -> None:
    """The granularity of whole requests is gone, and nothing else varies."""
    short, _ = relate(ARMS[name], 64, latencies=2, slices=40)
    _, long = relate(ARMS[name], 64, latencies=20, slices=24)
    assert short.std() < 1e-6 < long.std()


@pytest.mark.parametrize("name", ["exponential waits", "lognormal waits", "queues, exponential"])
def test_fractions_vary_less_than_counting_but_random_work_stays_random(name: str) -> None:
    """Fractions can't replace requests: a window ten times as long still varies far less."""
    short, counted = relate(ARMS[name], 64, latencies=2, slices=120)
    long, _ = relate(ARMS[name], 64, latencies=20, slices=32)
    assert short.std() < counted.std()
    assert 2 < short.std() / long.std() < 4.5


@pytest.mark.parametrize("name", ARMS)
def test_mean_latency_and_true_throughput_obey_littles_law(name: str) -> None:
    """The models are closed loops: clients are throughput times latency."""
    record, rows = run(make_job(16, latencies=60), ARMS[name], ARMS[name])
    latency = latencies(rows, record, 0).mean()
    assert latency * ARMS[name].throughput(16) == pytest.approx(16, rel=0.06)


def test_noise_makes_a_block_slower() -> None:
    """A factor on the mean: how two blocks of one arm differ."""
    lucky = Model(kind=Kind.WAITS, mean=0.02)
    slow = Model(kind=Kind.WAITS, mean=0.02, noise=1.25)
    record, rows = run(make_job(8), lucky, slow)
    ratio = measure_side(rows, record, 1).throughput / measure_side(rows, record, 0).throughput
    assert ratio == pytest.approx(1 / 1.25)


def test_cpu_is_that_of_the_work_and_waiting_costs_none() -> None:
    """A shared processor spends its mean on each request."""
    record, rows = run(make_job(8), ARMS["constant waits"], ARMS["shared, constant"])
    assert measure_side(rows, record, 0).server_cpu == 0
    assert measure_side(rows, record, 1).server_cpu_per_request == pytest.approx(0.002)


def test_shared_and_queueing_arms_serve_no_faster_than_their_processors() -> None:
    """With fewer clients than workers, the clients are the limit."""
    queue = ARMS["queues, constant"]
    assert queue.throughput(2) == pytest.approx(1000)
    assert queue.throughput(64) == pytest.approx(2000)
    record, rows = run(make_job(2), queue, ARMS["shared, constant"])
    assert measure_side(rows, record, 0).throughput == pytest.approx(1000)
    assert measure_side(rows, record, 1).throughput == pytest.approx(500)


def test_users_of_a_shared_processor_take_as_long_as_there_are_users() -> None:
    """Two equal requests at once take twice the time of one."""
    record, rows = run(make_job(2), ARMS["shared, constant"], ARMS["shared, constant"])
    first = rows[rows[:, SLICE] == 0]
    assert (first[:, DONE] - first[:, INTENDED]) * 1e-9 == pytest.approx(0.004)
    assert record.settled


def test_long_slices_are_done_once_a_side() -> None:
    """The rule of the real client holds here too."""
    job = make_job(2)
    rules = SliceRules(window=1e-6, latencies=2, slices=4, long=0.01)
    record, _ = run(
        Job(targets=(), tasks=job.tasks, rules=rules, seed=1),
        ARMS["constant waits"],
        ARMS["constant waits"],
    )
    assert len(record.slices) == 2


# ---------------------------------------------------------------- the open loop


def test_an_open_loop_has_the_shape_of_a_real_one() -> None:
    """Exact intervals, equal results for equal jobs, and nothing lost where the rate is kept."""
    job = make_job(16, rate=300.0, requests=50)
    arms = ARMS["exponential waits"], ARMS["queues, constant"]
    record, rows = run(job, *arms)
    again, same = run(job, *arms)
    assert record == again
    assert (rows == same).all()
    assert (record.rate, record.clients, len(record.slices)) == (300.0, 16, 4)
    for number, ran in enumerate(record.slices):
        assert ran.start_ns < ran.window_start_ns < ran.window_end_ns <= ran.end_ns
        intended = np.sort(rows[rows[:, SLICE] == number, INTENDED]) - ran.start_ns
        assert intended.tolist() == [k * 10**9 // 300 for k in range(len(intended))]
    for side in (0, 1):
        punctual = punctuality.measure(rows, record, side)
        assert punctual.answered == punctual.intended >= 90
        assert (punctual.lost, punctual.lag_p99) == (0.0, 0.0)
        assert punctual.sustained == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("load", "sigma"),
    [(0.5, 0.20319), (0.7, 0.46700)],  # of sigma = exp(-(1 - sigma) / load), see below
)
@pytest.mark.parametrize("clients", [64, 2])
def test_latency_from_the_intended_time_obeys_queueing_theory(
    load: float, sigma: float, clients: int
) -> None:
    """D/M/1: the time in the system is exponential with rate mu (1 - sigma) (Kleinrock 6.4).

    Two connections make no difference: what waits for one of them waits all the same.
    """
    assert math.exp(-(1 - sigma) / load) == pytest.approx(sigma, abs=1e-4)
    server = Model(kind=Kind.QUEUES, mean=0.002, shape=Shape.EXPONENTIAL)
    job = make_job(clients, rate=load / 0.002, requests=40_000, slices=2)
    record, rows = run(job, server, server)
    mean = 0.002 / (1 - sigma)
    for side in (0, 1):
        seen = latencies(rows, record, side)
        assert seen.mean() == pytest.approx(mean, rel=0.06)
        assert np.quantile(seen, 0.5) == pytest.approx(mean * math.log(2), rel=0.06)
        assert np.quantile(seen, 0.99) == pytest.approx(mean * math.log(100), rel=0.12)
    blocked = punctuality.measure(rows, record, 0).blocked
    assert blocked < 0.001 if clients == 64 else blocked > 0.03


def test_a_stall_that_the_closed_loop_omits_is_seen() -> None:
    """A server that sleeps 1 s in 10: a tenth of the requests wait, so p99 is 0.9 s.

    A closed loop asks nothing meanwhile: it has one slow request in thousands, and p99 is 1 ms.
    """
    server = Model(kind=Kind.QUEUES, mean=0.001, stall=1.0, every=10.0)
    record, rows = run(make_job(64, rate=100.0, requests=10_000, slices=2), server, server)
    seen = latencies(rows, record, 0)
    assert np.quantile(seen, 0.99) == pytest.approx(0.9, abs=0.03)
    assert (seen > 0.5).mean() == pytest.approx(0.05, abs=0.015)
    assert np.quantile(seen, 0.5) == pytest.approx(0.001)
    record, rows = run(make_job(1, latencies=50_000, slices=2), server, server)
    hidden = latencies(rows, record, 0)
    assert hidden.max() > 0.9
    assert np.quantile(hidden, 0.99) == pytest.approx(0.001)


@pytest.mark.parametrize("clients", [4, 10_000])
def test_a_rate_beyond_the_server_is_seen_as_such(clients: int) -> None:
    """Twice its capacity: half of it is done, however many connections there are."""
    server = Model(kind=Kind.QUEUES, mean=0.002)
    record, rows = run(make_job(clients, rate=1000.0, requests=1000), server, server)
    punctual = punctuality.measure(rows, record, 0)
    assert punctual.sustained == pytest.approx(0.5, abs=0.01)
    assert punctual.blocked == (1.0 if clients == 4 else 0.0)
    assert measure_side(rows, record, 0).throughput == pytest.approx(500, rel=0.01)


def test_a_hopeless_backlog_is_given_up() -> None:
    """At fifty times the capacity, the tail would last fifty windows."""
    server = Model(kind=Kind.QUEUES, mean=0.05)
    record, rows = run(make_job(4, rate=1000.0, requests=1000), server, server)
    assert punctuality.measure(rows, record, 0).lost > 0.9
    for ran in record.slices:
        window = ran.window_end_ns - ran.window_start_ns
        assert ran.end_ns - ran.window_end_ns < 1.2 * window + 4 * 0.05e9
