"""``whereasync race`` as a user has it: one whole race, and what can go wrong in one."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from whereasync import results, store
from whereasync.cli.race import judge
from whereasync.databases.embedded import _SETTINGS, ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from conftest import Begun, Ran, Tool

pytestmark = pytest.mark.server

HELLO = "gunicorn,threads=4@/plain/hello/sync/"
WAITS = "gunicorn,threads=4@/planted/sync/?wait=20"  # as good a race, for next to no CPU
QUERY = "gunicorn,threads=4@/plain/query/sync/"
MOST = int(_SETTINGS["max_connections"])
RACE = ("race", "--demo")
# One pair of slices in a block instead of four: what is raced differs by far more than they vary.
HASTY = "from whereasync import cli, plan\nplan.SLICES = plan.FEWEST = 2\ncli.main()\n"
SQLITE = ("--database", "sqlite:", "--out", "run")


def flat(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


# ---------------------------------------------------------------- a whole race


@pytest.fixture(scope="module")
def raced(shared_tool: Tool) -> Ran:
    """Race once for several tests: a server of production against the one of development."""
    return shared_tool.run(
        *RACE, QUERY, "runserver@/plain/query/sync/", "--clients", "4", "--budget", "90s",
        "--fail-if", "slower:5%", "--out", "run", "--seed", "1",
        command=(sys.executable, "-c", HASTY),
    )  # fmt: skip


@pytest.fixture
def saved(raced: Ran, shared_tool: Tool) -> dict[str, Any]:
    """Return the race's run.json."""
    found: dict[str, Any] = json.loads((shared_tool.cwd / "run" / "run.json").read_text())
    return found


def test_a_race_says_which_is_slower(raced: Ran, saved: dict[str, Any]) -> None:
    """The verdict comes after six blocks, and is a regression by --fail-if."""
    assert raced.code == 1
    assert "Traceback" not in raced.err
    assert f"A: {QUERY} against B: runserver@/plain/query/sync/" in flat(raced.out)
    assert "B is slower: 0." in raced.out
    assert "at 4 clients, 6 blocks." in flat(raced.out)
    assert "whereasync report run" in raced.err
    assert (saved["command"], saved["status"], saved["faults"]) == ("race", "done", [])
    tasks = [task for block in saved["blocks"] for task in block["tasks"]]
    assert [task["fault"] for task in tasks] == [None] * 6
    assert [task["compared"] for task in tasks] == [20, 0, 0, 0, 0, 0]


def test_a_race_shows_what_each_arm_took(raced: Ran, saved: dict[str, Any]) -> None:
    """Memory, threads, connections and switches are those of real processes, in every block."""
    assert "What each arm took" in raced.out
    for block in saved["blocks"]:
        assert set(block["costs"]) == {"a", "b"}
        for cost in block["costs"].values():
            assert cost["peak_rss"] > 20e6
            assert cost["requests"] > 20
            assert cost["switches"] > 0
            assert cost["peak_threads"] >= 2
            assert 0 <= cost["peak_connections"] <= 5  # a client's, and one that is being closed
    threads = [block["costs"]["a"]["peak_threads"] for block in saved["blocks"]]
    assert max(threads) >= 5  # four that serve, beside the main one
    assert max(block["costs"]["a"]["peak_connections"] for block in saved["blocks"]) >= 1


def test_a_development_server_is_marked(raced: Ran, saved: dict[str, Any]) -> None:
    """Whoever reads its figures reads that they say nothing about production."""
    [caveat] = [each for each in saved["caveats"] if each["kind"] == "development server"]
    assert "Django's development server" in caveat["detail"]
    assert "caveat: development server" in raced.out
    assert "next: race what your site runs on in production" in flat(raced.out)


def test_a_race_can_be_shown_again(raced: Ran, shared_tool: Tool) -> None:
    """In each format, from what was saved alone."""
    assert shared_tool.report("run").out == raced.out
    markdown = shared_tool.report("run", "--format", "markdown")
    assert markdown.code == 0
    assert "**B is slower**: **0." in markdown.out
    shown = json.loads(shared_tool.report("run", "--json").out)
    [cell] = shown["cells"]
    assert (cell["comparison"]["verdict"], cell["comparison"]["winner"]) == ("faster", "a")
    assert shown["costs"]["b"]["requests"] > 0


def test_the_exit_code_follows_from_the_saved_run(
    raced: Ran, shared_tool: Tool, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what --fail-if allows; what stays open is 0, and 3 for the strict."""
    directory = store.open_run(shared_tool.cwd / "run")
    found = results.derive(directory.load(), directory.samples)
    ratio = found.cells[0].comparison.ratio
    assert ratio is not None
    for strict in (False, True):
        assert judge(found, None, strict=strict) == 0
        assert judge(found, 0.05, strict=strict) == 1
        assert judge(found, 999.0, strict=strict) == 0
    assert capsys.readouterr().err.count("B is slower by more than 5%: ") == 2
    open_question = 1 / ratio - 1  # the limit is in the middle of the interval
    assert judge(found, open_question, strict=False) == 0
    assert judge(found, open_question, strict=True) == 3
    assert "stays open" in capsys.readouterr().err


def test_a_race_leaves_a_run_and_nothing_else(raced: Ran, shared_tool: Tool) -> None:
    """Samples of each block and a log of each process; the fixture looks after the processes."""
    run = shared_tool.cwd / "run"
    assert {path.name for path in run.iterdir()} == {"run.json", "samples", "log"}
    samples = {path.name for path in (run / "samples").iterdir()}
    assert samples == {f"race-4-{number}.npy" for number in range(6)}
    assert list((run / "log").glob("*runserver*"))


# ---------------------------------------------------------------- a race that goes wrong


def wait_for_load(begun: Begun, block: int) -> None:
    """Wait until the load client of a block knows what it has to do."""
    temporary = Path(os.environ["TMPDIR"])
    job = f"whereasync-*/block-{block}/load-work.json"
    begun.waits(lambda: list(temporary.glob(job)), job)


def assert_void_in(begun: Begun, tool: Tool, ran: Ran, kind: str) -> list[dict[str, Any]]:
    """Assert that the race failed for this reason, shown with its next step; return the faults."""
    assert ran.code == 3
    assert "Traceback" not in ran.err + ran.out
    assert begun.saved()["status"] == "done"
    faults = [task["fault"] for block in begun.saved()["blocks"] for task in block["tasks"]]
    found = [fault for fault in faults if fault and fault["kind"] == kind]
    assert found, faults
    assert "void" in ran.out
    assert kind in flat(ran.out)
    assert found[0]["hint"] in flat(ran.out)
    assert tool.report("run").out == ran.out
    return found


def test_a_server_that_is_killed(tool: Tool) -> None:
    """The only cell is void, so there is nothing left to race for."""
    begun = tool.start(
        *RACE, HELLO, "uvicorn@/plain/hello/sync/", "--clients", "2", *SQLITE, "--seed", "1"
    )  # fmt: skip
    wait_for_load(begun, 0)
    for process in begun.find("-m gunicorn"):  # the worker dies beside its master
        with suppress(psutil.NoSuchProcess):
            process.kill()
    found = assert_void_in(begun, tool, begun.finish(), "server died")
    assert {fault["detail"].partition(":")[0] for fault in found} == {
        "gunicorn was killed by signal 9"
    }
    assert len(begun.saved()["blocks"]) == 1


def test_a_database_without_a_free_connection(tool: Tool) -> None:
    """The view answers 500, and what is said is that the database had none left."""
    begun = tool.start(*RACE, QUERY, QUERY, "--clients", "2", "--out", "run", "--seed", "1")
    begun.reaches("block 1")
    with hoarding() as hoard:
        hoard.take(spare=30)  # the servers start, and the tool makes their databases
        wait_for_load(begun, 0)
        hoard.take(spare=0)  # nor can it drop them
        begun.waits(lambda: begun.saved().get("blocks"), "a block")
    found = assert_void_in(begun, tool, begun.finish(), "database refused connections")
    assert "too many clients already" in found[0]["detail"]
    assert "raise max_connections" in found[0]["hint"]
    assert len(begun.saved()["blocks"]) == 1


def test_a_rate_that_no_block_will_sustain_ends_the_race(tool: Tool) -> None:
    """After the first, not with the budget."""
    slow = "gunicorn,threads=1@/planted/sync/?wait=100"
    ran = tool.run(*RACE, slow, slow, "--rate", "100", "--clients", "2", *SQLITE, "--seed", "1")
    assert ran.code == 3
    assert "void, rate not sustained" in flat(ran.out)
    assert "lower --rate" in flat(ran.out)
    saved = json.loads((tool.cwd / "run" / "run.json").read_text())
    assert (len(saved["blocks"]), saved["status"]) == (1, "done")


class Hoard:
    """Connections to the run's PostgreSQL, as many as it gives."""

    def __init__(self, directory: Path) -> None:
        """Take the directory of its socket."""
        self._where = f"postgres://{ROLE}@/postgres?host={directory}"
        self._held: list[psycopg.Connection[Any]] = []

    def take(self, spare: int) -> None:
        """Connect until only so many are left for others; with none, until it refuses."""
        import psycopg

        with suppress(psycopg.OperationalError):
            while len(self._held) < MOST - spare:
                self._held.append(psycopg.connect(self._where))

    def release(self) -> None:
        """Give all back."""
        while self._held:
            self._held.pop().close()


@contextmanager
def hoarding() -> Iterator[Hoard]:
    """Hold connections to the run's PostgreSQL while the context lasts."""
    [found] = Path(os.environ["TMPDIR"]).glob("whereasync-*/postgres-*")
    hoard = Hoard(found)
    try:
        yield hoard
    finally:
        hoard.release()


def test_interrupted_in_the_middle(tool: Tool) -> None:
    """What was measured until Ctrl-C is shown and kept, as far as it goes."""
    begun = tool.start(*RACE, WAITS, WAITS, "--clients", "1,2", *SQLITE, "--format", "markdown")
    begun.waits(lambda: begun.saved().get("blocks"), "a block")
    begun.reaches("block 2")
    begun.interrupt()
    ran = begun.finish()
    assert ran.code == 130
    assert ran.err.endswith("whereasync: interrupted\n")
    assert "Traceback" not in ran.err
    assert begun.saved()["status"] == "interrupted"
    assert "interrupted: what had been measured by then" in flat(ran.out)
    assert "1 client" in ran.out
    assert tool.report("run", "--format", "markdown").out == ran.out


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (("gunicorn", HELLO), "“gunicorn” is no arm", "write gunicorn,threads=16@/plain"),
        (("gunicron@/", HELLO), "no server “gunicron”", "did you mean gunicorn?"),
        (("gunicorn,thread=4@/", HELLO), "no option “thread”", "did you mean threads?"),
        (
            (HELLO, "uvicorn@plain/"),
            "“plain/” in “uvicorn@plain/” is no path",
            "did you mean /plain/?",
        ),
        ((HELLO, HELLO, "--budget", "20s"), "--budget 20s is too small: 6 blocks", "--budget "),
        ((HELLO, HELLO, "--rate", "9", "--clients", "1,2"), "--clients is one number", "--rate 9"),
        ((HELLO, HELLO, "--header", "Cookie"), "'Cookie' is no header", "--header 'Name: value'"),
    ],
)
def test_what_needs_no_server_to_be_wrong(
    tool: Tool, arguments: tuple[str, ...], what: str, hint: str
) -> None:
    """It is said before anything starts."""
    assert_refused(tool, tool.run(*RACE, *arguments), what, hint)


def assert_refused(tool: Tool, ran: Ran, what: str, hint: str) -> None:
    """Assert that it was bad input: one line, one next step, and no directory."""
    assert (ran.code, ran.out) == (2, "")
    said, advised = ran.refusal
    assert what in said
    assert hint in advised
    assert not list((tool.cwd / ".whereasync" / "runs").glob("*"))


def test_what_only_a_server_knows(tool: Tool) -> None:
    """It is said before any load, and the run's directory is gone again."""
    ran = tool.run(*RACE, HELLO, "/nope/", "--database", "sqlite:")
    assert_refused(tool, ran, "B answers 404 to GET /nope/", "check the path")
