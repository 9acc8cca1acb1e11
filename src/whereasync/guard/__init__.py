"""A network of our own: nothing that runs in it reaches beyond it, C code and children included.

``enter()`` moves this process, and with it all that it starts, into namespaces that end with it.
It is called before any thread and any child: a newcomer who calls it later leaves those outside.
It is there against accidents, not against an attacker, and keeps nobody from writing files.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.guard.obstacles import Obstacle, explain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOM = Path("/run/whereasync")  # in the namespace only; the guest's fence knows it by this
HOSTS = ROOM / "hosts"  # lies over /etc/hosts
PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")  # none can be reached inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What was done to keep the project's calls inside."""

    is_on: bool
    names: Mapping[str, str] = field(default_factory=dict)  # host name → loopback address
    servers: tuple[str, ...] = ()  # outside, reachable through a relay: "db.example.com:5432"
    urls: tuple[str, ...] = field(default=(), repr=False)  # to reach them; they hold passwords
    relay: int | None = None  # the process that stays outside: pin it to the database's cores
    covered: tuple[str, ...] = ()  # Unix sockets of others that can't be reached
    has_low_ports: bool = False  # 80 and 443 can be listened on
    counted: int = 0  # attempts to leave, up to when it was entered

    @property
    def sentence(self) -> str:
        """Return what a report says of it."""
        if not self.is_on:
            return "Ran unguarded: whatever the project called was called for real."
        besides = f" except the database server at {', '.join(self.servers)}" * bool(self.servers)
        return (
            "Ran in a network of its own: nothing in it could reach another machine, nor this"
            f" machine's services{besides}."
        )

    def count_attempts(self) -> int:
        """Return how often something in the namespace asked for a way out and found none.

        It counts C code and child processes too; one lookup of a name may ask several times. What
        Python's fence refused never got that far, and isn't in it.
        """
        return count_unrouted() - self.counted if self.is_on else 0


def enter(
    *, unguarded: bool, names: Mapping[str, str] | None = None, relays: Sequence[str] = ()
) -> Guard:
    """Take this process off the network; with ``unguarded`` do nothing, and say so in the result.

    ``names`` are host names with the loopback address that each is to have inside; ``relays`` are
    postgres URLs of servers outside that stay reachable: ``urls`` of the result lead to them, in
    the same order. BadInputError, which names ``--unguarded``, where no namespace can be had, and
    where such a server can't be reached; ValueError for an address that isn't the loopback's.
    """
    if unguarded:
        return Guard(is_on=False, urls=tuple(relays))
    if sys.platform != "linux":
        raise explain("this system has no network namespaces").refusal()
    from whereasync.guard import hosts, namespace, relaying

    named = hosts.check_names(names or {})
    wanted = [relaying.locate(url) for url in relays]
    with relaying.started(wanted) as relay:
        try:
            covered = namespace.enter()
        except OSError as error:
            raise explain(error).refusal() from error
        _forget_proxies()
        named = {**named, **relaying.name_servers(wanted, named)}
        hosts.lay_over(HOSTS, named)
        urls = relay.connect(named)
    return Guard(
        is_on=True,
        names=named,
        servers=tuple(dict.fromkeys(each.where for each in wanted)),
        urls=urls,
        relay=relay.pid,
        covered=covered,
        has_low_ports=namespace.allow_low_ports(),
        counted=count_unrouted(),
    )


def add_names(names: Mapping[str, str]) -> None:
    """Give more host names a loopback address, once inside; those that are there stay."""
    from whereasync.guard import hosts

    hosts.add(HOSTS, hosts.check_names(names))


def find_obstacle() -> Obstacle | None:
    """Return why no namespace can be had here, or None; it is tried in a child process."""
    import subprocess

    if sys.platform != "linux":
        return explain("this system has no network namespaces")
    argv = [sys.executable, "-m", "whereasync.guard.trial"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    if not done.returncode:
        return None
    why, _, hint = (done.stdout.strip() or "the trial of it failed\n").partition("\n")
    return Obstacle(why=why, hint=hint)


def count_unrouted() -> int:
    """Return how often this network namespace was asked for a way that it doesn't have."""
    return _read_ip4() + _read_ip6()


def _read_ip4() -> int:
    with suppress(OSError, ValueError):
        lines = Path("/proc/self/net/snmp").read_text(encoding="ascii").splitlines()
        heads, values = (line.split() for line in lines if line.startswith("Ip:"))
        return int(values[heads.index("OutNoRoutes")])
    return 0


def _read_ip6() -> int:
    with suppress(OSError, ValueError):
        text = Path("/proc/self/net/snmp6").read_text(encoding="ascii")
        counters = dict(line.split() for line in text.splitlines())
        return int(counters.get("Ip6OutNoRoutes", 0))
    return 0


def _forget_proxies() -> None:
    for name in PROXIES:
        for variable in (name, name.upper()):
            os.environ.pop(variable, None)
