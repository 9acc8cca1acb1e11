"""``whereasync demo --stack`` as a user has it, on stacks that are there: no network is needed."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING, Any

import pytest

from whereasync.stacks import find_environment, parse_stack

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Ran, Tool

pytestmark = pytest.mark.server

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
ONE, OTHER, ODD = (f"python={HERE} {words}" for words in ("django", "django>=4.2", "hypercorn<1"))
TINY = ("--quick", "--clients", "1", "--database", "sqlite:", "--seed", "1", "--out", "run")
OLD_SERVER = """
import sys
if "--version" not in sys.argv:
    sys.exit("hypercorn: error: unrecognized arguments: --graceful-timeout 2")
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the environments of a test to itself."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def put(text: str) -> Path:
    """Put a made environment into the cache, which has what this one has; return its packages."""
    from whereasync.stacks import _path

    path = _path(parse_stack(text))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True)
    packages = path / "lib" / f"python{HERE}" / "site-packages"
    (packages / "all.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (path / "stack.json").write_text("{}")
    assert find_environment(parse_stack(text))
    return packages


def compare(tool: Tool) -> Ran:
    """Compare two stacks until a block is measured, then press Ctrl-C."""
    begun = tool.start("demo", "--stack", ONE, "--stack", OTHER, *TINY)
    begun.waits(lambda: begun.saved().get("blocks"), "a block")
    begun.interrupt()
    return begun.finish()


def test_stacks_are_compared_in_blocks_and_what_was_measured_is_shown(
    tool: Tool, cache: Path
) -> None:
    """Each by its own interpreter, on a database of its own; Ctrl-C keeps what there is."""
    for text in (ONE, OTHER):
        put(text)
    ran = compare(tool)
    assert ran.code == 130
    assert "Traceback" not in ran.err
    saved: dict[str, Any] = json.loads((tool.cwd / "run" / "run.json").read_text())
    assert saved["command"] == "stacks"
    assert [stack["name"] for stack in saved["experiment"]["stacks"].values()] == [ONE, OTHER]
    assert all({"python", "django", "asgiref"} <= has.keys() for has in saved["stacks"].values())
    assert saved["faults"] == []
    tasks = saved["blocks"][0]["tasks"]
    families = {task["cell"].rpartition("-")[0] for task in tasks}
    since = {"since-get-sync-stack2", "since-get-async-stack2"}  # as far as they fit here and now
    premiums = {"async-get-stack1", "async-get-stack2"}  # one at least
    assert families & premiums
    assert families <= premiums | since
    assert [task["fault"] for task in tasks] == [None] * len(tasks)
    assert ran.out.startswith("What async costs on stack1 and stack2\n")
    assert "interrupted: what had been measured by then" in ran.out
    assert tool.report("run").out == ran.out
    derived = json.loads(tool.report("run", "--json").out)
    assert derived["premium"]["cpu"].keys() == {task["cell"] for task in tasks}
    changed = {each["topic"] for each in derived["premium"]["changes"]}
    assert changed == ({"GET"} if premiums <= families else set())


def test_a_stack_whose_server_is_too_old_is_refused_before_anything_is_measured(
    tool: Tool, cache: Path
) -> None:
    """By what the server says itself, with the stack's name; no run is kept."""
    packages = put(ODD)
    for name, text in (("__init__", ""), ("__main__", OLD_SERVER)):
        (packages / "hypercorn").mkdir(exist_ok=True)
        (packages / "hypercorn" / f"{name}.py").write_text(text)
    ran = tool.run("demo", "--stack", ODD, *TINY)
    assert (ran.code, ran.out) == (2, "")
    what, hint = ran.refusal
    assert what.startswith(f"the project doesn't run on stack {ODD}: hypercorn ended at its start")
    assert what.endswith("unrecognized arguments: --graceful-timeout 2")
    assert hint == "change one of hypercorn<1"
    assert not (tool.cwd / "run").exists()


def test_a_missing_interpreter_is_named(tool: Tool, cache: Path) -> None:
    """Before a database is started."""
    ran = tool.run("demo", "--stack", "python=3.99 django", *TINY)
    assert ran.code == 2
    what, hint = ran.refusal
    assert what == "there is no Python 3.99 on this machine"
    assert "uv python install 3.99" in hint
    assert list(cache.glob("*")) == []
