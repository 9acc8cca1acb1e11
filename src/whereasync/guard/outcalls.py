"""Reads who called out: the lines that the guest's fence writes, one JSON object each.

Only Python's own sockets are in it. C code (libpq, uvloop, curl) and children are held as well, but
by the kernel, which counts and doesn't name: ``Guard.count_attempts``.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

from whereasync import serial
from whereasync.errors import WhereAsyncError
from whereasync.model import Outcall

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address
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
    """Return what to do about a call: only HTTP is stood in for, and only a name's is recorded."""
    address = _find_address(call.target)
    if not call.service and address is None and not call.target.startswith("/"):
        return "declare what it answers in [stand-ins], or record it: whereasync record"
    if not call.service and address is not None and address.is_loopback:
        return "if it speaks HTTP, declare what it answers in [stand-ins]"
    return "configure the project without it, or swap the view that calls it: --swap-b"


def _find_address(target: str) -> IPv4Address | IPv6Address | None:
    host, _, _ = target.rpartition(":")
    with suppress(ValueError):
        return ip_address(host)
    return None


def _read(line: bytes) -> Outcall | None:
    try:
        return serial.decode(line, Outcall)
    except WhereAsyncError:
        return None
