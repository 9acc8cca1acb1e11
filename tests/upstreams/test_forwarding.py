"""What goes to a real service, and what is kept of its answer."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict

from whereasync.upstreams.forwarding import (
    Directory,
    choose_headers,
    decompress,
    explain,
    keep_body,
    keep_length,
)

KEY: Any = aiohttp.client_reqrep.ConnectionKey("a.example", 443, True, True, None, None, None)


def test_headers_of_the_client() -> None:
    """All but the connection's, repeated ones too; of codings those that can be read."""
    chosen = choose_headers(
        CIMultiDict(
            [
                ("Host", "a.example"),
                ("Authorization", "Bearer abc"),
                ("Connection", "keep-alive"),
                ("X-A", "1"),
                ("X-A", "2"),
                ("accept-encoding", "br;q=1.0, gzip;q=0.8, zstd"),
                ("Expect", "100-continue"),
            ]
        )
    )
    assert list(chosen.items()) == [
        ("Authorization", "Bearer abc"),
        ("X-A", "1"),
        ("X-A", "2"),
        ("Accept-Encoding", "gzip;q=0.8"),
    ]
    assert choose_headers({"Accept-Encoding": "br"}) == {"Accept-Encoding": "identity"}
    assert choose_headers({}) == {}


RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("body", "coding", "read"),
    [
        (b"a", "", b"a"),
        (b"", "gzip", b""),
        (gzip.compress(b"a", mtime=0), "gzip", b"a"),
        (zlib.compress(b"a"), "deflate", b"a"),
        (RAW.compress(b"a") + RAW.flush(), "deflate", b"a"),
        (b"no gzip", "gzip", None),
        (b"a", "br", None),
    ],
)
def test_decompressed(body: bytes, coding: str, read: bytes | None) -> None:
    """As far as the standard library can."""
    assert decompress(body, coding) == read


@pytest.mark.parametrize(
    ("body", "headers", "kept"),
    [
        (b"<p>", {"Content-Type": "text/html"}, {"text": "<p>"}),
        (b'{"token": "ab"}', {"Content-Type": "application/json"}, {"text": '{"token": "**"}'}),
        (
            gzip.compress(b"{}", mtime=0),
            {"Content-Type": "application/hal+json", "Content-Encoding": "gzip"},
            {"text": "{}"},
        ),
        (b"\xff\xfe", {"Content-Type": "text/plain"}, {"data": b"\xff\xfe"}),
        (b"\x89PNG", {"Content-Type": "image/png"}, {"data": b"\x89PNG"}),
        (b"?", {"Content-Type": "text/html", "Content-Encoding": "br"}, {"data": b"?"}),
        (b"?", {}, {"data": b"?"}),
    ],
)
def test_bodies(body: bytes, headers: dict[str, str], kept: dict[str, object]) -> None:
    """Text where a person can read it, bytes elsewhere."""
    assert keep_body(body, headers) == kept


def test_the_length_of_a_head() -> None:
    """Nothing else tells it."""
    headers = (("A", "b"), ("content-length", "7"))
    assert keep_length("HEAD", headers) == (("content-length", "7"),)
    assert keep_length("GET", headers) == ()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError("?")), "its name isn't known"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("?")),
            "its certificate isn't trusted here",
        ),
        (
            aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "Connection refused")),
            "connection refused",
        ),
        (aiohttp.ClientConnectorError(KEY, OSError("?")), "it can't be reached"),
        (TimeoutError(), "nothing came in 120 s"),
        (aiohttp.ServerDisconnectedError(), "the connection broke (ServerDisconnectedError)"),
    ],
)
def test_why_nothing_came(error: Exception, said: str) -> None:
    """In a few words."""
    assert explain(error) == said


def test_where_services_really_are() -> None:
    """As told, else as the system says."""

    async def resolve(host: str, port: int) -> tuple[str, int]:
        directory = Directory({"a.example:443": "127.0.0.9:8443"})
        [found, *_] = await directory.resolve(host, port)
        await directory.close()
        return found["host"], found["port"]

    assert asyncio.run(resolve("a.example", 443)) == ("127.0.0.9", 8443)
    assert asyncio.run(resolve("localhost", 80))[1] == 80
