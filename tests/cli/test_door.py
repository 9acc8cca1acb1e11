"""Arguments in, text and an exit code out; no server is ever started here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from tests import synthetic

import whereasync
from whereasync import cli
from whereasync.errors import BadInputError, WhereAsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator

DOOR = [sys.executable, "-c", "from whereasync.cli import main; main()"]
RACE = ("race", "--demo", "/a/", "/b/")


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory, without anybody's key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WHEREASYNC_API_KEY", raising=False)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put the signal handlers back, which the door sets for its process."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory of a run that is longer than a pipe's buffer."""
    planned = synthetic.experiment()
    path = tmp_path_factory.mktemp("raced") / "run"
    return synthetic.race(path, planned, {cell.name: 1.5 for cell in planned.cells})[0].path


def enter(*arguments: str) -> int:
    """Go through the door in this process; return its exit code."""
    with pytest.raises(SystemExit) as left:
        cli.main(list(arguments))
    assert isinstance(left.value.code, int)
    return left.value.code


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Add a command ``fail`` that raises this."""

    @click.command()
    def fail() -> None:
        raise error

    monkeypatch.setitem(cli.app.commands, "fail", fail)


# ---------------------------------------------------------------- what is fine


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_our_signs_gets_a_report_all_the_same(
    raced: Path, encoding: str
) -> None:
    """In the nearest signs it has: a locale is no reason to lose a run."""
    said = subprocess.run(
        [*DOOR, "report", str(raced)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    text = said.stdout.decode(encoding)
    assert '"Django 4.1: Where To Apply Async", repeated here' in text
    assert {"ascii": "1.50x [1.", "latin-1": "1.50× [1."}[encoding] in text
    assert said.stderr == b""


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    """One number, said in one way."""
    assert enter("--version") == 0
    assert capsys.readouterr() == (f"whereasync, version {whereasync.__version__}\n", "")


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize(
    "command", [[], ["demo"], ["doctor"], ["init"], ["race"], ["record"], ["report"], ["selfcheck"]]
)
def test_every_command_explains_itself(
    command: list[str], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stdout, exit 0."""
    assert enter(*command, option) == 0
    out, err = capsys.readouterr()
    assert " ".join([*command, "[OPTIONS]"]) in out.splitlines()[0]
    assert "-h, --help" in out
    assert err == ""


def test_nothing_typed_is_a_wish_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    """And no error."""
    assert enter() == 0
    assert capsys.readouterr().out.startswith("Usage: ")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """With what it is for."""
    enter("--help")
    out = capsys.readouterr().out
    assert set(cli.app.commands) == {
        *("check", "demo", "doctor", "init", "map", "race", "record", "report", "selfcheck")
    }
    assert "  demo       Repeat" in out
    assert "  doctor     Say" in out
    assert "  init       Write" in out
    assert "  race       Race" in out
    assert "  record     Call" in out
    assert "  report     Show" in out
    assert "  selfcheck  Measure" in out


def test_a_run_goes_to_stdout_alone(raced: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be piped into a program."""
    assert enter("report", str(raced), "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["blocks"] == 6
    assert err == ""


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (0, 0), (1, 1), (3, 3)])
def test_what_a_command_returns_is_the_exit_code(
    answer: int | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing returned is fine."""
    monkeypatch.setitem(cli.app.commands, "give", click.Command("give", callback=lambda: answer))
    assert enter("give") == code


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["frob"], "frob"),
        (["--frob"], "--frob"),
        (["demo", "--frob"], "--frob"),
        (["demo", "frob"], "frob"),
        (["demo", "--objects", "many"], "'many' is no number of objects"),
        (["demo", "--objects", "0"], "objects 0: choose 1 to 1,000,000"),
        (["demo", "--objects", ""], "'' is no number of objects"),
        (["demo", "--clients", "8,x"], "'x' is no number of clients"),
        (["demo", "--clients", "1001"], "clients 1001: choose 1 to 1,000"),
        (["demo", "--chapter", "5"], "choose 1 to 4"),
        (["demo", "--database", "mysql://x"], "mysql"),
        (["demo", "--server", "nosuch"], "nosuch"),
        (["demo", "--rates", "huge"], "huge"),
        (["demo", "--api-url", "https://rates.example/"], "--api-url needs your key"),
        (["demo", "--api-url", "ftp://x", "--api-key", "k"], "'ftp://x'"),
        (["demo", "--seed", "-1"], "-1"),
        (["demo", "--seed", "x"], "x"),
        (["demo", "--seed"], "--seed"),
        (["demo", "--port", "65536"], "65536"),
        (["demo", "--format", "pdf"], "pdf"),
        (["demo", "--out", "taken"], "taken is a file"),
        (["race"], "'A'"),
        (["race", "/a/"], "'B'"),
        (["race", "--demo", "uvicorn", "/b/"], "“uvicorn” is no arm"),
        (["race", "--demo", "nosuch@/a/", "/b/"], "there is no server “nosuch”"),
        (["race", "--demo", "/a/", "uvicorn@b/"], "“b/” in “uvicorn@b/” is no path"),
        ([*RACE, "--clients", "0"], "clients 0: choose 1 to 1,000"),
        ([*RACE, "--rate", "0"], "'0': give a number, 0.1 to 20,000"),
        ([*RACE, "--rate", "nan"], "'nan': give a number"),
        ([*RACE, "--rate", "inf"], "'inf': give a number"),
        ([*RACE, "--rate", "fast"], "'fast': give a number"),
        (
            [*RACE, "--header", "Content-Length: 5"],
            "may not set Content-Length",
        ),
        (
            [*RACE, "--header", "transfer-encoding: x"],
            "may not set transfer-",
        ),
        (
            [*RACE, "--method", "GET", "--data", "a=1"],
            "GET request has no body",
        ),
        (["demo", "--quick", "--full"], "--quick and --full are two lengths"),
        (["demo", "--stack", "latest", "--quick", "--full"], "--quick and --full are two lengths"),
        (["demo", "--stack", "latest", "--server", "uvicorn"], "--server is for the whole demo"),
        (["demo", "--stack", "latest", "--objects", "5"], "--objects is for the whole demo"),
        (["demo", "--stack", "latest", "--chapter", "1"], "--chapter is for the whole demo"),
        (["demo", "--stack", "latest", "--rates", "small"], "--rates is for the whole demo"),
        (["demo", "--stack", "latest", "--api-url", "https://x"], "--api-url is for the whole"),
        (["demo", "--stack", "latest", "--api-key", "x"], "--api-key is for the whole demo"),
        (["demo", "--stack", "latest", "--serve"], "--serve is for the whole demo"),
        (["demo", "--stack", "latest", "--port", "80"], "--port is for the whole demo"),
        (["demo", "--stack", "latest", "--database", "mysql://x"], "mysql"),
        (["demo", "--stack", "latets"], "there is no stack 'latets'"),
        (["demo", "--stack", "latest", "--stack", "latest"], "stack latest is given twice"),
        (
            [
                "demo",
                "--stack",
                "lts",
                "--stack",
                "python=3.12 hypercorn django~=5.2.0 psycopg~=3.2",
            ],
            "is the same as lts",
        ),
        (["demo", "--port", "8000"], "--port is the port of --serve"),
        (["demo", "--api-key", "x"], "--api-key is the key for --api-url"),
        (["demo", "--serve", "--chapter", "2"], "so --chapter does nothing"),
        (["demo", "--serve", "--json"], "so --json does nothing"),
        (["selfcheck", "--budget", "5s"], "--budget 5s is too small"),
        (["selfcheck", "--simulated", "--budget", "5s"], "so --budget does nothing"),
        (["selfcheck", "--simulated", "--database", "sqlite:"], "so --database does nothing"),
        (["selfcheck", "--simulated", "--out", "x"], "so --out does nothing"),
        (
            [*RACE, "--rate", "9", "--clients", "1,8"],
            "--clients is one number",
        ),
        ([*RACE, "--method", "TRACE"], "'TRACE' is not one of"),
        ([*RACE, "--header", "no header"], "'no header' is no header"),
        ([*RACE, "--volatile", "("], "'(' is no regular expression"),
        ([*RACE, "--status", "99"], "99"),
        ([*RACE, "--budget", "soon"], "'soon' is no time"),
        (
            [*RACE, "--budget", "20s"],
            "--budget 20s is too small: 6 blocks",
        ),
        ([*RACE, "--fail-if", "5%"], "'5%' is no limit"),
        ([*RACE, "--upstream", "slow"], "slow"),
        ([*RACE, "--as", "anna"], "--as is for your own project"),
        ([*RACE, "--swap-b", "a.b=a.c"], "--swap-b is for your own project"),
        ([*RACE, "--unguarded"], "--unguarded is for your own project"),
        ([*RACE, "--config", "taken"], "--config is for your own project"),
        (["race", "/a/", "/b/", "--upstream", "5ms"], "--upstream is of the demo's project"),
        ([*RACE, "--database", "mysql://x"], "mysql"),
        ([*RACE, "--out", "taken"], "taken is a file"),
        (["selfcheck", "--budget", "0s"], "'0s' is no time"),
        (["selfcheck", "--database", "mysql://x"], "mysql"),
        (["report", "nosuch"], "nosuch"),
        (["report", "taken"], "taken is no run"),
        (["report"], "There is no run below"),
        (["report", "--format", "pdf"], "pdf"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_a_hint(
    arguments: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It quotes the culprit; exit 2, nothing on stdout, and no run is begun."""
    Path("taken").touch()
    assert enter(*arguments) == 2
    out, err = capsys.readouterr()
    said, hint = err.splitlines()
    assert said.startswith("whereasync: ")
    assert what in said
    assert hint.startswith("  try: ")
    assert out == ""
    assert list(Path().iterdir()) == [Path("taken")]


def test_a_key_never_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """An error about the URL quotes the URL alone."""
    enter("demo", "--api-url", "ftp://x", "--api-key", "s3cret")
    assert "s3cret" not in "".join(capsys.readouterr())


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (WhereAsyncError("it broke", "mend it"), 3, "whereasync: it broke\n  try: mend it\n"),
        (BadInputError("not so", "but so"), 2, "whereasync: not so\n  try: but so\n"),
        (WhereAsyncError("it broke"), 3, "whereasync: it broke\n"),
        (
            WhereAsyncError("it broke", "mend it", log="one\ntwo\n"),
            3,
            "whereasync: it broke\n  | one\n  | two\n  try: mend it\n",
        ),
    ],
)
def test_an_error_is_a_line_its_log_and_a_hint(
    error: WhereAsyncError,
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On stderr, and no traceback."""
    fail_with(monkeypatch, error)
    assert enter("fail") == code
    assert capsys.readouterr() == ("", text)


def test_of_a_long_log_the_end_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Eight lines: there stands what killed a server."""
    log = "\n".join(f"line {number}" for number in range(100))
    fail_with(monkeypatch, WhereAsyncError("it broke", log=log))
    enter("fail")
    _, *shown = capsys.readouterr().err.splitlines()
    assert shown == [f"  | line {number}" for number in range(92, 100)]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_ends_with_130(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says so in one line."""
    fail_with(monkeypatch, error)
    assert enter("fail") == 130
    assert capsys.readouterr().err.strip() == "whereasync: interrupted"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_interrupt(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGTERM is as good as Ctrl-C: what was measured is kept."""
    monkeypatch.setitem(
        cli.app.commands,
        "wait",
        click.Command("wait", callback=lambda: signal.raise_signal(number)),
    )
    assert enter("wait") == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_second_ctrl_c_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pressed in impatience while the run is being saved, it is passed over."""

    def save_when_interrupted() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            click.echo("saved")

    monkeypatch.setitem(
        cli.app.commands, "wait", click.Command("wait", callback=save_when_interrupted)
    )
    assert enter("wait") == 130
    assert capsys.readouterr().out == "saved\n"


def test_windows_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything that would fail there in its own way."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert enter("demo") == 2
    assert capsys.readouterr().err == (
        "whereasync: whereasync does not run on Windows yet\n  try: use WSL 2\n"
    )


# ---------------------------------------------------------------- nobody reads on


def leave_early(*arguments: str) -> tuple[int, str]:
    """Run a command whose reader is gone; return its exit code and what it said on stderr."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*DOOR, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)
    return done.returncode, done.stderr


@pytest.mark.parametrize("format_", ["json", "terminal"])
def test_a_reader_that_leaves_is_no_error_to_talk_about(raced: Path, format_: str) -> None:
    """``whereasync report | head`` says nothing on stderr, least of all a traceback."""
    assert leave_early("report", str(raced), "--format", format_)[1] == ""


def test_a_reader_that_leaves_does_not_make_it_fail(raced: Path) -> None:
    """Under ``set -o pipefail`` a 1 would be a regression."""
    assert leave_early("report", str(raced))[0] == 0


# ---------------------------------------------------------------- a quick start


def imported_by(*arguments: str) -> set[str]:
    """Return the packages that a command has imported when it ends."""
    script = (
        "import sys\n"
        "from whereasync.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stderr.split())


def test_the_door_imports_neither_measuring_nor_showing() -> None:
    """What starts slowly is imported by the command that needs it; see docs/architecture.md."""
    rooms = {name for name in imported_by("--version") if name.startswith("whereasync.")}
    assert {"whereasync.cli", "whereasync.errors", "whereasync.model"} <= rooms
    for room in ("bench", "load", "servers", "databases", "results", "reports", "renderers"):
        assert f"whereasync.{room}" not in rooms


def test_bad_input_is_found_before_the_slow_imports() -> None:
    """A typing error is answered at once."""
    assert not {"numpy", "scipy", "rich", "psycopg"} & imported_by("demo", "--chapter", "9")


def test_a_defect_of_ours_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python would exit with 1, which says that B is slower; the traceback is for us."""
    fail_with(monkeypatch, ZeroDivisionError("of ours"))
    assert enter("fail") == 3
    said = capsys.readouterr().err
    assert "ZeroDivisionError: of ours" in said
    assert "whereasync: this is a defect of whereasync" in said
