"""Recordings on the disk."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from whereasync.errors import BadInputError
from whereasync.model import Exchange, Recording
from whereasync.upstreams import recordings

if TYPE_CHECKING:
    from pathlib import Path

EXCHANGES = (
    Exchange(
        method="GET",
        url="https://a.example/ü",
        status=200,
        headers=(("A", "b"), ("A", "c")),
        text="line\nline",
        connect=0.03,
        latency=0.02,
        transfer=0.01,
    ),
    Exchange(method="POST", url="https://a.example/", status=201, data=b"\0\xff", latency=0.5),
)
RECORDING = Recording(made="2026-11-23T21:00:00Z", exchanges=EXCHANGES)


def test_there_and_back(tmp_path: Path) -> None:
    """For its owner's eyes alone."""
    path = recordings.locate(tmp_path, "checkout")
    recordings.write(path, RECORDING)
    assert recordings.read(path) == RECORDING
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes().splitlines()) == 3


def test_which_one(tmp_path: Path) -> None:
    """The named one, or else the newest, or none."""
    assert recordings.find(tmp_path) is None
    for age, name in enumerate(["a", "c", "b"]):
        path = recordings.locate(tmp_path, name)
        recordings.write(path, RECORDING)
        os.utime(path, (age, age))
    assert recordings.find(tmp_path) == recordings.locate(tmp_path, "b")
    assert recordings.find(tmp_path, "c") == recordings.locate(tmp_path, "c")
    with pytest.raises(BadInputError, match="no recording “d”") as caught:
        recordings.find(tmp_path, "d")
    assert caught.value.hint == "whereasync record --name d"


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a" * 65])
def test_no_name(name: str, tmp_path: Path) -> None:
    """A recording stays in its directory."""
    with pytest.raises(BadInputError, match="can't name a recording"):
        recordings.locate(tmp_path, name)


def damage(tmp_path: Path, old: bytes, new: bytes) -> Path:
    """Return a recording that was changed by hand."""
    path = recordings.locate(tmp_path, "it")
    recordings.write(path, RECORDING)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "telling"),
    [
        (b'"whereasync_recording":1', b'"whereasync_recording":2', "is a recording of version 2"),
        (b'"exchanges":2', b'"exchanges":3', "was cut short: it has 2 of 3 exchanges"),
        (b'"status":201', b'"status":"201"', "is damaged: it.jsonl, line 3"),
        (b'"method":"POST"', b'"meth', "is damaged: it.jsonl, line 3"),
        (b'{"whereasync_recording":1,', b"{", "is no recording, or not a whole one"),
    ],
)
def test_damaged(old: bytes, new: bytes, telling: str, tmp_path: Path) -> None:
    """Each is one line with a next step."""
    path = damage(tmp_path, old, new)
    with pytest.raises(BadInputError, match=telling) as caught:
        recordings.read(path)
    assert "\n" not in caught.value.what
    assert "whereasync record" in caught.value.hint


def test_cut_in_the_middle_of_a_line(tmp_path: Path) -> None:
    """As a full disk leaves it."""
    path = recordings.locate(tmp_path, "it")
    recordings.write(path, RECORDING)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadInputError, match="damaged"):
        recordings.read(path)


def test_empty_or_missing(tmp_path: Path) -> None:
    """Is no recording either."""
    with pytest.raises(BadInputError, match="can't be read: no such file"):
        recordings.read(tmp_path / "none.jsonl")
    (tmp_path / "none.jsonl").touch()
    with pytest.raises(BadInputError, match="is no recording"):
        recordings.read(tmp_path / "none.jsonl")
