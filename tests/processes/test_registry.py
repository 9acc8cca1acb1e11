from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whereasync.processes import registry

if TYPE_CHECKING:
    from pathlib import Path

DEAD = 2**22 - 1  # above the kernel's largest pid


def dead_entry(tmp_path: Path, **more: object) -> registry.Entry:
    """Return the entry of a run whose owner is long gone."""
    values = {"token": "t", "directory": str(tmp_path / "gone"), "owner": DEAD}
    return registry.Entry(**{**values, "owner_started": 1.0, **more})


def test_a_live_entry_stays(tmp_path: Path) -> None:
    """What another demo is using is never cleared."""
    registry.write(registry.entry("t", tmp_path, owner=os.getpid()))
    registry.clear_dead()
    assert tmp_path.exists()
    assert registry.read("t")
    registry.remove("t")


def test_a_pid_that_was_used_again_is_dead(tmp_path: Path) -> None:
    """The start time tells our process from a namesake."""
    entry = registry.Entry(token="t", directory="/x", owner=os.getpid(), owner_started=1.0)
    assert not registry.is_alive(entry)


def test_a_dead_entry_is_cleared(tmp_path: Path) -> None:
    """Its directory goes, then the entry."""
    left = tmp_path / "gone"
    left.mkdir()
    registry.write(dead_entry(tmp_path))
    registry.clear_dead()
    assert not left.exists()
    assert registry.read("t") is None


def test_databases_of_the_dead_are_remembered_until_they_are_dropped(tmp_path: Path) -> None:
    """An entry with databases outlives the clearing, and ends when the last is dropped."""
    registry.write(dead_entry(tmp_path))
    registry.remember_database("t", "db:5432", "whereasync_t_a")
    registry.remember_database("unknown", "db:5432", "whereasync_t_b")
    registry.clear_dead()
    assert registry.leftovers("db:5432") == ("whereasync_t_a",)
    assert registry.leftovers("other:5432") == ()
    registry.forget_database("db:5432", "whereasync_t_a")
    assert registry.leftovers("db:5432") == ()
    registry.clear_dead()
    assert registry.read("t") is None


def test_a_damaged_entry_is_passed_over() -> None:
    """A file that a power cut tore does not stop the next start."""
    registry.home().mkdir(parents=True)
    torn = registry.home() / "torn.json"
    torn.write_bytes(b'{"token": ')
    registry.clear_dead()
    assert registry.read("torn") is None
    torn.unlink()
