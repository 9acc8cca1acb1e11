"""Stand-ins for the services that a project calls: what they answer, and what they saw.

An origin is written as a browser writes it, ``https://api.example.com``, with the port only where
it isn't the scheme's own. A newcomer would keep request headers in a recording: they hold secrets,
and nothing is matched by them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whereasync.model.guarding import Outcall


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInRoute:
    """One declared answer."""

    path: str  # "/items/{id}", "/files/*", "/search?page=2"
    method: str = ""  # empty: any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    latency: str = "0ms"  # as upstreams.latency reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """What one origin answers, as declared."""

    origin: str
    routes: tuple[StandInRoute, ...]
    connect: str = "0ms"  # what a new connection costs, before its first answer


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """All that a project's configuration says of stand-ins."""

    declared: tuple[StandIn, ...] = ()
    recording: str = ""  # its name; empty: the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request of the project to a real service, and its answer, without secrets."""

    method: str
    url: str  # masked
    body_hash: str = ""  # of the request's body, its secrets masked; empty: it had none
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""  # the answer's body, decompressed and masked …
    data: bytes = b""  # … or as it came, where it is no text
    connect: float = 0.0  # s for name, TCP and TLS
    latency: float  # s from the request to the answer's head, on a connection that is there
    transfer: float = 0.0  # s from the answer's head to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One pass over a project's outbound calls, in the order in which they were made."""

    made: str  # "2026-11-23T21:00:00Z"
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One socket of the stand-ins."""

    address: str
    port: int  # 0: a free one
    is_tls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInJob:
    """What the process of the stand-ins is told."""

    directory: str  # ours; where it writes its authority, its account and what it records
    listeners: tuple[Listener, ...]
    declared: tuple[StandIn, ...] = ()
    recording: str = ""  # a file to be replayed
    seed: int = 0
    is_recording: bool = False  # what nothing is declared for goes to the real service
    doors: str = ""  # a Unix socket on which the listening sockets come; empty: it opens them
    names_address: str = ""  # answer every name with it, on port 53 there; empty: answer none
    addresses: dict[str, str] = field(default_factory=dict)  # "host:port" → where it really is
    trusted: str = ""  # a bundle to verify real services with; empty: certifi's


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInReady:
    """What the process of the stand-ins writes once it listens."""

    listeners: tuple[Listener, ...]  # with their real ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A request that no stand-in had an answer for, or that a real service gave none to."""

    method: str
    url: str  # masked
    count: int
    reason: str = ""  # empty: nothing was declared or recorded for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A host whose stand-in a client of the project wouldn't talk to."""

    host: str  # as the client named it; empty: it named none
    reason: str  # its alert, "unknown_ca"; "left": it shook hands and closed without a request
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInAccount:
    """What the stand-ins saw up to now."""

    answered: dict[str, int] = field(default_factory=dict)  # origin → answers
    unanswered: tuple[Unanswered, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    names: tuple[str, ...] = ()  # hosts that were looked up, where we answer names


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of the pass to the project itself, and what it answered."""

    method: str
    path: str
    status: int  # 0: it gave no answer
    expected: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPass:
    """What ``whereasync record`` found."""

    file: str  # where the recording lies; empty: nothing was recorded
    recording: Recording
    account: StandInAccount
    asked: tuple[Asked, ...]
    outcalls: tuple[Outcall, ...] = ()  # what was refused, since it was no name's HTTP
    is_whole: bool = True  # False: interrupted
