"""Runs that never happened: known truths, simulated without a socket, in real run directories.

``race`` writes what a race of modelled arms would have left; everything after the store is real.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from whereasync import store
from whereasync.demo.experiment import Choices, build
from whereasync.demo.stacks import Choices as StackChoices
from whereasync.demo.stacks import build as compare_stacks
from whereasync.load import samples
from whereasync.load.simulate import Kind, Model, simulate
from whereasync.model import (
    Arm,
    Block,
    Cost,
    DatabaseFacts,
    Experiment,
    Interface,
    Job,
    Machine,
    Request,
    Run,
    Single,
    SliceRules,
    Status,
    SweepPoint,
    Task,
    TaskRecord,
    Upstream,
)
from whereasync.plan import build_race
from whereasync.results import Results, derive
from whereasync.stacks import NAMED
from whereasync.stats import LOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from whereasync.model import Cell, Fault

Gains: TypeAlias = "Mapping[str, float | Sequence[float]]"  # cell → throughput B ÷ A

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WORK = 0.002  # s of CPU of a request to side a, so 2.0 s per 1,000
DATABASE = 0.25  # the database's CPU for each second of the server's
NOISE = (1.0, 1.01, 0.99, 1.005, 0.995, 1.0)  # by block, on side b
DOUBTFUL = (1.3, 0.8, 1.25, 0.85, 1.2, 0.9)  # gains that leave anything possible
ARMS = {
    "wsgi": Arm(
        server="gunicorn",
        interface=Interface.WSGI,
        options={"worker": "gthread", "threads": "16"},
    ),
    "asgi": Arm(server="hypercorn", interface=Interface.ASGI),
}
RULES = SliceRules(window=0.001, slices=2)


def experiment(choices: Choices | None = None) -> Experiment:
    """Return the demo's experiment, with slices as short as can be."""
    return replace(build(choices or Choices(seed=7)), rules=RULES)


def two_arms(
    clients: Sequence[int] = (8,), *, rate: float | None = None, **changes: object
) -> Experiment:
    """Return a race of ``A`` against ``B``, with slices as short as can be."""
    planned = build_race(
        {"a": Request(path="/plain/sync/"), "b": Request(path="/plain/async/")},
        {"a": (ARMS["wsgi"],), "b": (ARMS["asgi"],)},
        clients=clients,
        rate=rate,
        budget=120.0,
        objects=10,
        upstream=Upstream(latency="20ms", rates="small"),
        seed=7,
        looks=LOOKS,
        is_same_work=True,
        worst=None,
    )
    return replace(planned, rules=RULES, **changes)  # type: ignore[arg-type]


STACKS = {  # role → stack, and what is installed there
    "stack1": NAMED["article"],
    "stack2": NAMED["latest"],
    "stack3": NAMED["lts"],
}
INSTALLED = {
    "stack1": {
        "python": "3.9.18",
        "django": "4.1.13",
        "asgiref": "3.8.1",
        "psycopg2-binary": "2.9.10",
        "hypercorn": "0.14.4",
    },
    "stack2": {
        "python": "3.13.0",
        "django": "6.1.3",
        "asgiref": "3.11.0",
        "psycopg": "3.3.1",
        "hypercorn": "0.18.0",
    },
    "stack3": {"python": "3.12.1", "django": "5.2.1", "asgiref": "3.8.1", "hypercorn": "0.18.0"},
}


def several_stacks(number: int = 2, **choices: Any) -> Experiment:
    """Return the experiment on so many stacks, with slices as short as can be."""
    roles = list(STACKS)[:number]
    planned = compare_stacks(
        StackChoices(
            stacks={role: STACKS[role] for role in roles},
            with_aadd=tuple(roles[1:]),
            seed=7,
            **choices,
        )
    )
    return replace(planned, rules=RULES)


def begin(path: Path, planned: Experiment, **changes: object) -> tuple[store.RunDirectory, Run]:
    """Make a run's directory, and the run of everything but measurements."""
    run = Run(
        command="demo",
        tool="0.1.0",
        started=NOW.isoformat(),
        seed=planned.seed,
        status=Status.DONE,
        options={"length": "default"},
        machine=Machine(
            system="Linux 6.1", cpu="Imaginary 9000", cores=2, memory=8 << 30, python="CPython 3.13"
        ),
        elapsed=154.0,
        versions={"django": "6.1.3", "hypercorn": "0.18.0", "gunicorn": "24.0"},
        database=DatabaseFacts(vendor="PostgreSQL", version="18.1", where="embedded"),
        experiment=planned,
        arms=ARMS,
    )
    return store.create("demo", path, NOW), replace(run, **changes)  # type: ignore[arg-type]


def race(
    path: Path,
    planned: Experiment,
    gains: Gains,
    *,
    blocks: int = 6,
    **changes: object,
) -> tuple[store.RunDirectory, Run]:
    """Race the cells named in ``gains`` and save the run.

    A gain is the true ratio of throughputs, B ÷ A: one for all blocks, which NOISE then varies by
    a hundredth, or one for each block.
    """
    directory, run = begin(path, planned, **changes)
    cells = [cell for cell in planned.cells if cell.name in gains]
    assert len(cells) == len(gains), "a gain for a cell that isn't in the experiment"
    done = tuple(_block(directory, number, cells, gains) for number in range(blocks))
    run = replace(run, blocks=done)
    directory.save(run)
    return directory, run


def _block(
    directory: store.RunDirectory,
    number: int,
    cells: Sequence[Cell],
    gains: Gains,
) -> Block:
    tasks = tuple(
        Task(
            cell=cell.name,
            clients=cell.clients,
            targets=(0, 1),
            requests=(cell.a.request, cell.b.request),
            compare=0 if number else 20,
            rate=cell.rate,
        )
        for cell in cells
    )
    job = Job(targets=(), tasks=tasks, rules=RULES, seed=number)
    models = {name: _models(gain, number) for name, gain in gains.items()}
    records = []
    for record, rows in simulate(job, models):
        aside = directory.path / "simulated.npy"
        samples.save(aside, rows)
        directory.adopt(record.cell, number, aside)
        records.append(_add_database(record))
    return Block(number=number, tasks=tuple(records), costs=_costs(number, cells[0]))


def _costs(number: int, cell: Cell) -> dict[str, Cost]:
    """Return what the roles of the run took; of the second one less can be seen."""
    threads = Cost(
        peak_rss=90_000_000 + number,
        peak_threads=17,
        peak_connections=8 + number,
        switches=2_000,
        requests=1_000,
    )
    loop = Cost(peak_rss=60_000_000 - number, switches=20_000, requests=1_000)
    first, second = ("a", "b") if cell.a.role == "a" else ("wsgi", "asgi")
    return {first: threads, second: loop}


def _models(gain: float | Sequence[float], block: int) -> tuple[Model, Model]:
    true = gain * NOISE[block % len(NOISE)] if isinstance(gain, float) else gain[block]
    return Model(kind=Kind.SHARES, mean=WORK), Model(kind=Kind.SHARES, mean=WORK / true)


def _add_database(record: TaskRecord) -> TaskRecord:
    slices = [replace(ran, database_cpu=DATABASE * ran.server_cpu) for ran in record.slices]
    return replace(record, slices=tuple(slices))


def spoil(run: Run, cell: str, block: int, **changes: object) -> Run:
    """Return the run with other values in the record of a cell's block."""
    ruined = [
        replace(task, **changes) if (task.cell, each.number) == (cell, block) else task  # type: ignore[arg-type]
        for each in run.blocks
        for task in each.tasks
    ]
    tasks = iter(ruined)
    blocks = [replace(each, tasks=tuple(next(tasks) for _ in each.tasks)) for each in run.blocks]
    return replace(run, blocks=tuple(blocks))


def dead_block(number: int, cells: Iterable[Cell], fault: Fault) -> Block:
    """Return a block as it is recorded when a server died under it, with these cells open."""
    failed = [TaskRecord(cell=cell.name, clients=cell.clients, fault=fault) for cell in cells]
    return Block(number=number, tasks=tuple(failed))


def answer_all(planned: Experiment, share: float = 0.5) -> tuple[Single, ...]:
    """Return every single that the rows ask for, in this share of the article's time.

    Async takes 3 s and sync 2 s where the article has no figure. Runs differ by a hundredth, and
    the client's clock shows a hundredth of a second more than the view's.
    """
    found = []
    for row in planned.rows:
        theirs = row.figures
        seconds = {
            "async": share * theirs.async_seconds if theirs else 3.0,
            "sync": share * theirs.sync_seconds if theirs else 2.0,
        }
        for run in range(row.runs):
            for variant, mean in seconds.items():
                varied = mean * (1 + 0.01 * (run - (row.runs - 1) / 2))
                found.append(
                    Single(
                        row=row.name,
                        variant=variant,
                        run=run,
                        in_view=varied,
                        client=varied + 0.01,
                        server_cpu=varied / 2,
                    )
                )
    return tuple(found)


def tuned(planned: Experiment) -> tuple[SweepPoint, ...]:
    """Return a sweep in which each candidate is faster than the one before, and the last chosen."""
    return tuple(
        SweepPoint(
            role=role,
            arm=arm,
            throughput={
                cell.name: 100.0 * (place + 1)
                for cell in planned.sweep
                if role in (cell.a.role, cell.b.role)
            },
            chosen=place == len(arms) - 1,
        )
        for role, arms in planned.candidates.items()
        for place, arm in enumerate(arms)
    )


def read(directory: store.RunDirectory) -> Results:
    """Derive the results from what lies on the disk."""
    return derive(directory.load(), directory.samples)
