"""What is asked of which server, and which two are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Interface(StrEnum):
    """How a server calls a Django project."""

    WSGI = "wsgi"
    ASGI = "asgi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """An interpreter and distributions that the project runs on."""

    name: str  # what a reader calls it: "article", or the words it was given as
    python: str  # "3.9" or "3.9.18"
    requirements: tuple[str, ...]  # as pip takes them


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, and what its answer must look like."""

    path: str  # with its query string
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    status: int = 200  # anything else is a fault
    volatile: tuple[str, ...] = ()  # regular expressions, masked before answers are compared
    recipe: str = ""  # the configured request whose parameters fill the path's {places}
    user: str = ""  # whose session it carries; empty: nobody's


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to serve the project: a server of the table, with its options."""

    server: str
    interface: Interface
    options: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return ",".join([self.server, *(f"{key}={value}" for key, value in self.options.items())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a cell: a request to one of the block's arms."""

    role: str  # "wsgi" and "asgi", or "a" and "b"; which arm that is, the sweep decides
    request: Request
    label: str  # what a reader calls it: "sync", "gathered"
    waits: float | None = None  # s that its calls wait, in turn or gathered; None: nobody says


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One workload at one concurrency, asked of two sides that must answer alike."""

    name: str  # "<family>-<clients>", unique in the run, and a file name
    chapter: int
    topic: str  # what the row is called: "GET, 10 objects"
    clients: int  # closed loop: users; open loop: connections at most
    a: Side
    b: Side
    rate: float | None = None  # requests/s offered to each side (open loop); None: closed loop
    is_same_work: bool = True  # the sides must answer alike; else that is a caveat
    wait: float | None = None  # s that each call behind the view waits; None: nobody says
    calls: int = 1  # … and how many of them a request makes

    @property
    def family(self) -> str:
        """The cell's name without its number of clients."""
        return self.name.rpartition("-")[0]

    @property
    def is_change(self) -> bool:
        """Whether both sides ask the same server: before a change, and after it."""
        return self.a.role == self.b.role
