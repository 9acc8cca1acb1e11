"""The same requests through Django's test tools and through servers, one or several at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from whereasync.model.failures import Fault


class Way(StrEnum):
    """How a request gets to its view."""

    WSGI = "WSGI server"
    CLIENT = "Client"
    FACTORY = "request factory"  # RequestFactory for a sync view, AsyncRequestFactory for an async
    ASGI = "ASGI server"
    ASYNC_CLIENT = "AsyncClient"
    WRAPPED = "AsyncClient, wrapped"  # each request in a ThreadSensitiveContext of its own
    HANDLER = "ASGI handler"  # what a server calls, without the server

    @property
    def is_real(self) -> bool:
        """Whether there is a server and a socket."""
        return self in (Way.WSGI, Way.ASGI)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """So many requests sent at once, timed until the last answer was there."""

    view: str  # a name of ``demo.emulation.VIEWS``
    variant: str  # "sync" or "async"
    way: Way
    clients: int  # at once
    run: int
    seconds: float | None = None  # from the first one's sending to the last one's answer
    in_view: float | None = None  # s, the mean of the views' own clocks
    fault: Fault | None = None
