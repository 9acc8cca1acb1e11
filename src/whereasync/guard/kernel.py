"""The system calls that Python 3.11 has no words for: namespaces, mounts, the loopback's addresses.

Each raises an OSError that names what was tried. Nothing here needs a setuid program.
"""

from __future__ import annotations

import ctypes
import fcntl
import ipaddress
import os
import socket
import struct
import time
from pathlib import Path

NEW_MOUNTS, NEW_USER, NEW_NET = 0x00020000, 0x10000000, 0x40000000  # linux/sched.h
_RDONLY, _NOSUID, _NODEV, _BIND, _REC, _SLAVE = 1, 2, 4, 0x1000, 0x4000, 0x80000  # linux/mount.h
_GET_FLAGS, _SET_FLAGS, _SET_ADDRESS, _SET_MASK = 0x8913, 0x8914, 0x8916, 0x891C  # linux/sockios.h
_DETACH = 2  # sys/mount.h
_UP = 1
_SETTLED = 3.0  # s
_LOOPBACK = b"lo"
_ALIAS = b"lo:%d"  # an IPv4 address more needs a label of its own here


def _call(what: str, name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Move this process into new namespaces."""
    _call("a namespace can't be made", "unshare", flags)


def mount(source: str, target: Path, kind: str, flags: int, data: str = "") -> None:
    """Do what the man page of mount says, section 2."""
    texts = [os.fsencode(text) for text in (source, target, kind)]
    _call(f"{target} can't be covered", "mount", *texts, ctypes.c_ulong(flags), data.encode())


def take_mounts() -> None:
    """Keep what we mount from being seen outside; what is unmounted outside goes here too."""
    mount("none", Path("/"), "", _REC | _SLAVE)


def cover(directory: Path) -> None:
    """Lay an empty file system over a directory; it ends with the namespace."""
    mount("whereasync", directory, "tmpfs", _NOSUID | _NODEV, "mode=0755,size=16m")


def bind(source: Path, target: Path) -> None:
    """Lay a file or a directory over another of its kind."""
    mount(str(source), target, "", _BIND | _REC)


def uncover(target: Path) -> None:
    """Take away what lies over a file, which may still be open: else nobody can delete that."""
    what = f"{target} can't be uncovered"
    _call(what, "umount2", os.fsencode(target), _DETACH)


def raise_loopback() -> None:
    """Switch the namespace's loopback on; 127.0.0.0/8 and ::1 come with that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        asked = struct.pack("16sh14x", _LOOPBACK, 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(door, _GET_FLAGS, asked))
        fcntl.ioctl(door, _SET_FLAGS, struct.pack("16sh14x", _LOOPBACK, flags | _UP))


def add_address(address: str, number: int) -> None:
    """Give the loopback one more address, the ``number``-th; nothing else of its net is there."""
    parsed = ipaddress.ip_address(address)
    if parsed.version == 6:
        index = socket.if_nametoindex(_LOOPBACK.decode())
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as door:
            fcntl.ioctl(door, _SET_ADDRESS, struct.pack("16sIi", parsed.packed, 128, index))
        _await_address(address)
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        for request, value in ((_SET_ADDRESS, parsed.packed), (_SET_MASK, b"\xff" * 4)):
            inet = struct.pack("HH4s8x", socket.AF_INET, 0, value)
            fcntl.ioctl(door, request, struct.pack("16s16s8x", _ALIAS % number, inet))


def _await_address(address: str) -> None:
    """Return once it can be bound to: the kernel first makes sure that nobody else has it."""
    deadline = time.monotonic() + _SETTLED
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as door:
        while True:
            try:
                door.bind((address, 0))
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.005)
            else:
                return
