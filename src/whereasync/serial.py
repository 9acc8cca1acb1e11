"""Nouns to JSON and back, and files that are either whole or not there.

A noun's annotations are its schema: reading is strict, and a mismatch says what was expected where.
A newcomer would write NaN for "not measured": JSON has no such number, so it is refused. Use None.
"""

from __future__ import annotations

import errno
import math
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import msgspec

from whereasync.errors import WhereAsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

T = TypeVar("T")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}


def encode(value: object) -> bytes:
    """Turn a noun into indented JSON that ends in a newline: equal nouns give equal bytes.

    Keys keep the order of the noun. NaN and infinity are refused with a WhereAsyncError that says
    where they stand, because ``decode`` couldn't give them back. Text that is no Unicode, as a file
    name of stray bytes, is written with those bytes escaped.
    """
    plain = _clean(msgspec.to_builtins(value), type(value).__name__)
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


def decode(data: bytes, kind: type[T], name: str = "") -> T:
    """Turn JSON into a noun of ``kind``, or raise a WhereAsyncError that names what and where.

    Types are taken strictly ("1" is no number); keys that ``kind`` doesn't know are passed over.
    """
    name = name or getattr(kind, "__name__", str(kind))
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise WhereAsyncError(f"This is JSON, but no {name}: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WhereAsyncError(f"This is no {name}, nor whole JSON: {error}.") from error


def write(path: Path, value: object) -> None:
    """Write a noun as JSON: afterwards ``path`` holds all of it, or what it held before."""
    write_bytes(path, encode(value))


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` aside in the same directory, force it to the disk, and rename it to ``path``.

    An OSError becomes a WhereAsyncError with a next step; whatever ``path`` held before survives.
    """
    try:
        with put_aside(path, durable=True) as file:
            file.write(data)
    except OSError as error:
        raise explain(error, f"{path} can't be written") from error


@contextmanager
def put_aside(path: Path, *, durable: bool) -> Iterator[BinaryIO]:
    """Give a file in the same directory, and rename it to ``path`` once it is written.

    ``durable`` forces it to the disk before. An OSError leaves ``path`` as it was and nothing
    beside it.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.aside")
    try:
        with aside.open("wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        aside.replace(path)
    finally:
        with suppress(OSError):  # renamed, never made, or the error above says more
            aside.unlink()


def read(path: Path, kind: type[T], name: str = "") -> T:
    """Read a noun of ``kind``, for a reader a ``name``; whatever is wrong with it is one line."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise explain(error, f"{path} can't be read") from error
    if not data.strip():
        raise WhereAsyncError(f"{path} is empty: whatever wrote it was stopped too early.")
    try:
        return decode(data, kind, name)
    except WhereAsyncError as error:
        raise WhereAsyncError(f"{path} can't be read. {error.what}", error.hint) from error


def explain(error: OSError, what: str) -> WhereAsyncError:
    """Say a failed file operation in one line, with what to do about it."""
    reason = (error.strerror or type(error).__name__).lower()
    if error.errno in _FULL:
        hint = "Free some space, or name a directory on another disk: --out DIR"
    elif error.errno in _FORBIDDEN:
        hint = "Name a directory that you may write and read: --out DIR"
    elif error.errno == errno.ENOENT:
        hint = "Look at the path: ls -l its directory"
    else:
        hint = "Name another directory: --out DIR"
    return WhereAsyncError(f"{what}: {reason}.", hint)


def _clean(plain: object, place: str) -> object:
    if isinstance(plain, float) and not math.isfinite(plain):
        raise WhereAsyncError(
            f"{place} is {plain}, which is no measurement and can't be written.",
            "This is a defect of whereasync: a figure that wasn't measured must be left out.",
        )
    if isinstance(plain, str):
        return plain.encode(errors="backslashreplace").decode()
    if isinstance(plain, dict):
        return {_clean(key, place): _clean(item, f"{place}.{key}") for key, item in plain.items()}
    if isinstance(plain, list | tuple):
        return [_clean(item, f"{place}[{index}]") for index, item in enumerate(plain)]
    return plain
