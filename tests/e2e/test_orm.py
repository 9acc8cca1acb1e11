"""Ways to do ORM work on real servers: what bounds threads and connections, and what doesn't."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests import synthetic
from tests.bench.test_selfcheck import Nobody

from whereasync import bench
from whereasync.cli.measuring import demo_setting
from whereasync.cli.orm import _dress
from whereasync.demo.orm import LENGTHS, THREADS, build
from whereasync.model import SliceRules, Status
from whereasync.results import derive

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = 40
OF_UVICORN = 6  # its own threads, and those that the pool works with
RULES = SliceRules(window=0.4, slices=2, warm_up=0.1)  # at least two looks at each


@pytest.mark.server
def test_a_pool_bounds_connections_and_bounded_threads_bound_both(tmp_path: Path) -> None:
    """The pool leaves threads unbounded; and all answer the same bytes."""
    planned = build(
        ("pool", "coalesced_bounded"),
        length=LENGTHS["quick"], clients=(CLIENTS,), budget=None, seed=5,
    )  # fmt: skip
    planned = replace(planned, rules=RULES, looks=(1,))
    directory, begun = synthetic.begin(tmp_path / "run", planned, command="orm", arms={})
    run = bench.run(planned, _dress(demo_setting(None)), begun, directory, Nobody())
    assert (run.status, run.faults) == (Status.DONE, ())
    results = derive(run, directory.samples)
    assert {each.cell.b.role: each.compared for each in results.cells} == {
        "pool": 20, "coalesced_bounded": 20,
    }  # fmt: skip
    seen = {each.cell.b.role: results.peaks[each.cell.name][1] for each in results.cells}
    sync = results.peaks[f"query-pool-{CLIENTS}"][0]
    assert (sync.connections or 0) <= THREADS
    assert 0 < (seen["pool"].connections or 0) <= THREADS
    assert (seen["pool"].threads or 0) > THREADS + OF_UVICORN
    assert 0 < (seen["coalesced_bounded"].connections or 0) <= THREADS
    assert (seen["coalesced_bounded"].threads or 0) <= THREADS + OF_UVICORN
