"""The users of one side: each has one connection, and one request under way or none.

They share one pacer, one record and one fate: the first fault ends all of them. A newcomer would
give every user a coroutine; a callback that sends the next request at once costs a fifth of that.

Who finds no request due, rests. The last to rest is the first to send: few connections are kept as
busy as a proxy's would be. Taking turns would open all of them, and meet those that the server has
closed for idleness.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from whereasync.load.alarm import Alarm
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
    """``clients`` users at most who repeat one request, from ``start`` until ``drain``.

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
        self._pacer = pacer
        self._intend = pacer.intend
        self._record = samples.append
        self._loop = asyncio.get_running_loop()
        self._connections = {Connection(self, self._message) for _ in range(clients)}
        self._resting: list[Connection] = []  # free and waiting for a slot, the last is the next
        self._alarm = Alarm(self._loop, self._send_due)  # set as long as somebody rests
        self._connecting: set[asyncio.Task[None]] = set()
        self._sending = False
        self._owing = 0
        self._until = 0  # what is intended up to here (ns) is owed
        self._promise: asyncio.Future[int] | None = None  # what a slice waits for
        self._fault: Fault | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------ what a slice does

    async def connect(self) -> None:
        """Connect every user who isn't: at first, and after a server closed idle connections.

        Not earlier than needed: a gunicorn sync worker is blocked by a connection that says
        nothing. A lazy pacer's users connect one by one, when a request is due.
        """
        if self._pacer.is_lazy:
            return
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
        self._pacer.start(start)
        self._resting = sorted(self._connections, key=lambda each: each.is_open)
        self._send_due(start)
        return start

    async def complete(self, until: int, within: float | None = None) -> int:
        """Wait until all requests intended up to ``until`` (ns) are done; return when (ns).

        In the closed loop that is one request of every user. ``within`` so many seconds it gives
        up, and then it ``is_behind``.
        """
        self._until = until
        self._owing = self._pacer.count_due(until) if self._sending else 0
        for connection in self._connections:
            connection.is_owed = 0 < connection.intended <= until
            self._owing += connection.is_owed
        promise = self._promised()
        if not self._owing:
            _keep(promise)
        if within is None:
            return await promise
        giving_up = self._loop.call_later(within, _keep, promise)
        try:
            return await promise
        finally:
            giving_up.cancel()

    @property
    def is_behind(self) -> bool:
        """Whether the last ``complete`` gave up."""
        return self._owing > 0

    async def work(self, seconds: float) -> int:
        """Wait, while the users work, and return when it ended (ns)."""
        promise = self._promised()
        self._loop.call_later(seconds, _keep, promise)
        return await promise

    async def drain(self) -> int:
        """Stop sending, wait until nothing is under way, and return when that was (ns)."""
        self._rest_all()
        end = await self.complete(now())
        self._stop_sweeping()
        return end

    def close(self) -> None:
        """Drop all connections at once."""
        self._rest_all()
        self._alarm.close()
        self._stop_sweeping()
        for connecting in self._connecting:
            connecting.cancel()
        for connection in self._connections:
            connection.close()

    # ------------------------------------------------------------ what connections tell

    def finish(self, connection: Connection, done: int) -> None:
        """Record an answer and send the next request that is due (hot)."""
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
            if intended > done:
                self._rest(connection, intended)
            elif connection.is_open:
                connection.is_owed = intended <= self._until
                connection.send(intended)
            else:
                self._begin(connection, intended)

    def lose(self, connection: Connection, fault: Fault) -> None:
        """Try again on a fresh connection if this one was stale; else end everything."""
        if connection.is_stale:
            self._renew(connection, connection.intended)
        else:
            self._record_lost(connection)
            self._fail(fault)

    # ------------------------------------------------------------ inside

    def _rest(self, connection: Connection, intended: int) -> None:
        self._resting.append(connection)
        if not self._alarm.is_set:
            self._alarm.set(intended)

    def _rest_all(self) -> None:
        self._sending = False
        self._resting.clear()
        self._alarm.cancel()

    def _send_due(self, due: int | None = None) -> None:
        """Let those who rest send all that is due (ns), and set the alarm for what is not yet."""
        due = now() if due is None else due
        while self._resting:
            intended = self._intend(due)
            if intended > due:
                self._alarm.set(intended)
                return
            self._begin(self._resting.pop(), intended)

    def _begin(self, connection: Connection, intended: int) -> None:
        connection.is_owed = intended <= self._until
        if connection.is_open:
            connection.send(intended)
        else:
            self._renew(connection, intended)

    def _renew(self, old: Connection, intended: int) -> None:
        """Give a user a new connection, whose making counts in the latency."""
        fresh = self._replace(old)
        fresh.intended, fresh.is_owed, fresh.begun = intended, old.is_owed, now()
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
            since = connection.sent or connection.begun  # intended may be long ago: the backlog
            if connection.intended and since < limit:
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
