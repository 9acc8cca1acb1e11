"""Several requests at once, each on a connection of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from whereasync.load.bursts import Volley, Volleys
from whereasync.load.drive import drive_bursts
from whereasync.model import Burst, Request, Way
from whereasync.processes import supervised

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Stand


def volley(path: str, clients: int, run: int) -> Volley:
    """Return a burst to send."""
    burst = Burst(view=path, variant="sync", way=Way.WSGI, clients=clients, run=run)
    return Volley(burst=burst, target=0, request=Request(path=path))


def test_a_burst_is_timed_from_its_first_request_to_its_last_answer(
    stand: Stand, tmp_path: Path
) -> None:
    """A fault stays in its own; connections are kept from one burst to the next."""
    volleys = Volleys(
        targets=(stand.target,),
        volleys=(
            volley("/times", 1, 0),
            volley("/times", 4, 1),
            volley("/fails", 2, 2),
            volley("/", 4, 3),
        ),
    )
    with supervised(tmp_path / "log") as supervisor:
        bursts = drive_bursts(volleys, spawn=supervisor.spawn, directory=tmp_path / "bursts")
    one, four, failed, plain = bursts
    assert [each.run for each in bursts] == [0, 1, 2, 3]
    assert one.in_view == four.in_view == pytest.approx(0.00125)
    assert plain.in_view is None
    assert all(each.seconds and each.seconds > 0 for each in (one, four, plain))
    assert failed.seconds is None
    assert failed.fault
    assert failed.fault.kind == "status"
    assert stand.hits == {"/times": 5, "/fails": 2, "/": 4}
    assert stand.connections == 4
