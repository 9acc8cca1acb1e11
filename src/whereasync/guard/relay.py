"""``python -m whereasync.guard.relay FD``: forwards connections from the namespace to one server.

It stays outside, with listening sockets that were made inside, and reaches nothing but what it was
told at its start. It lives as long as anybody lives in the namespace: what clears the server of our
databases comes after the tool's own end.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

LINGER = 30.0  # s after the tool, at most
_POLL = 0.05  # s
Target = tuple[str, int] | tuple[str]


class Side(asyncio.Protocol):
    """One end of a forwarded connection: what it receives goes to the other, at its pace."""

    def __init__(self, other: Side | None = None) -> None:
        self.other = other
        self.transport: asyncio.Transport | None = None
        self.early = b""  # received before there was another
        self.is_over = False  # it will send no more

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Forward, or keep until there is another end: uvloop can't pause what hasn't begun."""
        if self.other is None:
            self.early += data
        elif (to := self.other.transport) is not None:
            to.write(data)

    def eof_received(self) -> bool:
        """Forward the end of what is sent; keep the other direction until it has ended too."""
        self.is_over = True
        if self.other is None:
            return True
        to = self._facing()
        if to is None or self.other.is_over:
            return False
        to.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """End the other end."""
        del error
        if (to := self._facing()) is not None:
            to.close()
        self.transport = None

    def pause_writing(self) -> None:
        """Stop reading at the other end: this one's reader is slow."""
        self._read_there(is_on=False)

    def resume_writing(self) -> None:
        """Read on at the other end."""
        self._read_there(is_on=True)

    def _read_there(self, *, is_on: bool) -> None:
        to = self._facing()
        if to is not None and not to.is_closing():
            to.resume_reading() if is_on else to.pause_reading()

    def _facing(self) -> asyncio.Transport | None:
        return self.other.transport if self.other else None


class Inner(Side):
    """The end inside the namespace: it has the outer one made."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.target = target
        self.task: asyncio.Task[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the server, and begin."""
        super().connection_made(transport)
        self.task = asyncio.get_running_loop().create_task(self._begin())

    async def _begin(self) -> None:
        try:
            _, outer = await reach(self.target, partial(Side, self))
        except OSError:
            if self.transport is not None:
                self.transport.abort()
            return
        self.other = outer
        if outer.transport is None:
            return
        outer.transport.write(self.early)
        if self.is_over:
            outer.transport.write_eof()
        if self.transport is None:  # it left meanwhile
            outer.transport.close()


async def reach(target: Target, factory: Any) -> tuple[asyncio.BaseTransport, Side]:
    """Connect to a Unix socket's path, or to host and port."""
    loop = asyncio.get_running_loop()
    if len(target) == 1:
        return cast(
            "tuple[asyncio.BaseTransport, Side]",
            await loop.create_unix_connection(factory, target[0]),
        )
    return cast(
        "tuple[asyncio.BaseTransport, Side]",
        await loop.create_connection(factory, target[0], target[1]),
    )


async def try_once(target: Target) -> str:
    """Return why a server can't be reached, or nothing."""
    try:
        async with asyncio.timeout(10):
            transport, _ = await reach(target, Side)
    except TimeoutError:
        return "no answer within 10 s"
    except OSError as error:
        return describe(error)
    transport.close()
    return ""


def describe(error: OSError) -> str:
    """Return the system's own words; a loop's hold the address once more."""
    is_name = isinstance(error, socket.gaierror) or not error.errno
    return f"{error.strerror or error}" if is_name else os.strerror(error.errno or 0)


async def relay(door: socket.socket) -> None:
    """Forward until nobody is left in the namespace."""
    loop = asyncio.get_running_loop()
    said, descriptors, _, _ = socket.recv_fds(door, 65536, 16)
    if not said:
        return
    order = json.loads(said)
    targets: list[Target] = [tuple(each) for each in order["targets"]]
    whys = [await try_once(each) for each in targets]
    for target, descriptor in zip(targets, descriptors, strict=True):
        listener = socket.socket(fileno=descriptor)
        make = loop.create_unix_server if listener.family == socket.AF_UNIX else loop.create_server
        await make(partial(Inner, target), sock=listener)
    door.setblocking(False)
    await loop.sock_sendall(door, json.dumps(whys).encode() + b"\n")
    with suppress(OSError):
        await loop.sock_recv(door, 1)  # nothing ever comes: the tool has ended
    deadline = time.monotonic() + LINGER
    while is_inhabited(order["inside"]) and time.monotonic() < deadline:  # noqa: ASYNC110 # /proc
        await asyncio.sleep(_POLL)


def is_inhabited(namespace: str) -> bool:
    """Tell whether a process lives in a network namespace, as /proc names it."""
    for link in Path("/proc").glob("[0-9]*/ns/net"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if str(link.readlink()) == namespace:
                return True
    return False


def main(descriptor: int) -> None:
    """Serve the process at the other end of that socket."""
    from uvloop import new_event_loop

    with (
        socket.socket(fileno=descriptor) as door,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        runner.run(relay(door))


if __name__ == "__main__":
    main(int(sys.argv[1]))
