"""Reads who called out: the lines that the guest's fence writes, one JSON object each.

Only Python's own sockets are in it. C code (libpq, uvloop, curl) and children are held as well, but
by the kernel, which counts and doesn't name: ``Guard.count_attempts``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync import serial
from whereasync.errors import WhereAsyncError
from whereasync.model import Outcall

if TYPE_CHECKING:
    from pathlib import Path

FILE = "outcalls.jsonl"  # below the order's private directory, as the guest's fence.py has it


def read_outcalls(private: Path) -> tuple[Outcall, ...]:
    """Return the calls of all processes, each once, in the order of their first appearance.

    A line that a kill cut short is passed over.
    """
    try:
        lines = (private / FILE).read_bytes().splitlines()
    except OSError:
        return ()
    return tuple(dict.fromkeys(filter(None, map(_read, lines))))


def find_way_on(call: Outcall) -> str:
    """Return what to do about a call: only who speaks HTTP can be stood in for."""
    if call.service or call.target.startswith("/"):
        return "configure the project without it, or swap the view that calls it: --swap-b"
    host = call.target.removesuffix(f":{call.target.rpartition(':')[2]}")
    if host.startswith("127.") or ":" in host:
        return "if it speaks HTTP, declare what it answers in [stand-ins]"
    return "declare what it answers in [stand-ins], or record it: whereasync record"


def _read(line: bytes) -> Outcall | None:
    try:
        return serial.decode(line, Outcall)
    except WhereAsyncError:
        return None
