"""Clients that are connected and say nothing: what is asked of a server, and what it did."""

from __future__ import annotations

from dataclasses import dataclass

from whereasync.model.failures import Fault
from whereasync.model.loading import Target
from whereasync.model.requests import Arm, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleJob:
    """All that one idle client process does: connect many, hold them, look, leave."""

    target: Target
    request: Request  # each client's only one: a stream that doesn't end
    visitor: Request  # another visitor's, while all the others are held
    clients: int
    rate: float  # connections/s
    patience: float  # s after the last was begun, for first events
    hold: float  # s during which CPU is counted
    visits: int = 3  # each on a connection of its own
    timeout: float = 2.0  # s until a visit counts as lost
    afterwards: float = 1.0  # s from the clients' leaving to the last look


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleRecord:
    """What the idle client saw of the server. Each client's own times lie in the samples."""

    asked: int  # clients
    baseline_threads: int  # of the server, when it had answered a few visits and nobody was there
    baseline_rss: int  # bytes
    threads: int  # at the end of the hold
    rss: int
    hold: float  # s, as long as it was
    cpu: float  # s of the server's CPU in the hold
    visits: tuple[float, ...]  # s from connecting to the last byte, of those that were answered
    visit_fault: Fault | None = None  # why the next one wasn't
    kept: int | None = None  # connections that the server held still, after all had left


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleArm:
    """One way to serve clients that say nothing."""

    role: str  # a file name, unique in the run
    label: str  # what a reader calls it
    arm: Arm
    request: Request
    visitor: Request
    asgi: str = ""  # the application, where it isn't the project's usual one


@dataclass(frozen=True, slots=True, kw_only=True)
class IdlePlan:
    """What ``demo idle`` measures: each arm so many times, on a server of its own each time."""

    seed: int
    clients: int
    arms: tuple[IdleArm, ...]
    repeats: int
    rate: float  # as in IdleJob, and so are these
    patience: float
    hold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTrial:
    """One arm's turn; its samples lie in ``samples/<role>-<repeat>.npy``."""

    role: str
    repeat: int
    record: IdleRecord | None = None
    fault: Fault | None = None  # why there is no record
