"""Each void and caveat provoked: a real server, the real client process, and what is said of it.

One client works through all that needs no more than a path, so that the module starts few of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import psutil
import pytest
from tests import synthetic
from tests.loopback import Server

from whereasync import machine
from whereasync.bench import blame
from whereasync.load import drive
from whereasync.model import (
    Block,
    Caveat,
    Job,
    Request,
    SliceRules,
    Target,
    Task,
    TaskRecord,
    Void,
)
from whereasync.processes import Child, Supervisor, supervised, wait_ready
from whereasync.results import CellResult, compare_cells
from whereasync.servers import Endpoint, free_port
from whereasync.stats import LOOKS, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.server, pytest.mark.alone]

RULES = SliceRules(window=0.02, requests=20, slices=2, warm_up=0.02, timeout=0.4)
[CELL] = synthetic.two_arms((8,)).cells
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
LONG = 0.15  # s
ATTEMPTS = 20  # a neighbour on the core takes CPU from the client, which then has less to use


# ---------------------------------------------------------------- a server that misbehaves


class Site(Server):
    """Answers each path in its own bad way, in a thread of the test."""

    def __init__(self) -> None:
        super().__init__()
        self.hits: Counter[str] = Counter()
        self._random = Random(1)
        self._turn = asyncio.Lock()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """As the path says."""
        if answer := await self._answer(await reader.readuntil(b"\r\n\r\n")):
            writer.write(answer)
            await writer.drain()
        return bool(answer)

    async def _answer(self, head: bytes) -> bytes:
        """Return what to write; nothing ends the connection."""
        name = head.split()[1].decode().strip("/")
        self.hits[name] += 1
        count = self.hits[name]
        match name:
            case "fails":
                return b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n" if count > 20 else OK
            case "drops":
                return b"" if count > 20 else OK
            case "hangs":
                await asyncio.sleep(60)
            case "babbles":
                return b"SMTP ready\r\n\r\n"
            case "counts":
                return OK[:-5] + b"%05d" % count
            case "pauses":  # after two quick answers, so that a short window falls into one
                await asyncio.sleep(LONG if count % 3 == 0 else 0)
            case "sways":
                await asyncio.sleep(0.05 if count % 2 else 0.02)
            case "varies":
                await asyncio.sleep(self._random.expovariate(1 / 0.01))
            case "queues":  # at most 200 requests/s
                async with self._turn:
                    await asyncio.sleep(0.005)
        return OK


# A process of its own: it answers for less CPU than the client needs to ask, until it kills itself.
RESPONDER = """
import asyncio, os, signal, sys, uvloop
class Responder(asyncio.Protocol):
    def connection_made(self, transport):
        self.write = transport.write
    def data_received(self, data):
        if b"/dies" in data:
            os.kill(os.getpid(), signal.SIGKILL)
        self.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello")
async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Responder, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(serve())
"""


@contextmanager
def responding(supervisor: Supervisor) -> Iterator[Endpoint]:
    """Run the responder on the core of the server under test."""
    child = supervisor.spawn(
        [sys.executable, "-c", RESPONDER], name="responder", cores=machine.share_cores()[0]
    )
    wait_ready(child, lambda: child.tail().isdigit(), deadline=30.0)
    yield Endpoint(host="127.0.0.1", port=int(child.tail()), child=child)
    child.stop(1.0)


# ---------------------------------------------------------------- what is asked of it


def ask(
    cell: str,
    a: str,
    b: str,
    *,
    clients: int = 8,
    compare: int = 0,
    rate: float | None = None,
    volatile: tuple[str, ...] = (),
) -> Task:
    """Return a task of two paths; the first target answers both."""
    requests = Request(path=a, volatile=volatile), Request(path=b, volatile=volatile)
    return Task(
        cell=cell, clients=clients, targets=(0, 0), requests=requests, compare=compare, rate=rate
    )


TASKS = (
    ask("status", "/", "/fails"),
    ask("connection", "/", "/drops"),
    ask("timeout", "/", "/hangs"),
    ask("malformed", "/", "/babbles"),
    ask("differ", "/", "/counts", compare=3),
    ask("alike", "/", "/", compare=3),
    ask("recipe", "/", "/", compare=3, volatile=("(",)),
    replace(ask("refused", "/", "/"), targets=(0, 1)),
    ask("nothing", "/", "/pauses", clients=1),
    ask("restless", "/", "/sways", clients=1),
    *(ask(f"varies{number}", "/varies", "/varies") for number in range(6)),
    ask("busy", "/queues", "/queues", rate=250.0, clients=2),
    ask("behind", "/queues", "/queues", rate=250.0, clients=512),
)


@dataclass(frozen=True)
class Measured:
    """What the client left of each task."""

    records: dict[str, TaskRecord]
    samples: dict[str, bytes]

    def judge(self, path: Path, *tasks: str, **changes: object) -> CellResult:
        """Return what is said of a cell whose blocks those tasks are."""
        return judge(
            path,
            [(self.records[task], self.samples[task]) for task in tasks],
            **changes,
        )


def judge(path: Path, blocks: list[tuple[TaskRecord, bytes]], **changes: object) -> CellResult:
    """Return what is said of a cell with these blocks, in a run around them."""
    first = blocks[0][0]
    cell = replace(CELL, clients=first.clients, rate=first.rate, **changes)  # type: ignore[arg-type]
    planned = synthetic.two_arms((8,), cells=(cell,))
    directory, run = synthetic.begin(path / "run", planned)
    kept = []
    for number, (record, rows) in enumerate(blocks):
        (path / "aside.npy").write_bytes(rows)
        directory.adopt(cell.name, number, path / "aside.npy")
        kept.append(Block(number=number, tasks=(replace(record, cell=cell.name),)))
    directory.save(replace(run, blocks=tuple(kept)))
    [result] = compare_cells(directory.load(), directory.samples)
    return result


def work(
    supervisor: Supervisor, targets: tuple[Target, ...], *tasks: Task, **rules: float
) -> Measured:
    """Let the real client do the tasks, on a core that isn't the server's."""
    directory = supervisor.directory / tasks[0].cell
    job = Job(targets=targets, tasks=tasks, rules=replace(RULES, **rules), seed=1)  # type: ignore[arg-type]
    records = drive.drive(
        job, spawn=supervisor.spawn, directory=directory, cores=machine.share_cores()[1]
    )
    return Measured(
        records={record.cell: record for record in records},
        samples={
            record.cell: drive.samples_path(directory, record.cell).read_bytes()
            for record in records
        },
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Let one client meet all of it; several tests look at what came of that."""
    home, temporary = (str(tmp_path_factory.mktemp(name)) for name in ("state", "temporary"))
    site = Site()
    site.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_STATE_HOME", home)
            patch.setattr(tempfile, "tempdir", temporary)
            with supervised() as supervisor:
                ports = site.port, free_port()
                targets = tuple(target(port) for port in ports)
                return work(supervisor, targets, *TASKS)
    finally:
        site.stop()


def target(port: int) -> Target:
    """Return a server as the load client sees it."""
    return Target(host="127.0.0.1", port=port, server_pids=())


def assert_void(found: CellResult, kind: Void, detail: str, hint: str) -> None:
    """Assert that the cell is void for this reason, shows no figure, and says how to go on."""
    assert found.comparison.verdict is Verdict.VOID
    assert found.comparison.reason is not None
    assert found.comparison.reason.kind == kind
    assert detail in found.comparison.reason.detail
    assert hint in found.comparison.reason.hint
    assert (found.a, found.b, found.comparison.ratio) == (None, None, None)


# ---------------------------------------------------------------- what the client meets


LOG = "look at the server's log"


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("status", (Void.STATUS, "GET /fails answered 500, not 200", LOG)),
        ("connection", (Void.CONNECTION, "closed the connection before its answer", LOG)),
        ("refused", (Void.CONNECTION, "No connection to port", LOG)),
        ("timeout", (Void.TIMEOUT, "No answer within 0.4 s", "race fewer clients")),
        ("malformed", (Void.MALFORMED, "The answer is not HTTP", LOG)),
        ("differ", (Void.ANSWERS_DIFFER, "b'hello' against b'00001'", "declare what may differ")),
        ("recipe", (Void.RECIPE, "'(' is no regular expression", "mend volatile of /")),
        ("nothing", (Void.NOTHING_COMPLETED, "no request was done in 0.0 s", "race fewer clients")),
        (
            "busy",
            (Void.NOT_SUSTAINED, "found all 2 connections busy", "lower --rate, or allow more"),
        ),
        ("behind", (Void.NOT_SUSTAINED, "of 250 requests/s the server did", "lower --rate")),
    ],
)
def test_what_a_server_does_voids_its_cell(
    measured: Measured, tmp_path: Path, task: str, said: tuple[Void, str, str]
) -> None:
    """One fault of one side is enough, and says what to do."""
    assert_void(measured.judge(tmp_path, task), *said)


def test_one_block_that_failed_voids_those_that_did_not(measured: Measured, tmp_path: Path) -> None:
    """An arm that fails once in three blocks isn't as fast as the other two say."""
    found = measured.judge(tmp_path, "alike", "status", "alike")
    assert_void(found, Void.STATUS, "answered 500", LOG)


def test_what_answers_well_is_not_void(measured: Measured, tmp_path: Path) -> None:
    """The same server and the same client give a figure where nothing is wrong."""
    found = measured.judge(tmp_path, "alike")
    assert found.comparison.verdict is Verdict.INCONCLUSIVE
    assert found.compared == 3
    assert found.a is not None
    assert found.a.throughput > 0


def test_samples_that_were_damaged_on_the_disk(measured: Measured, tmp_path: Path) -> None:
    """Half of a file is no measurement."""
    record, rows = measured.records["alike"], measured.samples["alike"]
    found = judge(tmp_path, [(record, rows[: len(rows) // 2])])
    assert_void(found, Void.SAMPLES, "is damaged", "measure again")


def test_a_client_that_counts_the_drain_is_found_out(measured: Measured, tmp_path: Path) -> None:
    """While the last answers come in fewer requests are under way than there are clients."""
    record, rows = measured.records["varies0"], measured.samples["varies0"]
    honest = judge(tmp_path / "honest", [(record, rows)])
    assert honest.comparison.verdict is Verdict.INCONCLUSIVE
    drained = [replace(ran, window_end_ns=ran.end_ns) for ran in record.slices]
    biased = judge(tmp_path / "biased", [(replace(record, slices=tuple(drained)), rows)])
    assert_void(biased, Void.LITTLES_LAW, "requests were in flight, not 8", "close what else runs")


# ---------------------------------------------------------------- what a process does


def test_a_client_dearer_than_its_server(tmp_path: Path) -> None:
    """It needs its whole core, and says so as soon as nobody else takes a part of that."""
    with supervised() as supervisor, responding(supervisor) as endpoint:

        def saturate(attempt: int) -> CellResult:
            task = ask(f"fast{attempt}", "/", "/", clients=50)
            return work(supervisor, (endpoint.target(),), task).judge(
                tmp_path / task.cell, task.cell
            )

        found = saturate(0)
        for attempt in range(1, ATTEMPTS):
            if found.comparison.verdict is Verdict.VOID:
                break
            found = saturate(attempt)
    assert_void(found, Void.CLIENT_SATURATED, "the load client used", "race fewer clients")


def test_a_server_that_dies(tmp_path: Path) -> None:
    """The client saw a closed connection; how the process ended explains it."""
    with supervised() as supervisor, responding(supervisor) as endpoint:
        found = work(supervisor, (endpoint.target(),), ask("dies", "/", "/dies"))
        seen = found.records["dies"]
        explained = blame.explain(seen, [endpoint])
    assert seen.fault is not None
    assert seen.fault.kind == Void.CONNECTION
    died = judge(tmp_path, [(explained, found.samples["dies"])])
    assert_void(died, Void.SERVER_DIED, "responder was killed by signal 9", "look at its log")


def test_a_client_that_is_kept_from_running_is_late(tmp_path: Path) -> None:
    """Stopped for 15 ms again and again, it sends when it can: that is no latency of the server."""
    clients: list[Child] = []
    with supervised() as supervisor, responding(supervisor) as endpoint:

        def spawn(argv: list[str], *, name: str, cores: tuple[int, ...] | None) -> Child:
            clients.append(supervisor.spawn(argv, name=name, cores=cores))
            return clients[-1]

        job = Job(
            targets=(endpoint.target(),),
            tasks=(ask("late", "/", "/", rate=200.0, clients=64),),
            rules=replace(RULES, window=0.2),
            seed=1,
        )
        directory = supervisor.directory / "late"
        with hindering(clients):
            [record] = drive.drive(job, spawn=spawn, directory=directory)
        rows = drive.samples_path(directory, "late").read_bytes()
    found = judge(tmp_path, [(record, rows)])
    assert_void(found, Void.SEND_LAG, "1 in 100 requests was sent", "close what else runs")


@contextmanager
def hindering(clients: list[Child]) -> Iterator[None]:
    """Let the client run for 35 ms of each 50."""
    over = threading.Event()

    def hinder() -> None:
        while not over.wait(0.035):
            if clients:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(clients[0].pid, signal.SIGSTOP)
                    over.wait(0.015)
                    os.kill(clients[0].pid, signal.SIGCONT)

    thread = threading.Thread(target=hinder)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


# ---------------------------------------------------------------- caveats


def assert_qualified(found: CellResult, kind: Caveat, detail: str, hint: str) -> None:
    """Assert that the cell has a figure, and this caveat beside it."""
    assert found.a is not None
    [caveat] = (each for each in found.caveats if each.kind == kind)
    assert detail in caveat.detail
    assert hint in caveat.hint


def test_a_server_that_never_settles(measured: Measured, tmp_path: Path) -> None:
    """Each of its answers takes longer than the one before."""
    found = measured.judge(tmp_path, "restless")
    assert_qualified(found, Caveat.NEVER_SETTLED, "did not agree", "on a quieter machine")


def test_views_that_do_different_work(measured: Measured, tmp_path: Path) -> None:
    """Raced without comparing, they get a figure and are marked."""
    found = measured.judge(tmp_path / "other", "alike", is_same_work=False)
    assert_qualified(found, Caveat.DIFFERENT_WORK, "not compared", "without --different-work")


def test_a_budget_that_ends_before_anything_is_decided(measured: Measured, tmp_path: Path) -> None:
    """Six blocks of irregular answers leave everything possible, and there was time for no more."""
    found = measured.judge(tmp_path, *(f"varies{number}" for number in range(6)))
    assert found.comparison.verdict is Verdict.INCONCLUSIVE
    assert_qualified(
        found, Caveat.BUDGET_ENDED, f"inconclusive after 6 of {LOOKS[-1]} blocks", "--budget"
    )


def test_a_machine_whose_core_others_use() -> None:
    """Equal spins differ as long as busy processes want the same core."""
    core = machine.available_cores()[-1]
    with crowding(core):
        spin = machine.idle_spin_check(core)
    [found] = machine.find_caveats(synthetic_machine(core), 0.0, spin)
    assert found.kind == Caveat.NOISY_MACHINE
    assert f"{spin:.0%}" in found.detail
    assert "close what else runs" in found.hint


def synthetic_machine(core: int) -> machine.Machine:
    """Return a machine that has nothing else to be said of."""
    return replace(machine.describe(), server_cores=(core,), other_cores=(core + 1,))


@contextmanager
def crowding(core: int) -> Iterator[None]:
    """Keep a core busy with three processes that were seen to run."""
    with machine.keep_to((core,)):
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    try:
        deadline = time.monotonic() + 30
        while not all(is_running(process) for process in busy):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def is_running(process: subprocess.Popen[bytes]) -> bool:
    """Return whether it has used more CPU than its start takes."""
    return psutil.Process(process.pid).cpu_times().user > 0.1


def test_one_core_for_all() -> None:
    """Bound to one core, the tool says that server and client slow each other."""
    with machine.keep_to(machine.available_cores()[:1]):
        [found] = machine.find_caveats(machine.describe(), 0.0)
    assert found.kind == Caveat.SHARED_CORE
    assert found.hint == "measure with two cores or more"
