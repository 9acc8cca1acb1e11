"""Names are answered with the stand-ins' address."""

from __future__ import annotations

import struct

import pytest

from whereasync.upstreams.naming import NameServer, build_answer, read_question


def build_query(name: str, kind: int = 1) -> bytes:
    """Return a query as a resolver sends it."""
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split(".") if each)
    return struct.pack("!6H", 0xBEEF, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)


def test_an_address() -> None:
    """To whoever asks for IPv4."""
    query = build_query("Api.Example.com")
    name, kind, question = read_question(query)
    assert (name, kind) == ("api.example.com", 1)
    answer = build_answer(query, question, kind, "127.77.0.1")
    assert answer[:12] == struct.pack("!6H", 0xBEEF, 0x8180, 1, 1, 0, 0)
    assert answer[12 : 12 + len(question)] == question
    assert answer.endswith(bytes([0, 4, 127, 77, 0, 1]))


@pytest.mark.parametrize("kind", [28, 65, 15])
def test_nothing_else(kind: int) -> None:
    """AAAA, HTTPS and MX are answered with nothing, which isn't an error."""
    query = build_query("api.example.com", kind)
    _, _, question = read_question(query)
    answer = build_answer(query, question, kind, "127.77.0.1")
    assert struct.unpack_from("!6H", answer)[1:] == (0x8180, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"\0" * 12,
        build_query("a")[:-1],
        build_query("a.example")[:15],
        build_query("a")[:2] + b"\x80" + build_query("a")[3:],  # an answer
        build_query("a")[:12] + b"\xc0\x0c\0\1\0\1",  # a pointer
    ],
)
def test_no_query(query: bytes) -> None:
    """Gets no answer."""
    with pytest.raises(ValueError, match="no question"):
        read_question(query)
    server = NameServer("127.77.0.1")
    server.datagram_received(query, ("127.0.0.1", 1))
    assert not server.names


def test_who_was_asked_for() -> None:
    """In order, each once, and not without end."""
    changes: list[None] = []
    server = NameServer("127.77.0.1", changed=lambda: changes.append(None))
    for name in ("b.example", "a.example", "b.example"):
        server.datagram_received(build_query(name), ("127.0.0.1", 1))
    assert list(server.names) == ["b.example", "a.example"]
    assert len(changes) == 2
    for number in range(600):
        server.datagram_received(build_query(f"{number}.example"), ("127.0.0.1", 1))
    assert len(server.names) == 500
