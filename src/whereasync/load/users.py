"""The users of one side: each has one connection, and one request under way or none.

They share one loop, one record and one fate: the first fault ends all of them. A newcomer would
give every user a coroutine; a callback that sends the next request at once costs a fifth of that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from whereasync.load.http import (
    NO_VIEW_TIME,
    Connection,
    LostAnswerError,
    check_loopback,
    compose,
    lost_in_time,
    now,
    refused,
    unexpected_status,
)
from whereasync.load.samples import WARM_UP

if TYPE_CHECKING:
    from whereasync.load.pacing import Pacer
    from whereasync.load.samples import Samples
    from whereasync.model import Fault, Request, Target

NS = 1e-9


class Users:
    """``clients`` users who repeat one request, from ``start`` until ``drain``.

    Everything awaited here raises LostAnswerError as soon as a request fails.
    """

    def __init__(  # noqa: PLR0913 # a side has that many properties
        self,
        target: Target,
        request: Request,
        *,
        side: int,
        clients: int,
        timeout: float,
        pacer: Pacer,
        samples: Samples,
    ) -> None:
        check_loopback(target.host)
        self.target = target
        self._request = request
        self._message = compose(request, target)
        self._side = side
        self._slice = WARM_UP
        self._timeout = timeout
        self._intend = pacer.intend
        self._record = samples.append
        self._loop = asyncio.get_running_loop()
        self._connections = {Connection(self, self._message) for _ in range(clients)}
        self._connecting: set[asyncio.Task[None]] = set()
        self._sending = False
        self._owing = 0
        self._promise: asyncio.Future[int] | None = None  # what a slice waits for
        self._fault: Fault | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------ what a slice does

    async def connect(self) -> None:
        """Connect every user who isn't: at first, and after a server closed idle connections.

        Not earlier than needed: a gunicorn sync worker is blocked by a connection that says
        nothing.
        """
        for closed in [each for each in self._connections if not each.is_open]:
            self._replace(closed)
        unmade = [each for each in self._connections if not each.is_open]
        try:
            async with asyncio.timeout(self._timeout):
                await asyncio.gather(*map(self._connect, unmade))
        except TimeoutError:
            self._fail(lost_in_time(self._timeout))
        if self._fault is not None:
            raise LostAnswerError(self._fault)

    def start(self, number: int) -> int:
        """Start all users, in slice ``number``, and return the time (ns)."""
        self._slice = number
        self._sending = True
        self._sweep()
        start = now()
        for connection in tuple(self._connections):
            self._next(connection, start)
        return start

    async def complete(self) -> int:
        """Wait until every user has completed one more request; return when (ns)."""
        self._owing = len(self._connections)
        for connection in self._connections:
            connection.is_owed = True
        return await self._promised()

    async def work(self, seconds: float) -> int:
        """Wait, while the users work, and return when it ended (ns)."""
        promise = self._promised()
        self._loop.call_later(seconds, _keep, promise)
        return await promise

    async def drain(self) -> int:
        """Stop sending, wait until nothing is under way, and return when that was (ns)."""
        self._sending = False
        end = await self.complete()
        self._stop_sweeping()
        return end

    def close(self) -> None:
        """Drop all connections at once."""
        self._sending = False
        self._stop_sweeping()
        for connecting in self._connecting:
            connecting.cancel()
        for connection in self._connections:
            connection.close()

    # ------------------------------------------------------------ what connections tell

    def finish(self, connection: Connection, done: int) -> None:
        """Record an answer and send the user's next request (hot)."""
        status = connection.status
        self._record(
            self._side,
            self._slice,
            connection.intended,
            connection.sent,
            connection.first_byte,
            done,
            status,
            connection.size,
            NO_VIEW_TIME,
        )
        connection.intended = 0
        if status != self._request.status:
            self._fail(unexpected_status(self._request, status))
            return
        if connection.is_owed:
            self._settle(connection, done)
        if self._sending:
            intended = self._intend(done)
            if intended <= done and connection.is_open:
                connection.send(intended)
            else:
                self._next(connection, intended)

    def lose(self, connection: Connection, fault: Fault) -> None:
        """Try again on a fresh connection if this one was stale; else end everything."""
        if connection.is_stale:
            self._renew(connection, connection.intended)
        else:
            self._record_lost(connection)
            self._fail(fault)

    # ------------------------------------------------------------ inside

    def _next(self, connection: Connection, intended: int) -> None:
        early = intended - now()
        if early > 0:
            # libuv's timers count whole ms and may fire early: look again, and spin the last bit
            self._loop.call_later(early * NS, self._next, connection, intended)
        else:
            self._begin(connection, intended)

    def _begin(self, connection: Connection, intended: int) -> None:
        if connection.is_open:
            connection.send(intended)
        else:
            self._renew(connection, intended)

    def _renew(self, old: Connection, intended: int) -> None:
        """Give a user a new connection, whose making counts in the latency."""
        fresh = self._replace(old)
        fresh.intended, fresh.is_owed = intended, old.is_owed
        task = self._loop.create_task(self._connect_and_send(fresh))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def _replace(self, old: Connection) -> Connection:
        fresh = Connection(self, self._message)
        self._connections.remove(old)
        self._connections.add(fresh)
        return fresh

    async def _connect_and_send(self, connection: Connection) -> None:
        await self._connect(connection)
        if connection.is_open:
            connection.send(connection.intended)

    async def _connect(self, connection: Connection) -> None:
        try:
            await self._loop.create_connection(
                lambda: connection, self.target.host, self.target.port
            )
        except OSError as error:
            self.lose(connection, refused(self.target, error))

    def _settle(self, connection: Connection, done: int) -> None:
        connection.is_owed = False
        self._owing -= 1
        if self._owing == 0 and self._promise is not None and not self._promise.done():
            self._promise.set_result(done)

    def _promised(self) -> asyncio.Future[int]:
        self._promise = self._loop.create_future()
        if self._fault is not None:
            self._promise.set_exception(LostAnswerError(self._fault))
        return self._promise

    def _fail(self, fault: Fault) -> None:
        if self._fault is None:
            self._fault = fault
            if self._promise is not None and not self._promise.done():
                self._promise.set_exception(LostAnswerError(fault))
        self.close()

    def _record_lost(self, connection: Connection) -> None:
        if not connection.intended:  # lost before there was a request
            return
        row = (connection.intended, connection.sent, connection.first_byte, now(), 0)
        self._record(self._side, self._slice, *row, connection.size, NO_VIEW_TIME)

    def _sweep(self) -> None:
        """Look for requests that take too long, a few times per timeout: no timer a request."""
        limit = now() - int(self._timeout / NS)
        for connection in self._connections:
            if 0 < connection.intended < limit:
                self._record_lost(connection)
                self._fail(lost_in_time(self._timeout))
                return
        self._sweeper = self._loop.call_later(min(1.0, self._timeout / 4), self._sweep)

    def _stop_sweeping(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None


def _keep(promise: asyncio.Future[int]) -> None:
    if not promise.done():
        promise.set_result(now())
