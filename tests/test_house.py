"""What a maintainer must remember is a failing test; docs/architecture.md says why."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import whereasync
import whereasync_guest
from whereasync import model

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "whereasync"
GUEST = ROOT / "guest" / "src" / "whereasync_guest"
PROJECT = SOURCE / "demo" / "project"
MODULES = sorted([*SOURCE.rglob("*.py"), *GUEST.rglob("*.py")])
LINES_OF_A_MODULE = 400
LINES_OF_A_FUNCTION = 60  # usually 10; a command with an option a line is the longest
NO_NOUNS = {"utils", "util", "helpers", "helper", "common", "core", "base", "manager", "misc"}
SLOW = {"numpy", "scipy", "django", "psycopg"}
SECRETS = {
    "a package index": re.compile(
        r"index[-_]url|find[-_]links|trusted[-_]host"
        r"|https?://[^\s/]*(?:pypi|pythonhosted|artifact|nexus|registry|mirror|proxy)"
        r"|https?://[^\s\"']+/simple\b",
        re.IGNORECASE,
    ),
    "a password in a URL": re.compile(r"https?://[^\s/:@\"']+:[^\s/@\"']+@"),
    "somebody's home": re.compile(r"/(?:home|Users)/(?!me\b)\w|(?<![\w.}])/roo[t]\b"),
}


def by_path(path: Path) -> str:
    """Name a test by the file it is about."""
    return str(path.relative_to(ROOT))


@functools.cache
def parse(path: Path) -> ast.Module:
    """Read a module; several tests look at the same ones."""
    return ast.parse(path.read_text(encoding="utf-8"))


def read_contracts() -> list[dict[str, Any]]:
    """Return import-linter's contracts."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: list[dict[str, Any]] = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return found


def read_architecture() -> str:
    """Return the page about the rooms."""
    return (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


# ---------------------------------------------------------------- modules


@pytest.mark.parametrize("path", MODULES, ids=by_path)
def test_a_module_is_short_and_says_what_it_is_for(path: Path) -> None:
    """Longer ones hold two nouns; cut them where the nouns part."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_MODULE
    assert ast.get_docstring(parse(path))


@pytest.mark.parametrize("path", MODULES, ids=by_path)
def test_a_function_is_short(path: Path) -> None:
    """From its ``def`` to its last line."""
    lengths = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }
    assert {name: n for name, n in lengths.items() if n > LINES_OF_A_FUNCTION} == {}


def test_a_module_is_a_noun() -> None:
    """Not a drawer for whatever has no place."""
    names = {path.stem for path in MODULES} | {path.parent.name for path in MODULES}
    assert not names & NO_NOUNS


def test_the_project_under_test_knows_nothing_of_us() -> None:
    """It is an ordinary Django project, which runs under any interpreter without us."""
    imported = {
        name
        for path in PROJECT.rglob("*.py")
        for node in ast.walk(parse(path))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert "django.db" in imported
    assert not [name for name in imported if name.startswith("whereasync")]


# ---------------------------------------------------------------- rooms


def test_every_room_stands_in_the_architecture_and_every_one_there_exists() -> None:
    """A room is a package or a module below whereasync."""
    rows = re.findall(r"^\| (`.+?) \|", read_architecture(), flags=re.MULTILINE)
    named = [name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)]
    rooms = {
        path.stem
        for path in SOURCE.iterdir()
        if (path / "__init__.py").exists() or (path.suffix == ".py" and path.stem != "__init__")
    }
    assert sorted(named) == sorted(rooms)


def test_the_layers_in_the_architecture_are_the_contracts() -> None:
    """Line by line, from top to bottom."""
    [layers] = [each for each in read_contracts() if each["type"] == "layers"]
    written = re.search(r"\n\n(    __main__\n(?:    [^\n]+\n)+)", read_architecture())
    assert written
    assert [line.strip() for line in written[1].splitlines()] == layers["layers"]
    assert layers["exhaustive"] is True


def test_host_and_guest_have_one_version() -> None:
    """The host copies the guest that it was built with."""
    assert whereasync.__version__ == whereasync_guest.__version__


# ---------------------------------------------------------------- figures


def read_kinds(heading: str) -> list[str]:
    """Return the first column of the table below a heading of docs/method.md."""
    page = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    _, _, section = page.partition(f"\n## {heading}\n")
    section, _, _ = section.partition("\n## ")
    head, rule, *rows = [line for line in section.splitlines() if line.startswith("|")]
    assert head == "| kind | when | next step |"
    assert set(rule) <= set("| -:")
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert all(len(row) == 3 and all(row) for row in cells)
    return [row[0] for row in cells]


@pytest.mark.parametrize(
    ("kinds", "heading"),
    [(model.Void, "What voids a cell"), (model.Caveat, "What qualifies a figure")],
)
def test_every_void_and_caveat_stands_in_the_method_and_no_other(
    kinds: type[model.Void | model.Caveat], heading: str
) -> None:
    """With when it comes and what to do, once each, in the order of the code."""
    assert read_kinds(heading) == [kind.value for kind in kinds]


@pytest.mark.parametrize("kinds", [model.Void, model.Caveat])
def test_every_void_and_caveat_can_come_about(kinds: type[model.Void | model.Caveat]) -> None:
    """A module other than the one that names it says so."""
    said = "".join(
        path.read_text(encoding="utf-8")
        for path in SOURCE.rglob("*.py")
        if path != SOURCE / "model" / "failures.py"
    )
    assert [kind for kind in kinds if f"{kinds.__name__}.{kind.name}" not in said] == []


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize(
    "command",
    [
        *("", "check", "demo", "doctor", "init", "map", "race", "record", "report", "selfcheck"),
        *(f"demo {name}" for name in ("idle", "leaving", "orm", "streaming", "test-client")),
    ],
)
def test_a_command_starts_without_what_starts_slowly(command: str) -> None:
    """Numpy, scipy and drivers are imported by what needs them; Django never."""
    script = (
        "import sys\n"
        "from whereasync.cli import main\n"
        "try: main()\n"
        "except SystemExit as left: assert not left.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command.split(), "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "whereasync.cli" in done.stderr.split()
    assert not SLOW & set(done.stderr.split())


def test_every_command_is_among_those() -> None:
    """A new one must start as quickly."""
    from whereasync.cli import app

    assert set(app.commands) == {
        *("check", "demo", "doctor", "init", "map", "race", "record", "report", "selfcheck")
    }


def test_every_question_has_its_answer() -> None:
    """With the command that gives it again."""
    from whereasync.cli import demo

    page = (ROOT / "docs" / "answers.md").read_text(encoding="utf-8")
    commands = {f"whereasync demo {name}" for name in demo.commands}
    commands |= {"whereasync map", "whereasync demo --stack"}
    assert {command for command in commands if f"`{command}" not in page} == set()


# ---------------------------------------------------------------- files


def list_files() -> list[Path]:
    """Return what git tracks, or would once it is added."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("no git, or no clone: a release's files were looked at before")
    found = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in found if path.is_file()]


@pytest.mark.parametrize("what", SECRETS)
def test_no_file_gives_away_where_it_was_made(what: str) -> None:
    """Package indices, passwords and home directories are somebody's own."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in list_files()
        for match in SECRETS[what].finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a package index", "--extra-index" + "-url x"),
        ("a package index", "https:" + "//pypi.example/"),
        ("a package index", "http:" + "//packages.example/x/simple/"),
        ("a password in a URL", "https:" + "//me:secret@packages.example/"),
        ("somebody's home", "cd /home" + "/ann/x"),
        ("somebody's home", "cd /ro" + "ot/x"),
    ],
)
def test_what_gives_something_away_would_be_found(what: str, text: str) -> None:
    """The test above could not fail otherwise."""
    assert SECRETS[what].search(text)


def test_every_benchmark_that_make_names_exists() -> None:
    """And every benchmark is run by ``make bench``."""
    named = re.findall(r"benchmarks/\w+\.py", (ROOT / "Makefile").read_text(encoding="utf-8"))
    there = {f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.py")}
    assert named
    assert set(named) == there
