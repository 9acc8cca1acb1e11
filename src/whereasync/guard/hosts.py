"""Host names inside the namespace: a file of ours lies over /etc/hosts, seen by C code too.

It lies in a file system that ends with the namespace. No daemon of the machine is asked for names:
it would ask the network on our behalf, from outside.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.guard import kernel

if TYPE_CHECKING:
    from collections.abc import Mapping

ETC = Path("/etc")
_SOURCES = re.compile(r"^\s*hosts:.*$", re.MULTILINE)


def check_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names in lower case; ValueError for an address that isn't the loopback's."""
    for name, address in names.items():
        if not ipaddress.ip_address(address).is_loopback:
            raise ValueError(f"{name} can't lead to {address}: it isn't this machine's own")
    return {name.lower().rstrip("."): address for name, address in names.items()}


def compose(theirs: str, names: Mapping[str, str], hostname: str) -> str:
    """Return the machine's file of hosts with ours first, and no other word on the names in it."""
    kept = list(filter(None, (_without(line, names) for line in theirs.splitlines())))
    known = {word.lower() for line in kept for word in line.split()[1:]} | names.keys()
    own = [f"127.0.0.1 {name}" for name in ("localhost", hostname) if name.lower() not in known]
    ours = [f"{address} {name}" for name, address in names.items()]
    return "\n".join([*ours, *kept, *own, ""])


def _without(line: str, names: Mapping[str, str]) -> str:
    address, *theirs = line.partition("#")[0].split() or [""]
    kept = [name for name in theirs if name.lower() not in names]
    return f"{address} {' '.join(kept)}" if kept else ""


def ask_files_only(switch: str) -> str:
    """Return nsswitch.conf with host names from files and DNS alone, no daemon in between."""
    plain = "hosts: files dns"
    return _SOURCES.sub(plain, switch) if _SOURCES.search(switch) else f"{switch}\n{plain}\n"


def lay_over(ours: Path, names: Mapping[str, str], etc: Path = ETC) -> None:
    """Write the file of hosts, and lay it over the machine's, in this mount namespace."""
    for path, text in (
        (etc / "hosts", lambda old: compose(old, names, socket.gethostname())),
        (etc / "nsswitch.conf", ask_files_only),
    ):
        if path.exists():  # musl has no nsswitch.conf, and reads hosts first
            written = ours.with_name(path.name)
            old = path.read_text(encoding="utf-8", errors="surrogateescape")
            written.write_text(text(old), encoding="utf-8", errors="surrogateescape")
            written.chmod(0o644)
            kernel.bind(written, path)


def add(ours: Path, names: Mapping[str, str]) -> None:
    """Put more names before those in our file: the same file, since that is what lies there."""
    theirs = ours.read_text(encoding="utf-8", errors="surrogateescape")
    text = compose(theirs, names, "localhost")
    with open(ours, "r+", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
        file.write(text)
        file.truncate()
        os.fsync(file.fileno())
