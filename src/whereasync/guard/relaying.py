"""The one database server outside that stays reachable: where it is, and how the relay starts.

A socket belongs to the namespace that it was made in, whoever holds it: we listen inside, and hand
the listening sockets to a process that stayed outside. So a server's name, port and certificate
are inside what they are outside, and nothing lies on the machine's disk.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.guard import ROOM, kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DIRECTORIES = ("/run/postgresql", "/var/run/postgresql", "/tmp")  # noqa: S108 # where libpq looks
_PORT = "5432"
_BACKLOG = 512
_FIRST = ipaddress.ip_address("127.64.0.1")  # of the names of servers; stand-ins have 127.0.0.x
_DEADLINE = 15.0  # s for the relay to start and reach the servers once


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL outside, as a URL names it."""

    url: str = field(repr=False)  # it may hold a password
    host: str  # a name, an address, or the directory of its Unix socket
    port: int

    @property
    def where(self) -> str:
        """Return it as people write it."""
        return f"{self.host}:{self.port}"

    @property
    def socket(self) -> Path | None:
        """Return the path of its Unix socket, if it has one."""
        return Path(self.host, f".s.PGSQL.{self.port}") if self.host.startswith("/") else None


def locate(url: str) -> Server:
    """Return the server that libpq would connect to; BadInputError where that isn't one place."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise BadInputError(
            f"only PostgreSQL is reachable through the guard, not {parts.scheme}:",
            "give a postgres:// URL",
        )
    options = dict(parse_qsl(parts.query))
    host, port = _split_netloc(parts.netloc.rpartition("@")[2])
    host = options.get("hostaddr") or options.get("host") or host or os.environ.get("PGHOST", "")
    port = options.get("port") or port or os.environ.get("PGPORT", "") or _PORT
    if "," in host or not port.isdigit() or "service" in options:
        raise BadInputError(
            "the guard lets one database server through, and the URL doesn't name exactly one",
            "write postgres://USER:PASSWORD@HOST:PORT/DB",
        )
    return Server(url=url, host=host or _default(port), port=int(port))


def _split_netloc(netloc: str) -> tuple[str, str]:
    """Return host and port as they stand there, percent signs read, capitals kept."""
    if netloc.startswith("["):
        host, _, port = netloc[1:].partition("]")
        return host, port.removeprefix(":")
    host, _, port = netloc.rpartition(":") if ":" in netloc else (netloc, "", "")
    return unquote(host), port


def _default(port: str) -> str:
    for directory in DIRECTORIES:
        if Path(directory, f".s.PGSQL.{port}").exists():
            return directory
    return "localhost"


def name_servers(servers: Sequence[Server], names: Mapping[str, str]) -> dict[str, str]:
    """Return a loopback address for each host name of a server that has none yet."""
    hosts = dict.fromkeys(each.host.lower() for each in servers if each.socket is None)
    new = [host for host in hosts if host not in names and not _is_plain(host)]
    return {host: str(_FIRST + number) for number, host in enumerate(new)}


def _is_plain(host: str) -> bool:
    """Tell whether a host needs no name: an address, or the loopback itself."""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(slots=True, kw_only=True)
class Relay:
    """Our end of the process that stays outside; none where no server is wanted."""

    servers: Sequence[Server]
    process: subprocess.Popen[bytes] | None = None
    door: socket.socket | None = None  # open as long as this process lives: the relay's lifeline
    listeners: dict[str, socket.socket] = field(default_factory=dict)

    @property
    def pid(self) -> int | None:
        """Return the process's id."""
        return self.process.pid if self.process else None

    def connect(self, names: Mapping[str, str]) -> tuple[str, ...]:
        """Listen inside for each server, hand that to the relay, and return the URLs to use.

        BadInputError, in the system's words, for a server that the relay can't reach.
        """
        if self.door is None:
            return ()
        for number, server in enumerate(self.servers):
            if server.where not in self.listeners:
                self.listeners[server.where] = _listen(server, names, number)
        self._hand_over(self.door)
        for each in self.listeners.values():
            each.close()  # the relay has them
        _keep.append(self.door)
        return tuple(_rewrite(server) for server in self.servers)

    def _hand_over(self, door: socket.socket) -> None:
        targets = {each.where: _target(each) for each in self.servers}
        order = {
            "targets": list(targets.values()),
            "inside": str(Path("/proc/self/ns/net").readlink()),
        }
        sockets = [self.listeners[where].fileno() for where in targets]
        door.settimeout(_DEADLINE)
        try:
            socket.send_fds(door, [json.dumps(order).encode() + b"\n"], sockets)
            said = door.makefile("rb").readline()
        except OSError as error:
            raise WhereAsyncError(f"the relay to the database did not start: {error}") from error
        if not said:
            raise WhereAsyncError("the relay to the database ended at its start")
        door.settimeout(None)
        for where, why in zip(targets, json.loads(said), strict=True):
            if why:
                host, _, port = where.rpartition(":")
                raise BadInputError(
                    f"PostgreSQL at {where} can't be reached: {why}",
                    f"check host and port: pg_isready -h {host} -p {port}",
                )


_keep: list[socket.socket] = []  # lifelines: the kernel closes them when this process ends


@contextmanager
def started(servers: Sequence[Server]) -> Iterator[Relay]:
    """Start the relay outside, if there is a server; it ends with the context if that fails.

    In a session of its own: what clears the user's server after Ctrl-C still needs it.
    """
    if not servers:
        yield Relay(servers=())
        return
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "whereasync.guard.relay", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
            start_new_session=True,
        )
    try:
        yield Relay(servers=servers, process=process, door=ours)
    except BaseException:
        ours.close()
        process.kill()
        process.wait()
        raise


def _target(server: Server) -> list[str | int]:
    return [str(server.socket)] if server.socket else [server.host, server.port]


def _listen(server: Server, names: Mapping[str, str], number: int) -> socket.socket:
    if server.socket:
        path = _inner(server)
        path.parent.mkdir(parents=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
    else:
        address = names.get(server.host.lower(), server.host)
        address = "127.0.0.1" if address == "localhost" else address
        if not ipaddress.ip_address(address).is_loopback:
            with suppress(FileExistsError):  # two ports of one machine
                kernel.add_address(address, number + 1)  # the first is there already
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, server.port))
    listener.listen(_BACKLOG)
    return listener


def _inner(server: Server) -> Path:
    """Return where a server's Unix socket is inside: its own path is covered."""
    assert server.socket
    return ROOM / f"relay{server.socket.parent}" / server.socket.name


def _rewrite(server: Server) -> str:
    """Return the URL that leads to the same server from inside."""
    parts = urlsplit(server.url)
    given = parse_qsl(parts.query)
    if server.socket is None and (parts.hostname or {"host", "hostaddr"} & dict(given).keys()):
        return server.url
    options = [(key, value) for key, value in given if key not in {"host", "hostaddr", "port"}]
    host = str(_inner(server).parent) if server.socket else server.host
    options += [("host", host), ("port", str(server.port))]
    user, at, _ = parts.netloc.rpartition("@")
    return (
        f"{parts.scheme}://{user}{at}{parts.path}?{urlencode(options, safe='/', quote_via=quote)}"
    )
