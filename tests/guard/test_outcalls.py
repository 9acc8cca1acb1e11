from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from whereasync.guard.outcalls import FILE, find_way_on, read_outcalls
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


@pytest.mark.parametrize(
    ("target", "service", "way"),
    [
        ("api.stripe.com:443", "", "whereasync record"),
        ("api.stripe.com", "", "whereasync record"),
        ("127.0.0.1:8001", "", "if it speaks HTTP, declare"),
        ("::1:8001", "", "if it speaks HTTP, declare"),
        ("198.51.100.1:443", "", "without it"),
        ("127.0.0.1:6379", "Redis", "without it"),
        ("mail.example.com:25", "SMTP", "without it"),
        ("/run/redis.sock", "", "without it"),
    ],
)
def test_what_can_be_done_about_a_call(target: str, service: str, way: str) -> None:
    """Only HTTP is stood in for, and only what has a name is recorded."""
    hint = find_way_on(Outcall(target=target, service=service))
    assert way in hint
    assert ("whereasync record" in hint) == (way == "whereasync record")
