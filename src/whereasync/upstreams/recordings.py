"""Recordings of real services: where they lie, how they are written and read.

A recording is one file of JSON lines, so that a person can read it and take lines out: a head, and
one exchange a line. The head counts them, so one that was cut short is seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from whereasync import serial
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Exchange, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

RECORDINGS = Path(".whereasync") / "recordings"  # below the project's directory
VERSION = 1
_SUFFIX = ".jsonl"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
_AGAIN = "whereasync record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line of a recording."""

    whereasync_recording: int  # the version
    made: str
    exchanges: int


def locate(project: Path, name: str) -> Path:
    """Return where the recording of that name lies, whether or not it is there."""
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"“{name}” can't name a recording", "letters, digits, dots, dashes: --name checkout"
        )
    return project / RECORDINGS / f"{name}{_SUFFIX}"


def find(project: Path, name: str = "") -> Path | None:
    """Return that recording, or the newest; None where none is named and none is there.

    BadInputError where the named one isn't there.
    """
    if name:
        path = locate(project, name)
        if not path.is_file():
            raise BadInputError(
                f"there is no recording “{name}” in {path.parent}", f"{_AGAIN} --name {name}"
            )
        return path
    files = (project / RECORDINGS).glob(f"*{_SUFFIX}")
    return max(files, key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)


def write(path: Path, recording: Recording) -> None:
    """Write a recording for its owner's eyes alone; whatever was there before is replaced whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = Head(
        whereasync_recording=VERSION, made=recording.made, exchanges=len(recording.exchanges)
    )
    lines = [msgspec.json.encode(head), *map(encode_exchange, recording.exchanges)]
    serial.write_bytes(path, b"".join(line + b"\n" for line in lines))
    path.chmod(0o600)


def encode_exchange(exchange: Exchange) -> bytes:
    """Return one line, without its end."""
    return msgspec.json.encode(exchange)


def decode_exchanges(lines: Iterable[bytes], name: str) -> tuple[Exchange, ...]:
    """Read lines back; BadInputError with the line's number for what is none."""
    return tuple(
        _decode(line, Exchange, f"{name}, line {number}")
        for number, line in enumerate(lines, 2)
        if line.strip()
    )


def read(path: Path) -> Recording:
    """Read a recording; BadInputError for another version, one cut short, or what is none."""
    try:
        first, *lines = path.read_bytes().splitlines() or [b""]
    except OSError as error:
        cause = serial.explain(error, f"the recording {path} can't be read")
        raise BadInputError(cause.what, f"ls -l {path}") from error
    head = _decode(first, Head, f"{path} is no recording, or not a whole one: line 1")
    if head.whereasync_recording != VERSION:
        raise BadInputError(
            f"{path} is a recording of version {head.whereasync_recording}, "
            f"and this whereasync reads version {VERSION}",
            _AGAIN,
        )
    exchanges = decode_exchanges(lines, f"the recording {path} is damaged: {path.name}")
    if len(exchanges) < head.exchanges:
        raise BadInputError(
            f"the recording {path} was cut short: it has {len(exchanges)} of "
            f"{head.exchanges} exchanges",
            f"{_AGAIN}, or put {len(exchanges)} into its first line if you took lines out",
        )
    return Recording(made=head.made, exchanges=exchanges)


def _decode(line: bytes, kind: type[T], where: str) -> T:
    try:
        return serial.decode(line, kind)
    except WhereAsyncError as error:
        raise BadInputError(f"{where}: {error.what}", _AGAIN) from None
