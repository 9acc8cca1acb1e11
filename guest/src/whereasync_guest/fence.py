"""Names who calls out: looks at Python's own sockets before they connect, and refuses.

What holds is the namespace that the host made; this adds the place in the user's code, and writes
each call down for the host. A newcomer would look for libpq, curl or uvloop here: C code and
children pass it by, and meet the namespace.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, Callable

from whereasync_guest.faults import is_theirs

if TYPE_CHECKING:
    from types import FrameType

    from whereasync_guest.order import Order

FILE = "outcalls.jsonl"  # below the private directory; the host reads it
ROOM = "/run/whereasync"  # there is one only in a namespace of the host's
HOSTS = "/etc/hosts"
SERVICES = {
    25: "SMTP",
    3306: "MySQL",
    5432: "PostgreSQL",
    5672: "RabbitMQ",
    6379: "Redis",
    8125: "StatsD",
    9200: "Elasticsearch",
    11211: "Memcached",
    27017: "MongoDB",
}
AGAIN = 1.0  # s before it is looked again whether somebody listens
_HERE = ("", "0.0.0.0", "::", "::1", "localhost")  # noqa: S104 # compared, not listened on
_LISTENS = "0A"  # /proc/net/tcp's state
_INET = (socket.AF_INET, socket.AF_INET6)
_DGRAM = int(socket.SOCK_DGRAM)


class _RefusalError(OSError):
    what: str  # for the answer, which names the place by itself
    hint: str

    def __str__(self) -> str:
        return str(self.strerror)  # without the number


class NotReachableError(_RefusalError, ConnectionRefusedError):
    """A connection that would have left; a project that handles network errors handles it."""


class UnknownNameError(_RefusalError, socket.gaierror):
    """A name that leads nowhere in here."""


class Fence:
    """Knows what is reachable in here, and what has been written down already."""

    def __init__(
        self,
        private: str,
        roots: tuple[str, ...] = (),
        room: str = ROOM,
        *,
        answers_names: bool = False,
    ) -> None:
        self.path = os.path.join(private, FILE) if private else ""  # noqa: PTH118
        self.roots = roots
        self.refuses = os.path.isdir(room)  # noqa: PTH112 # else unguarded: it only looks
        self.answers_names = answers_names
        self.known: set[Any] = set()  # addresses that were looked at, and are in here
        self.names: set[str] = set()
        self.said: set[tuple[str, str]] = set()
        self.idle: dict[int, float] = {}  # port → when nobody listened there
        self.watched: dict[str, Callable[..., None]] = {
            "socket.connect": self.look_at_address,
            "socket.sendto": self.look_at_address,
            "socket.sendmsg": self.look_at_address,
            "socket.getaddrinfo": self.look_at_name,
            "socket.gethostbyname": self.look_at_name,
        }

    def look_at_name(self, host: Any, port: Any = None, *_: Any) -> None:
        """Refuse the resolving of a host that has no place in here."""
        if host in self.names or host is None:
            return
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        if self.answers_names or is_number(name) or self._knows_name(name):
            self.names.add(host)
            return
        port = port.decode("ascii", "replace") if isinstance(port, bytes) else port
        self.refuse(UnknownNameError, socket.EAI_NONAME, f"{name}:{port}" if port else name)
        self.names.add(host)

    def look_at_address(self, door: Any, address: Any) -> None:
        """Refuse a connection, or a datagram, to what isn't in here."""
        if address is None or address in self.known:
            return
        if door.family in _INET:
            self._look_at_inet(door, address)
        elif door.family == socket.AF_UNIX:
            self._look_at_path(os.fsdecode(address))
            self.known.add(address)

    def _look_at_inet(self, door: Any, address: tuple[Any, ...]) -> None:
        host, port = address[0], address[1]
        if isinstance(host, str) and not is_number(host):
            self.look_at_name(host, port)
        elif not is_local(str(host), door.family):
            self.refuse(NotReachableError, errno.ECONNREFUSED, f"{host}:{port}", port)
        elif not self.refuses or door.type == _DGRAM:
            pass  # unguarded nobody knows whose it is; a datagram to nobody hurts nobody
        elif not self._has_listener(port):
            self.refuse(NotReachableError, errno.ECONNREFUSED, f"{host}:{port}", port)
        if door.type != _DGRAM:
            self.known.add(address)

    def _has_listener(self, port: int) -> bool:
        now = time.monotonic()
        if now < self.idle.get(port, 0.0) + AGAIN:
            return False
        if has_listener(port):
            return True
        self.idle[port] = now
        return False

    def _look_at_path(self, path: str) -> None:
        is_abstract = path.startswith("\0")  # then it belongs to the network namespace
        if not is_abstract and not (self.refuses and is_bound(path)):
            self.refuse(NotReachableError, errno.ECONNREFUSED, path)

    def _knows_name(self, name: str) -> bool:
        lower = name.lower().rstrip(".")
        return lower in _HERE or lower == socket.gethostname().lower() or lower in read_names()

    def refuse(self, kind: type[_RefusalError], number: int, target: str, port: Any = 0) -> None:
        """Write the call down, once for each place, and raise where we are guarded."""
        where, theirs = find_caller(self.roots)
        service = SERVICES.get(port, "")
        if (target, where) not in self.said:
            self.said.add((target, where))
            self._write(target, where, theirs, service)
        if self.refuses:
            named = f"{target} ({service})" if service else target
            why, hint = explain(target)
            caller = f"{where} calls {named}" if where else f"a call to {named}"
            error = kind(number, f"whereasync: {caller}, {why}; {hint}")
            error.what, error.hint = f"{named} is called, {why}", hint
            raise error

    def _write(self, target: str, where: str, theirs: bool, service: str) -> None:
        call = {
            "target": target,
            "where": where,
            "is_theirs": theirs,
            "service": service,
            "is_refused": self.refuses,
        }
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError:
            return  # nowhere, or of a user who may not; the call is refused all the same
        try:
            os.write(descriptor, json.dumps(call).encode() + b"\n")  # in one piece
        finally:
            os.close(descriptor)


def install(order: Order) -> None:
    """Watch this process from now on, and all that it forks. There is no way back."""
    if not _installed:
        _installed.append(Fence(order.private, order.paths, answers_names=order.answers_names))
        sys.addaudithook(make_hook(_installed[0].watched))
        watch_loops(_installed[0])


_installed: list[Fence] = []


def watch_loops(fence: Fence) -> None:
    """Look at a name before asyncio resolves it: its thread has nobody's code on the stack."""
    from asyncio.base_events import BaseEventLoop

    resolve = BaseEventLoop.getaddrinfo

    async def getaddrinfo(self: BaseEventLoop, host: Any, port: Any, **kind: Any) -> Any:
        fence.look_at_name(host, port)
        return await resolve(self, host, port, **kind)

    BaseEventLoop.getaddrinfo = getaddrinfo  # type: ignore[method-assign]


def make_hook(watched: dict[str, Callable[..., None]]) -> Callable[[str, tuple[Any, ...]], None]:
    """Return the function that sees every audited event: nearly all are none of ours."""
    get = watched.get

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        look = get(event)
        if look is not None:
            look(*arguments)

    hook.__cantrace__ = True  # type: ignore[attr-defined] # else coverage is blind in it
    return hook


def explain(target: str) -> tuple[str, str]:
    """Return why that isn't reachable, and what to do."""
    if target.startswith(("/", "127.", "::1")):
        return (
            "where nothing of this run listens",
            "this machine's own services are kept out: declare a stand-in, or configure without it",
        )
    return "which isn't reachable here", "declare a stand-in for it in [stand-ins]"


# ---------------------------------------------------------------- what is in here


def is_number(host: str) -> bool:
    """Tell whether a host is an address rather than a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except (OSError, ValueError):
            continue
        return True
    return False


def is_local(host: str, family: int) -> bool:
    """Tell whether an address is this network's own, by asking for a port at it."""
    if host.startswith("127.") or host in _HERE:
        return True
    with socket.socket(family, socket.SOCK_DGRAM) as door:
        try:
            door.bind((host, 0))
        except (OSError, OverflowError, ValueError):
            return False
    return True


def has_listener(port: int) -> bool:
    """Tell whether anything in this network listens on a TCP port."""
    wanted = f":{port:04X}"
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        try:
            with open(table, encoding="ascii") as rows:  # noqa: PTH123
                found = any(
                    cells[1].endswith(wanted) and cells[3] == _LISTENS
                    for cells in map(str.split, rows)
                )
        except OSError:
            continue
        if found:
            return True
    return False


def is_bound(path: str) -> bool:
    """Tell whether a Unix socket was made in this network: the table has no others."""
    whole = os.path.abspath(path)  # noqa: PTH100
    try:
        with open("/proc/self/net/unix", errors="surrogateescape", encoding="utf-8") as rows:  # noqa: PTH123
            cells = [row.rstrip("\n").split(None, 7) for row in rows]
    except OSError:
        return False
    bound = {each[7] for each in cells if each[7:]}
    # Who bound a relative path was in a directory that we don't know.
    relative = {os.path.basename(each) for each in bound if not os.path.isabs(each)}  # noqa: PTH117, PTH119
    return bool({path, whole} & bound) or os.path.basename(path) in relative  # noqa: PTH119


def read_names(path: str = HOSTS) -> set[str]:
    """Return the names that lead to this network; the host may have added some."""
    try:
        with open(path, errors="replace", encoding="utf-8") as lines:  # noqa: PTH123
            rows = [line.partition("#")[0].split() for line in lines]
    except OSError:
        return set()
    return {
        name.lower()
        for row in rows
        if row and is_local(row[0], _family(row[0]))
        for name in row[1:]
    }


def _family(host: str) -> int:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


# ---------------------------------------------------------------- who called


def find_caller(roots: tuple[str, ...] = ()) -> tuple[str, bool]:
    """Return the innermost place in the project's code, else in a library; whose it is.

    Of libraries it is one of the project's applications, if any: a project that is installed
    itself has no other code, and a reader knows it better than urllib3.
    """
    library, application, packages = "", "", list_packages()
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        file = frame.f_code.co_filename
        if is_theirs(file):
            return place(frame, roots), True
        if not library and "-packages" in file:
            library = place(frame, roots)
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if not application and package in packages:
            application = place(frame, roots)
        frame = frame.f_back
    waiting = {place(each, roots) for each in find_waiting()}
    return (waiting.pop(), True) if len(waiting) == 1 else (application or library, False)


def list_packages() -> set[str]:
    """Return the packages of the project's settings and applications, but for Django's."""
    names = [os.environ.get("DJANGO_SETTINGS_MODULE", "")]
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    if settings is not None and settings.configured:  # else the question would load them
        names += map(str, getattr(settings, "INSTALLED_APPS", ()))
    return {name.partition(".")[0] for name in names} - {"django", ""}


def find_waiting() -> list[FrameType]:
    """Return where the project's code waits in this thread's loop: a library may call in a task.

    One place is the caller; of several nobody knows which.
    """
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return []
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # no loop runs here
        return []
    return [frame for frame in map(_innermost, tasks) if frame is not None]


def _innermost(task: Any) -> FrameType | None:
    found, awaited = None, task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None)
        if frame is not None and is_theirs(frame.f_code.co_filename):
            found = frame
        awaited = getattr(awaited, "cr_await", None)
    return found


def place(frame: FrameType, roots: tuple[str, ...]) -> str:
    """Return file and line, from the project's directory or the library's own."""
    file = frame.f_code.co_filename
    short = file
    for root in (*roots, *sys.path):
        if root and file.startswith(root.rstrip("/") + "/"):
            short = file[len(root.rstrip("/")) + 1 :]
            break
    return f"{short}, line {frame.f_lineno}"
