from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from whereasync.errors import BadInputError
from whereasync.guard import obstacles
from whereasync.guard.obstacles import explain

if TYPE_CHECKING:
    from pathlib import Path

NO = OSError(errno.EPERM, "Operation not permitted")


@pytest.fixture
def sysctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give settings of a kernel that forbids nothing, to an ordinary user, in no container."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(obstacles, "_CONTAINERS", (str(tmp_path / "container"),))
    for name, forbidden, _ in obstacles._SWITCHES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{1 - int(forbidden)}\n")
    return tmp_path


@pytest.mark.parametrize(("name", "forbidden", "command"), obstacles._SWITCHES)
def test_the_setting_that_forbids_is_named(
    sysctl: Path, name: str, forbidden: str, command: str
) -> None:
    """With the command that changes it, and the way on without."""
    (sysctl / name).write_text(f"{forbidden}\n")
    found = explain(NO, sysctl)
    assert name.replace("/", ".") in found.why
    assert found.hint.startswith(f"{command}, or --unguarded")


def test_what_keeps_ordinary_users_from_it_doesnt_keep_root(
    sysctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is something else."""
    (sysctl / "kernel/unprivileged_userns_clone").write_text("0\n")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert explain(NO, sysctl).why == "Operation not permitted"


def test_a_container_is_told_how_to_be_started(sysctl: Path) -> None:
    """Its settings are the machine's, and say nothing."""
    (sysctl / "container").touch()
    found = explain(NO, sysctl)
    assert "container" in found.why
    assert "--cap-add SYS_ADMIN" in found.hint
    assert "--unguarded" in found.hint


def test_without_a_known_reason_the_kernels_words_are_given(sysctl: Path) -> None:
    """And on a system that has none, that."""
    assert explain(NO, sysctl).why == "Operation not permitted"
    error = explain("this system has no network namespaces", sysctl).refusal()
    assert isinstance(error, BadInputError)
    assert error.what.endswith("this system has no network namespaces")
    assert "--unguarded" in error.hint
