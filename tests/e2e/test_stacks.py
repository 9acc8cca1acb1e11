"""The same project on two stacks in one run; the stacks are this environment under two names."""

from __future__ import annotations

import sys
import venv
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import synthetic
from tests.bench.test_selfcheck import Nobody

from whereasync import bench, serial, stacks
from whereasync.cli.measuring import demo_setting
from whereasync.cli.stacks import provide, read_stacks
from whereasync.demo.stacks import Choices, build
from whereasync.model import SliceRules, Status
from whereasync.renderers import render
from whereasync.reports.stacks import report

if TYPE_CHECKING:
    from whereasync.model import Stack

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
RULES = SliceRules(window=0.05, slices=2, warm_up=0.05)


def put_in_cache(stack: Stack) -> None:
    """Leave an environment that sees what this one has, as if it had been made before."""
    path = stacks._path(stack)
    venv.create(path, symlinks=True)
    [site] = path.glob("lib/python*/site-packages")
    (site / "here.pth").write_text("\n".join(each for each in sys.path if "site-packages" in each))
    serial.write(path / "stack.json", stacks.Made(python=sys.executable, requirements=()))


@pytest.mark.server
def test_each_stack_runs_on_its_own_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both in one block, on databases of one server; the report tells what each is made of."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    texts = [f"python={HERE} django>=5.2", f"python={HERE} django>=5.1"]
    named = read_stacks(texts)
    for stack in named.values():
        put_in_cache(stack)
    setting = demo_setting(None)
    apps = {role: provide(stack, setting.app, Nobody()) for role, stack in named.items()}
    planned = build(named, ["stack2"], Choices(clients=(2,), seed=3))
    cells = tuple(cell for cell in planned.cells if "-post-" in cell.name or "aadd" in cell.name)
    planned = replace(planned, rules=RULES, looks=(1,), budget=None, cells=cells)
    directory, begun = synthetic.begin(tmp_path / "run", planned, command="stacks", arms={})
    run = bench.run(planned, replace(setting, apps=apps), begun, directory, Nobody())
    assert (run.status, run.faults) == (Status.DONE, ())
    results = synthetic.read(directory)
    assert {each.cell.name for each in results.cells} == {cell.name for cell in planned.cells}
    assert not any(each.is_void for each in results.cells)
    assert {each.compared for each in results.cells} == {20}
    python = ".".join(map(str, sys.version_info[:3]))
    assert {has["python"] for has in run.stacks.values()} == {python}
    text = render(report(results), "terminal", width=160)
    assert all(each in text for each in texts)
    assert Path(apps["stack1"].python) != Path(apps["stack2"].python)
