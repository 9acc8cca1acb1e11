"""``demo --serve``: database, stand-in and one server, up until somebody ends it. No load."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import machine
from whereasync.bench.stage import stand_in
from whereasync.demo.experiment import ARTICLE_LATENCY
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Arm, Interface, Upstream
from whereasync.processes import supervised
from whereasync.servers import free_port, launch
from whereasync.servers.table import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.bench.demonstration import Setting
    from whereasync.bench.stage import Observer
    from whereasync.servers import Endpoint

_LOOK = 0.5  # s between two looks whether the server still lives


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A demo to click through."""

    endpoint: Endpoint
    lines: tuple[str, ...]  # what to tell the user

    def wait(self) -> None:
        """Wait until the server ends, which it should not: WhereAsyncError."""
        while self.endpoint.child.poll() is None:
            time.sleep(_LOOK)
        raise WhereAsyncError("the server died", "start it again", log=self.endpoint.child.tail())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user wants served, and where."""

    arm: Arm | None  # None: Hypercorn, as in the article
    objects: int
    rates: str
    port: int | None  # None: a free one


def _require_free(port: int) -> None:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0].lower()
        raise BadInputError(
            f"port {port} can't be had: {reason}", "name another --port, or leave it out"
        ) from error


@contextlib.contextmanager
def serve(setting: Setting, wish: Wish, observer: Observer) -> Iterator[Served]:
    """Serve the project while the context lasts; BadInputError for a port that can't be had."""
    arm = wish.arm or Arm(server="hypercorn", interface=Interface.ASGI)
    port = wish.port
    if port:
        _require_free(port)
    observer.stage("start the database")
    with contextlib.ExitStack() as up:
        supervisor = up.enter_context(supervised())
        project = up.enter_context(setting.bring_up(supervisor))
        project.prepare()
        observer.stage(f"load {wish.objects:,} objects")
        dsn = project.make_database("served", wish.objects)
        service = setting.real
        if service is None:
            upstream = Upstream(latency=ARTICLE_LATENCY, rates=wish.rates)
            service = up.enter_context(stand_in(upstream, supervisor))
        observer.stage(f"start {arm}")
        endpoint = up.enter_context(
            launch(
                arm,
                setting.app,
                supervisor,
                env={**project.lead_to(dsn), **project.reach(service)},
                find_port=(lambda: port) if port else free_port,
            )
        )
        facts = project.facts
        yield Served(
            endpoint=endpoint,
            lines=(
                f"Every view, to click through: http://{endpoint.host}:{endpoint.port}/",
                f"Exchange rates: {service.url}",
                f"Database: {facts.vendor} {facts.version}, {dsn}",
                f"Server: {arm}, {machine.name_python()}. Ctrl-C ends it.",
            ),
        )
