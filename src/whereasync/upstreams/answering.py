"""The stand-ins' one answer to every request: declared, else recorded, else real, else 501.

It is a server of aiohttp below its router: a stand-in's CPU is taken from the same machine as the
project's. A newcomer would wait a new connection's price at its handshake, where no library lets
one: it is waited before the connection's first answer, which a client can't tell apart.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web
from multidict import CIMultiDict

from whereasync.model import StandInAccount, Unanswered
from whereasync.upstreams.authority import LEFT, Refusals
from whereasync.upstreams.latency import Latency, parse_latency
from whereasync.upstreams.masking import mask_url
from whereasync.upstreams.matching import Pattern, compile_routes, match
from whereasync.upstreams.origins import name_origin
from whereasync.upstreams.replaying import Answer, Timing

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from random import Random

    from aiohttp.web_protocol import RequestHandler

    from whereasync.model import StandIn, StandInRoute
    from whereasync.upstreams.forwarding import Forwarder
    from whereasync.upstreams.replaying import Replay

NOT_IMPLEMENTED, BAD_GATEWAY = 501, 502
_KEEP_ALIVE = 3600.0  # s: it must never be the stand-in that closes
_TOGETHER = 0.002  # s; a body that came sooner after its head is sent with it
_KEPT = 500  # different requests without an answer: the rest are one
_NONE = Timing(connect=0.0, latency=0.0, transfer=0.0)
_HINT = "declare it below [stand-ins], or record it: whereasync record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What one origin answers, ready to be asked."""

    patterns: tuple[Pattern, ...]
    connect: Latency
    latencies: dict[str, Latency]


def prepare(stand_ins: Iterable[StandIn]) -> dict[str, Declared]:
    """Return origin → what it answers."""
    return {
        each.origin: Declared(
            patterns=compile_routes(each.routes),
            connect=parse_latency(each.connect),
            latencies={route.latency: parse_latency(route.latency) for route in each.routes},
        )
        for each in stand_ins
    }


class Desk(web.Server):
    """Answers whatever comes over any of the stand-ins' sockets."""

    def __init__(
        self,
        declared: dict[str, Declared],
        replay: Replay | None,
        forwarder: Forwarder | None,
        random: Random,
    ) -> None:
        """Take what there is to answer with, each only if what stands before it has nothing."""
        super().__init__(self.answer, keepalive_timeout=_KEEP_ALIVE, access_log=None)
        self.declared, self.replay, self.forwarder = declared, replay, forwarder
        self.random = random
        self.changed: Callable[[], None] = lambda: None
        self.answered: Counter[str] = Counter()
        self.unanswered: Counter[tuple[str, str, str]] = Counter()
        self.refusals = Refusals()
        self.silent: dict[Any, tuple[str, str]] = {}  # connection without a request → scheme, name

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Note the name that a TLS client asked for."""
        secured: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        scheme = "http" if secured is None else "https"
        self.silent[handler] = (scheme, getattr(secured, "heard", ""))
        super().connection_made(handler, transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Count a TLS client that left without a request: it may have pinned a certificate."""
        scheme, name = self.silent.pop(handler, ("", ""))
        if scheme == "https":
            self.refusals.add(name, LEFT)
        super().connection_lost(handler, exc)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, as late as it is said to be; a defect of ours is counted aloud."""
        try:
            return await self._answer(request)
        except OSError:  # the client has left
            raise
        except Exception as error:
            origin = _name_origin(request)
            self._note(request, origin, f"the stand-in failed: {type(error).__name__}")
            raise

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        is_first = self.silent.pop(request.protocol, None) is not None
        body = await request.content.read()
        origin = _name_origin(request)
        found = self._find(request, origin, body)
        if found is None and self.forwarder is not None:
            return self._relay(request, origin, await self.forwarder.forward(request, origin, body))
        if found is None:
            return self._refuse(request, origin)
        answer, timing = found
        self.answered[origin] += 1
        self.changed()
        await asyncio.sleep(timing.latency + (timing.connect if is_first else 0.0))
        return await _send(request, answer, timing.transfer)

    def _find(
        self, request: web.BaseRequest, origin: str, body: bytes
    ) -> tuple[Answer, Timing] | None:
        declared = self.declared.get(origin)
        if declared is not None:
            route = match(declared.patterns, request.method, request.raw_path)
            if route is not None:
                return self._take(declared, route)
        if self.replay is None:
            return None
        kind = request.headers.get("Content-Type", "")
        return self.replay.find(request.method, origin + request.raw_path, body, kind)

    def _take(self, declared: Declared, route: StandInRoute) -> tuple[Answer, Timing]:
        timing = Timing(
            connect=declared.connect.draw(self.random),
            latency=declared.latencies[route.latency].draw(self.random),
            transfer=0.0,
        )
        return Answer(status=route.status, headers=route.headers, body=route.body), timing

    def _relay(
        self, request: web.BaseRequest, origin: str, answer: Answer | str
    ) -> web.StreamResponse:
        """Pass on what the real service answered, or say why it didn't."""
        if isinstance(answer, str):
            url = self._note(request, origin, answer)
            return _say(BAD_GATEWAY, f"{request.method} {url} got no answer: {answer}", "")
        self.answered[origin] += 1
        self.changed()
        return _build(answer)

    def _refuse(self, request: web.BaseRequest, origin: str) -> web.Response:
        url = self._note(request, origin, "")
        return _say(NOT_IMPLEMENTED, f"no stand-in answers {request.method} {url}", _HINT)

    def _note(self, request: web.BaseRequest, origin: str, reason: str) -> str:
        url = mask_url(origin + request.raw_path)
        key = (request.method, url, reason)
        if key not in self.unanswered and len(self.unanswered) >= _KEPT:
            key = (request.method, f"{origin}/…", reason)
        self.unanswered[key] += 1
        self.changed()
        return url

    def account(self, names: Iterable[str] = ()) -> StandInAccount:
        """Return what was seen up to now, what went wrong most often first."""
        from whereasync.model import Refusal

        return StandInAccount(
            answered=dict(self.answered),
            unanswered=tuple(
                Unanswered(method=method, url=url, count=count, reason=reason)
                for (method, url, reason), count in self.unanswered.most_common()
            ),
            refusals=tuple(
                Refusal(host=host, reason=reason, count=count)
                for (host, reason), count in self.refusals.counts.most_common()
            ),
            names=tuple(names),
        )


def _name_origin(request: web.BaseRequest) -> str:
    return name_origin("https" if request.secure else "http", request.headers.get("Host", ""))


async def _send(request: web.BaseRequest, answer: Answer, transfer: float) -> web.StreamResponse:
    """Send an answer, its body ``transfer`` seconds after its head."""
    if transfer < _TOGETHER or not answer.body or request.method == "HEAD":
        await asyncio.sleep(transfer)
        return _build(answer)
    response = web.StreamResponse(status=answer.status, headers=CIMultiDict(answer.headers))
    response.content_length = len(answer.body)
    await response.prepare(request)
    await asyncio.sleep(transfer)
    await response.write(answer.body)
    await response.write_eof()
    return response


def _build(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, headers=CIMultiDict(answer.headers), body=answer.body)


def _say(status: int, what: str, hint: str) -> web.Response:
    said = {"error": f"whereasync: {what}", **({"next": hint} if hint else {})}
    return web.Response(
        status=status, body=json.dumps(said).encode(), content_type="application/json"
    )
