"""Answers to "where is api.example.com?": always the stand-ins, and who was asked for is noted.

While recording, nobody knows the services beforehand, and this is how every client comes by us, a
C library as well as a subprocess. A newcomer would answer AAAA with an address too: there is none,
and an empty answer is what makes a client take the other.
"""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from whereasync.upstreams.masking import mask_host

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = 53
_HEAD = struct.Struct("!6H")
_A, _IN = 1, 1
_RESPONSE, _RECURSION = 0x8000, 0x0080
_OPCODE, _DESIRED = 0x7800, 0x0100
_KEPT = 500


def read_question(query: bytes) -> tuple[str, int, bytes]:
    """Return the name, the type and the bytes of a query's question; ValueError for none."""
    if len(query) < _HEAD.size or query[2] & 0x80 or _HEAD.unpack_from(query)[2] != 1:
        raise ValueError("no question")
    labels, place = [], _HEAD.size
    while (length := query[place] if place < len(query) else 64) > 0:
        if length > 63:  # a pointer, or the end: no question has either
            raise ValueError("no question")
        labels.append(query[place + 1 : place + 1 + length].decode("ascii", "backslashreplace"))
        place += 1 + length
    if place + 5 > len(query):
        raise ValueError("no question")
    kind = int.from_bytes(query[place + 1 : place + 3], "big")
    return ".".join(labels).lower(), kind, query[_HEAD.size : place + 5]


def build_answer(query: bytes, question: bytes, kind: int, address: str) -> bytes:
    """Return the answer: the address to an A query, nothing to any other."""
    number, flags = struct.unpack_from("!HH", query)
    flags = _RESPONSE | _RECURSION | (flags & (_OPCODE | _DESIRED))
    record = b""
    if kind == _A:
        packed = ipaddress.IPv4Address(address).packed
        record = struct.pack("!HHHIH", 0xC00C, _A, _IN, 0, len(packed)) + packed
    return _HEAD.pack(number, flags, 1, bool(record), 0, 0) + question + record


@dataclass(slots=True)
class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP; ``names`` is who was asked for, in order."""

    address: str
    names: dict[str, None] = field(default_factory=dict)
    changed: Callable[[], None] = lambda: None
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers go out by."""
        self.transport = cast("asyncio.DatagramTransport", transport)  # uvloop's is none by class

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Answer one query; what is none gets nothing."""
        try:
            name, kind, question = read_question(data)
        except ValueError:
            return
        if name not in self.names and len(self.names) < _KEPT:
            self.names[mask_host(name)] = None
            self.changed()
        if self.transport is not None:
            self.transport.sendto(build_answer(data, question, kind, self.address), addr)
