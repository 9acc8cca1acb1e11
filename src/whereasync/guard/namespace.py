"""Moves this process into a network and a mount namespace, with only a loopback that is up.

Whoever may not make them as he is makes a user namespace too, in which he stays who he is:
PostgreSQL refuses to run as root. A Unix socket is a file and knows no network namespace, so those
of this machine's services are covered by mounts.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.guard import ROOM, kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = (Path("/run"), Path("/var/run"))
TEMPORARY = Path("/tmp")  # noqa: S108 # where PostgreSQL and MySQL put their sockets by default
_LOW_PORTS = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
# Who resolves with AI_ADDRCONFIG, as aiohttp does, gets no IPv4 where there is 127.0.0.1 alone.
_SECOND = "127.0.0.2"
_NOWHERE = (  # addresses for documentation: nobody has them (RFC 5737, RFC 3849)
    (socket.AF_INET, "198.51.100.1"),
    (socket.AF_INET6, "2001:db8::1"),
)


def enter() -> tuple[str, ...]:
    """Enter, and return the Unix sockets that were covered; OSError where the kernel says no."""
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208 # threads would stay outside
        raise RuntimeError("the guard must be entered before any thread is started")
    sockets = find_sockets()
    _unshare()
    kernel.raise_loopback()
    kernel.add_address(_SECOND, 0)
    kernel.take_mounts()
    for directory in RUN:
        if directory.is_dir() and not directory.is_symlink():
            _cover(directory)
    ROOM.mkdir(mode=0o755)
    hidden = tuple(str(path) for path in sockets if _hide(path))
    _prove()
    return hidden


def allow_low_ports() -> bool:
    """Let everybody inside listen on 80 and 443; False where /proc/sys is read-only."""
    with suppress(OSError):
        _LOW_PORTS.write_text("0", encoding="ascii")
        return True
    return False


def _unshare() -> None:
    both = kernel.NEW_MOUNTS | kernel.NEW_NET
    try:
        kernel.unshare(both)
    except PermissionError:
        with _mapped():
            kernel.unshare(both | kernel.NEW_USER)


@contextmanager
def _mapped() -> Iterator[None]:
    """Stay who we are in the user namespace that is made in the context.

    Root keeps all users, since PostgreSQL runs as another; only a process outside may write that.
    """
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        with _mapped_by_another():
            yield
        return
    yield
    for name, line in (
        ("setgroups", "deny"),
        ("gid_map", f"{group} {group} 1"),
        ("uid_map", f"{user} {user} 1"),
    ):
        Path("/proc/self", name).write_text(line, encoding="ascii")


@contextmanager
def _mapped_by_another() -> Iterator[None]:
    reading, writing = os.pipe()
    target = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(writing)
        os._exit(0 if not os.read(reading, 1) or _map_all(target) else 1)
    os.close(reading)
    try:
        yield
        os.write(writing, b"!")
    finally:
        os.close(writing)
        failed = os.waitpid(helper, 0)[1]
    if failed:
        raise PermissionError(1, "this root may not give its users to a namespace")


def _map_all(pid: int) -> bool:
    """Give a process's new user namespace every user and group that we have, under its own id."""
    with suppress(OSError):
        for name in ("gid_map", "uid_map"):
            lines = Path("/proc/self", name).read_text(encoding="ascii").splitlines()
            ours = [(inside, count) for inside, _, count in map(str.split, lines)]
            text = "".join(f"{inside} {inside} {count}\n" for inside, count in ours)
            Path(f"/proc/{pid}/{name}").write_text(text, encoding="ascii")
        return True
    return False


# ---------------------------------------------------------------- Unix sockets


def find_sockets() -> tuple[Path, ...]:
    """Return the paths that somebody's sockets are bound to, and those that lie in /tmp."""
    with open("/proc/self/net/unix", encoding="utf-8", errors="surrogateescape") as table:  # noqa: PTH123
        rows = [line.rstrip("\n").split(maxsplit=7) for line in table]
    paths = [Path(row[7]) for row in rows[1:] if row[7:]]
    with suppress(OSError), os.scandir(TEMPORARY) as entries:  # a container's are in no table here
        paths += [Path(each.path) for each in entries if _is_socket(Path(each.path))]
    return tuple(path for path in dict.fromkeys(paths) if path.is_absolute())


def _is_socket(path: Path) -> bool:
    with suppress(OSError):
        return stat.S_ISSOCK(path.stat().st_mode)
    return False


def _hide(path: Path) -> bool:
    """Lay something that nobody can connect to over a socket; False where we can't reach it."""
    if not _is_socket(path):
        return False
    with suppress(FileNotFoundError):
        kernel.bind(Path(os.devnull), path)
        return True
    return False


def _cover(directory: Path) -> None:
    """Empty /run, but for links out of it, names' settings, and what we ourselves live in."""
    links = {
        each.name: target
        for each in directory.iterdir()
        if each.is_symlink() and not _below(directory, target := each.readlink())
    }
    kept = {path: os.open(path, os.O_PATH) for path in _needed(directory)}
    kernel.cover(directory)
    for name, target in links.items():
        (directory / name).symlink_to(target)
    for path, descriptor in kept.items():
        _put_back(path, descriptor)
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if _below(directory, runtime):
        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)


def _needed(directory: Path) -> list[Path]:
    """Return what this process can't do without there, the outermost first."""
    told = (os.environ.get("XDG_STATE_HOME", ""), tempfile.gettempdir(), "/etc/resolv.conf")
    paths = ("", *told, sys.prefix, sys.base_prefix, *sys.path)  # the first is where we are
    wanted = {Path(path).resolve() for path in paths}
    found = sorted(path for path in wanted if _below(directory, path) and path.exists())
    return [each for each in found if not any(_below(other, each) for other in found)]


def _below(directory: Path, path: Path) -> bool:
    """Tell whether a path lies below a directory; a relative one is taken from there."""
    place = Path(os.path.normpath(directory / path))
    return place != directory and place.is_relative_to(directory)


def _put_back(path: Path, descriptor: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            path.mkdir()
        else:
            path.touch()
        kernel.bind(Path(f"/proc/self/fd/{descriptor}"), path)
    finally:
        os.close(descriptor)


def _prove() -> None:
    """Raise an OSError if there is a way out after all; connecting UDP sends no packet."""
    for family, address in _NOWHERE:
        if _has_way(family, address):
            raise OSError(errno.ENOTUNIQ, f"the namespace has a way out, to {address}")


def _has_way(family: socket.AddressFamily, address: str) -> bool:
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as door:
        door.connect((address, 9))
        return True
    return False
