"""One HTTP/1.1 connection to a server on this machine, and the four times of every request.

Nothing here knows of users, slices or rates: an ``Owner`` says when to send and is told when an
answer is whole. All times are ``time.monotonic_ns``: on Linux ``perf_counter_ns`` is the same clock
under another name, but on macOS it isn't, so the two must never be mixed.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Protocol

import httptools

from whereasync.errors import BadInputError
from whereasync.model import Fault, Void

if TYPE_CHECKING:
    from collections.abc import Callable

    from whereasync.model import Request, Target

FORM = "application/x-www-form-urlencoded"
NO_VIEW_TIME = -1
END_OF_HEAD = b"\r\n\r\n"
LOG = "look at the server's log, in the run's directory"
_VIEW = re.compile(
    rb"(?:^|,)\s*view\s*(?:;[^,;]*)*?;\s*dur\s*=\s*\"?([0-9]+(?:\.[0-9]*)?)", re.IGNORECASE
)
_SIZED = re.compile(rb"\r\n(?:content-length|transfer-encoding)\s*:", re.IGNORECASE)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token, RFC 9110 section 5.6.2

now = time.monotonic_ns


def check_loopback(host: str) -> None:
    """Refuse every host that isn't a literal loopback address: 127.0.0.0/8 or ::1."""
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:  # a name: who knows where it points
        loopback = False
    if not loopback:
        raise BadInputError(
            f"load never leaves loopback, and {host!r} is no loopback address.",
            "Start the server on 127.0.0.1",
        )


def compose(request: Request, target: Target) -> bytes:
    """Return the bytes of a request, the same for every repetition.

    Host, and for a body Content-Length and the form content type, are added unless the request
    names them. Raises BadInputError for what can't be sent on one line, and for HEAD and CONNECT,
    whose answers the parser can't tell apart from those of GET.
    """
    if request.method in {"HEAD", "CONNECT"} or not _NAME.fullmatch(request.method):
        raise BadInputError(
            f"{request.method!r} requests can't be measured.", "Use GET, POST, PUT, PATCH or DELETE"
        )
    body = request.body.encode()
    headers = {"Host": f"[{target.host}]" if ":" in target.host else target.host}
    headers["Host"] += f":{target.port}"
    if body or request.method in {"POST", "PUT", "PATCH"}:
        headers |= {"Content-Length": str(len(body)), "Content-Type": FORM}
    named = {name.lower() for name, _ in request.headers}
    added = [(name, value) for name, value in headers.items() if name.lower() not in named]
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in (*added, *request.headers)]
    if not request.path.startswith("/") or " " in request.path or not _is_clean(lines):
        raise BadInputError(
            f"The request to {request.path!r} isn't valid HTTP.",
            "Write the path from / with %20 for a space; no line breaks in path or headers",
        )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _is_clean(lines: list[str]) -> bool:
    return not any(character in line for line in lines for character in "\r\n\0")


def parse_view_time(value: bytes) -> int:
    """Return the ns of ``view;dur=…`` (ms) in a Server-Timing header, or NO_VIEW_TIME."""
    found = _VIEW.search(value)
    return round(float(found[1]) * 1e6) if found else NO_VIEW_TIME


class Owner(Protocol):
    """Whoever sends on a connection."""

    def finish(self, connection: Connection, done: int) -> None:
        """Take note that the answer is whole; may send the next request at once."""

    def lose(self, connection: Connection, fault: Fault) -> None:
        """Take note that no answer will come. A ``is_stale`` connection deserves a second try."""


class Connection(asyncio.Protocol):
    """A keep-alive connection with at most one request under way; it is opened only once.

    ``first_byte`` is that of the body, and 0 until then: a server may send the head long before
    (uvicorn does), but nobody can use it. The end's, where there is no body. Every attribute is
    read once or more per request, so they are plain slots, and nothing is wrapped.
    """

    __slots__ = (
        "_feed",
        "_head",
        "_is_busy",
        "_is_kept",
        "_is_whole",
        "_owner",
        "_parser",
        "_transport",
        "_write",
        "begun",
        "first_byte",
        "intended",
        "is_open",
        "is_owed",
        "is_reused",
        "message",
        "sent",
        "size",
        "status",
    )

    def __init__(self, owner: Owner, message: bytes) -> None:
        """Take the owner, and the bytes that each ``send`` sends."""
        self._owner = owner
        self.message = message
        self._parser: Any = httptools.HttpResponseParser(self)
        self._feed: Callable[[bytes], None] = self._parser.feed_data
        self._transport: asyncio.Transport | None = None
        self._write: Callable[[bytes], None]
        self._is_busy = self._is_whole = self._is_kept = False
        self._head = b""
        self.intended = self.sent = self.first_byte = self.size = self.status = 0
        self.begun = 0  # the owner's mark: when the making began that a request waits for
        self.is_open = False
        self.is_reused = False  # it has carried a whole answer
        self.is_owed = False  # the owner's mark: it waits for this connection's next answer

    # ------------------------------------------------------------ for the owner

    def send(self, intended: int) -> None:
        """Send the request that was due at ``intended`` ns, on an open connection that is free."""
        self.intended = intended
        self.first_byte = self.size = 0
        self._head = b""
        self._is_busy = True
        self.sent = now()
        self._write(self.message)

    def close(self) -> None:
        """Drop the connection and whatever is under way; the owner hears nothing of it."""
        self._is_busy = self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    @property
    def is_stale(self) -> bool:
        """Whether the server had closed a kept-alive connection before it saw this request."""
        return self.is_reused and not self._head

    # ------------------------------------------------------------ for the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment] # a TCP transport writes
        self._write = transport.write  # type: ignore[attr-defined]
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Take part of an answer. The hottest function of the house: measure before touching."""
        if self.first_byte == 0:
            self._head += data
            if not data.endswith(END_OF_HEAD):
                self.first_byte = now()
        self.size += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._fail(Void.MALFORMED, f"The answer is not HTTP: {error}")
            return
        if self._is_whole:
            self._finish(now())

    def on_message_complete(self) -> None:
        """Take note from the parser that the answer is whole."""
        self.status = self._parser.get_status_code()
        self._is_whole = self.status >= 200  # 1xx: the answer proper is still to come
        self._is_kept = self._parser.should_keep_alive()  # later, llhttp has forgotten

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner if something was under way, and give the parser back."""
        self.is_open = False
        if self._is_busy and exc is None and self._is_ended_by_close():
            self.status = self._parser.get_status_code()
            self._finish(now())
        elif self._is_busy:
            when = "in the middle of" if self._head else "before"
            why = f": {exc}" if exc else ""
            self._fail(Void.CONNECTION, f"The server closed the connection {when} its answer{why}")
        self._parser = self._feed = None  # type: ignore[assignment] # a cycle, and gc is off

    # ------------------------------------------------------------ both

    def _finish(self, done: int) -> None:
        self._is_whole = False
        if not self._is_busy:  # nobody asked: a "408 Request Timeout" before the server closes
            self.close()
            return
        self._is_busy = False
        self.is_reused = True
        self.first_byte = self.first_byte or done
        if not self._is_kept:
            self.close()
        self._owner.finish(self, done)

    def _fail(self, kind: str, detail: str) -> None:
        was_busy = self._is_busy
        self.close()
        if was_busy:
            self._owner.lose(self, Fault(kind=kind, detail=detail, hint=LOG))

    def _is_ended_by_close(self) -> bool:
        """Whether the answer gave no length, so that its end is the connection's (RFC 9112 6.3)."""
        head, end, _ = self._head.partition(END_OF_HEAD)
        return bool(end) and not _SIZED.search(head)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer with its times in ns."""

    intended: int
    sent: int
    first_byte: int
    done: int
    status: int
    view: int  # NO_VIEW_TIME where the server said nothing
    body: bytes


class _AnswerConnection(Connection):
    """A connection that keeps the body and the view's own time too: slower, for single requests."""

    __slots__ = ("body", "view")

    def send(self, intended: int) -> None:
        self.body = bytearray()
        self.view = NO_VIEW_TIME
        super().send(intended)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"server-timing":
            self.view = max(self.view, parse_view_time(value))

    def on_body(self, data: bytes) -> None:
        self.body += data


class LostAnswerError(Exception):
    """No good answer came; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class Asker:
    """Asks one server, one request at a time, over one connection for as long as it is kept."""

    def __init__(self, target: Target, timeout: float) -> None:
        """Take a loopback ``target`` and the seconds until a request counts as lost."""
        check_loopback(target.host)
        self._target = target
        self._timeout = timeout
        self._connection: _AnswerConnection | None = None
        self._answer: asyncio.Future[int] | None = None

    async def ask(self, request: Request) -> Answer:
        """Return the answer to ``request``, whose status is the expected one.

        Connecting is not timed: latency is from ``sent``. A stale keep-alive connection is
        replaced once. Raises LostAnswerError.
        """
        message = compose(request, self._target)
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._exchange(message)
        except TimeoutError:
            self.close()
            raise LostAnswerError(lost_in_time(self._timeout)) from None
        if answer.status != request.status:
            raise LostAnswerError(unexpected_status(request, answer.status))
        return answer

    async def _exchange(self, message: bytes) -> Answer:
        if self._connection is not None and self._connection.is_open:
            connection = self._connection
            connection.message = message
        else:
            connection = await self._connect(message)
        intended = now()
        self._answer = asyncio.get_running_loop().create_future()
        connection.send(intended)
        try:
            done = await self._answer
        except LostAnswerError:
            if not connection.is_stale:
                raise
            self._connection = None
            return await self._exchange(message)
        return Answer(
            intended=intended,
            sent=connection.sent,
            first_byte=connection.first_byte,
            done=done,
            status=connection.status,
            view=connection.view,
            body=bytes(connection.body),
        )

    async def _connect(self, message: bytes) -> _AnswerConnection:
        self._connection = connection = _AnswerConnection(self, message)
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: connection, self._target.host, self._target.port
            )
        except OSError as error:
            raise LostAnswerError(refused(self._target, error)) from None
        return connection

    def finish(self, connection: Connection, done: int) -> None:
        """Hand the answer over (the connection calls this)."""
        del connection
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(done)

    def lose(self, connection: Connection, fault: Fault) -> None:
        """Hand the fault over (the connection calls this)."""
        del connection
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(LostAnswerError(fault))

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def lost_in_time(timeout: float) -> Fault:
    """Return the fault of a request without an answer after ``timeout`` seconds."""
    return Fault(
        kind=Void.TIMEOUT,
        detail=f"No answer within {timeout:g} s",
        hint="race fewer clients, or look at the server's log",
    )


def refused(target: Target, error: OSError) -> Fault:
    """Return the fault of a connection that couldn't be made."""
    return Fault(
        kind=Void.CONNECTION, detail=f"No connection to port {target.port}: {error}", hint=LOG
    )


def unexpected_status(request: Request, status: int) -> Fault:
    """Return the fault of an answer with another status than the request declares."""
    return Fault(
        kind=Void.STATUS,
        detail=f"{request.method} {request.path} answered {status}, not {request.status}",
        hint=LOG,
    )
