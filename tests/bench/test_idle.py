"""What becomes of an arm that can't be measured; tests/e2e/test_streaming.py measures some."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests import synthetic

from whereasync.bench.idle import _require_alive, watch_idle
from whereasync.bench.ledger import Ledger
from whereasync.demo.idle import build
from whereasync.errors import WhereAsyncError
from whereasync.model import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from whereasync.bench import Stage
    from whereasync.servers import Endpoint


class Broken:
    """A stage on which no server starts; it is its own supervisor, project and observer."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.supervisor = self.project = self.observer = self
        self.directory = ledger.directory.path
        self.heard: list[str] = []

    def load_race(self, objects: int) -> None:
        """Make none."""

    def calling(self, _: Any) -> Any:
        """Call nobody."""
        return nullcontext(self)

    def stage(self, what: str) -> None:
        """Hear what is being done."""
        self.heard.append(what)

    @contextmanager
    def launch_all(self, arms: Any, *_: Any) -> Iterator[dict[str, Endpoint]]:
        """Start none."""
        raise WhereAsyncError(f"{'+'.join(arms)} did not start", "look at its log")
        yield {}


def test_an_arm_that_does_not_start_is_a_fault_and_the_others_have_their_turns(
    tmp_path: Path,
) -> None:
    """All of them, as often as planned, in an order that differs each time."""
    directory, run = synthetic.begin(tmp_path / "run", synthetic.experiment(), command="idle")
    stage = Broken(Ledger(run=run, directory=directory))
    plan = build(clients=10, is_quick=False, seed=1)
    watch_idle(cast("Stage", stage), plan)
    kept = directory.load()
    assert kept.idle == plan
    assert kept.arms == {each.role: each.arm for each in plan.arms}
    orders = [[each.role for each in kept.idle_trials if each.repeat == n] for n in range(3)]
    assert [sorted(order) for order in orders] == [sorted(kept.arms)] * 3
    assert len({tuple(order) for order in orders}) > 1
    for each in kept.idle_trials:
        detail = f"{each.role} did not start"
        assert each.fault == Fault(kind="server", detail=detail, hint="look at its log")
    assert "10 clients, hypercorn, async view, 1 of 3" in stage.heard


class Ended:
    """A server's process that has ended."""

    name = "uvicorn"

    def poll(self) -> int:
        """Return its exit code."""
        return -9


def test_a_server_that_ends_under_its_clients_is_an_error() -> None:
    """With the way on; its figures would be those of the dead."""

    class Endpoint:
        child = Ended()

    with pytest.raises(WhereAsyncError, match="uvicorn ended with code -9 while the clients"):
        _require_alive(cast("Endpoint", Endpoint()))
