from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.guard.outcalls import FILE, read_outcalls
from whereasync.model import Outcall
from whereasync_guest import fence

if TYPE_CHECKING:
    from pathlib import Path

LINE = '{"target": "a:1", "where": "%s", "is_theirs": true, "service": "", "is_refused": true}\n'


def test_host_and_guest_mean_one_file() -> None:
    """The guest has no model to share."""
    assert fence.FILE == FILE


def test_each_call_is_there_once_in_its_order(tmp_path: Path) -> None:
    """Although every process writes its own; what a kill cut short is passed over."""
    lines = [LINE % "b.py, line 2", LINE % "a.py, line 1", LINE % "b.py, line 2", LINE[:30]]
    (tmp_path / FILE).write_text("".join(lines))
    assert read_outcalls(tmp_path) == (
        Outcall(target="a:1", where="b.py, line 2", is_theirs=True),
        Outcall(target="a:1", where="a.py, line 1", is_theirs=True),
    )


def test_nobody_called(tmp_path: Path) -> None:
    """Then there is no file."""
    assert read_outcalls(tmp_path) == ()
