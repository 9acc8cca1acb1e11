"""The way of one recorded pass to the real services: ask, time, mask, write down, pass on.

Each request gets a connection of its own, so that its price is known apart from the answer's. A
newcomer would decompress: the project's client must do what it does, with the bytes that came.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import time
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from multidict import CIMultiDict
from yarl import URL

from whereasync.model import Exchange
from whereasync.upstreams.masking import hash_body, mask_body, mask_headers, mask_url
from whereasync.upstreams.replaying import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from aiohttp import web

_PATIENCE = 120.0  # s for a whole answer; a project's own timeout ends it sooner
_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "content-length", "host", "expect", "proxy-authorization"}
)
_READABLE = frozenset({"gzip", "deflate", "identity", ""})  # codings we can mask in
_DOCUMENTS = re.compile(r"text/|.*\b(json|xml|javascript|x-www-form-urlencoded)\b")


@dataclass(slots=True, kw_only=True)
class Clock:
    """When the steps of one request to a real service were, in s of the monotonic clock."""

    begun: float = 0.0
    connected: float = 0.0


@dataclass(slots=True, kw_only=True)
class Forwarder:
    """Asks the real services, and hands each exchange to ``keep``."""

    session: aiohttp.ClientSession
    keep: Callable[[Exchange], None]

    async def forward(self, request: web.BaseRequest, origin: str, body: bytes) -> Answer | str:
        """Return what the real service answers, or in a line why it answered nothing."""
        if "upgrade" in request.headers.get("Connection", "").lower():
            return "a change of protocol can't be recorded"
        clock = Clock(begun=time.monotonic())
        url = origin + request.raw_path
        try:
            async with self.session.request(
                request.method,
                URL(url, encoded=True),
                headers=choose_headers(request.headers),
                data=body or None,
                allow_redirects=False,
                trace_request_ctx=clock,
            ) as real:
                headed = time.monotonic()
                came = await real.read()
                ended = time.monotonic()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return explain(error)
        headers = tuple(
            (name.decode("latin-1"), value.decode(errors="replace"))
            for name, value in real.raw_headers
        )
        kind = request.headers.get("Content-Type", "")
        connected = clock.connected or clock.begun
        self.keep(
            Exchange(
                method=request.method,
                url=mask_url(url),
                body_hash=hash_body(body, kind),
                status=real.status,
                headers=(*mask_headers(headers), *keep_length(request.method, headers)),
                connect=connected - clock.begun,
                latency=headed - connected,
                transfer=ended - headed,
                **keep_body(came, CIMultiDict(headers)),
            )
        )
        passed = [pair for pair in headers if pair[0].lower() not in _HOP]
        passed += keep_length(request.method, headers)
        return Answer(status=real.status, headers=tuple(passed), body=came)


def choose_headers(given: Mapping[str, str]) -> CIMultiDict[str]:
    """Return what the real service is sent: the client's own headers, without the connection's.

    Of the codings it accepts only those are passed on in which a secret can be found.
    """
    chosen = CIMultiDict((name, value) for name, value in given.items() if name.lower() not in _HOP)
    if accepted := chosen.popall("Accept-Encoding", None):
        codings = [each.strip() for each in ",".join(accepted).split(",")]
        readable = [each for each in codings if each.partition(";")[0].strip() in _READABLE]
        chosen["Accept-Encoding"] = ", ".join(readable) or "identity"
    return chosen


def keep_length(method: str, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the length of a HEAD's answer, which no body tells; nothing for another method."""
    if method != "HEAD":
        return ()
    return tuple(pair for pair in headers if pair[0].lower() == "content-length")


def keep_body(came: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return an answer's body as an exchange has it: masked text, or bytes."""
    kind = headers.get("Content-Type", "")
    body = decompress(came, headers.get("Content-Encoding", ""))
    if body is None:
        return {"data": came}
    masked = mask_body(body, kind)
    try:
        return {"text": masked.decode()} if _DOCUMENTS.match(kind.lower()) else {"data": came}
    except UnicodeDecodeError:
        return {"data": came}


def decompress(body: bytes, coding: str) -> bytes | None:
    """Return a body without its coding; None where we can't read that."""
    if coding not in _READABLE or not body:
        return body if coding in _READABLE else None
    if coding in {"", "identity"}:
        return body
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # by its head; what some call deflate
        try:
            return zlib.decompress(body, bits)
        except zlib.error:
            continue
    return None


def explain(error: Exception) -> str:
    """Say in a few words why a real service gave no answer."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate isn't trusted here"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name isn't known"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno  # its text may be the event loop's, with an address in it
        return os.strerror(number).lower() if number else "it can't be reached"
    if isinstance(error, TimeoutError):
        return f"nothing came in {_PATIENCE:.0f} s"
    return f"the connection broke ({type(error).__name__})"


@dataclass(slots=True)
class Directory(AbstractResolver):
    """Where services really are: as told, else as the system's resolver says."""

    addresses: Mapping[str, str]  # "host:port" → "127.0.0.1:8443"
    system: ThreadedResolver = field(default_factory=ThreadedResolver)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses to try."""
        told = self.addresses.get(f"{host}:{port}")
        if told is None:
            return await self.system.resolve(host, port, family)
        address, _, where = told.rpartition(":")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=int(where),
                family=socket.AF_INET,
                proto=0,
                flags=0,
            )
        ]

    async def close(self) -> None:
        """Have nothing to close."""


async def open_session(addresses: Mapping[str, str], trusted: Path) -> aiohttp.ClientSession:
    """Return the session that a forwarder asks with; ``trusted`` is a bundle of authorities."""
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_note_connected)
    context = await asyncio.to_thread(ssl.create_default_context, cafile=str(trusted))
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=Directory(addresses), ssl=context, force_close=True, use_dns_cache=False
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=_PATIENCE),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        trace_configs=[trace],
        trust_env=True,  # a company's way out is a proxy
    )


async def _note_connected(_: aiohttp.ClientSession, context: Any, __: object) -> None:
    if isinstance(context.trace_request_ctx, Clock):
        context.trace_request_ctx.connected = time.monotonic()
