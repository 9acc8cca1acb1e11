"""Stand-ins for all the services of a project, run as one process.

``keep_company()`` starts it and gives what the project needs round it. A newcomer would start it
in the real network to record and forget that the project isn't there: while recording, its
sockets are opened inside the project's network and answered from outside.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whereasync import serial
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Listener, StandInAccount, StandInJob, StandInReady, StandIns
from whereasync.processes import wait_ready
from whereasync.upstreams import recordings
from whereasync.upstreams.origins import parse_origin, split_url
from whereasync.upstreams.places import Places
from whereasync.upstreams.surroundings import (
    Surroundings,
    build_environment,
    cover_bundles,
    cover_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from whereasync.model import Exchange
    from whereasync.processes import Child, Supervisor
    from whereasync.upstreams.origins import Origin

ADDRESS = "127.77.0.1"  # of the loopback, but nobody's: an origin's port may be any
EXTRA = "pip install 'whereasync[stand-ins]'"
_NEEDED = ("aiohttp", "certifi", "trustme")
_STARTED = 30.0  # s
_HTTP, _HTTPS = 80, 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which stand-ins a project shall have."""

    stand_ins: StandIns = field(default_factory=StandIns)
    recording: Path | None = None
    seed: int = 0
    is_recording: bool = False
    answers_names: bool = False  # ours is the only name server there; always while recording
    theirs: Mapping[str, str] = field(default_factory=dict)  # what the project's configuration sets
    paths: tuple[Path, ...] = ()  # its site-packages: the bundles that clients carry are there
    addresses: Mapping[str, str] = field(default_factory=dict)  # "host:port" → where it really is
    trusted: str = ""  # a bundle to verify real services with; empty: certifi's


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Stand-ins that answer."""

    listeners: tuple[Listener, ...]
    surroundings: Surroundings
    child: Child
    places: Places

    def account(self) -> StandInAccount:
        """Return what they saw, up to a fifth of a second ago; all of it once they have ended."""
        return serial.read(self.places.account, StandInAccount)

    def recorded(self) -> tuple[Exchange, ...]:
        """Return the exchanges up to now, of a company that records."""
        lines = self.places.recorded.read_bytes().splitlines()
        return recordings.decode_exchanges(lines, "the recording under way")


def find_origins(wanted: Wanted) -> tuple[Origin, ...]:
    """Return the origins that are stood in for; BadInputError for a recording that can't be."""
    named = [each.origin for each in wanted.stand_ins.declared]
    if wanted.recording is not None:
        exchanges = recordings.read(wanted.recording).exchanges
        named += [split_url(each.url)[0] for each in exchanges]
    return tuple(map(parse_origin, dict.fromkeys(named)))


def place_listeners(origins: Iterable[Origin], *, is_open: bool) -> tuple[Listener, ...]:
    """Return the sockets that serve these origins; ``is_open`` to those nobody declared too."""
    found = {
        Listener(address=each.loopback or ADDRESS, port=each.port, is_tls=each.is_tls): None
        for each in origins
    }
    if is_open:
        found[Listener(address=ADDRESS, port=_HTTP, is_tls=False)] = None
        found[Listener(address=ADDRESS, port=_HTTPS, is_tls=True)] = None
    places = [(each.address, each.port) for each in found]
    twice = next((place for place in places if places.count(place) > 1), None)
    if twice:
        raise BadInputError(
            f"stand-ins: port {twice[1]} is declared with TLS and without", "leave one of the two"
        )
    return tuple(found)


def name_hosts(origins: Iterable[Origin]) -> dict[str, str]:
    """Return host → loopback address, for those that aren't addresses of this machine already."""
    return {each.host: ADDRESS for each in origins if not each.loopback}


@contextmanager
def keep_company(
    wanted: Wanted,
    supervisor: Supervisor,
    *,
    open_doors: Callable[[Sequence[str | Path]], object] | None = None,
    listeners: tuple[Listener, ...] | None = None,
) -> Iterator[Company]:
    """Run the stand-ins while the context lasts.

    They open their sockets where the supervisor lives. With ``open_doors``, which runs an argv in
    the project's network to its end, the sockets are opened there, and it may
    enter that network first. ``listeners`` replaces those
    that follow from the origins. BadInputError for what can't be stood in for, or a missing extra.
    """
    require_extra()
    origins = find_origins(wanted)
    is_open = wanted.is_recording or wanted.answers_names
    directory = supervisor.directory / f"stand-ins-{secrets.token_hex(4)}"
    directory.mkdir(mode=0o700)
    places = Places(directory)
    job = StandInJob(
        directory=str(directory),
        listeners=place_listeners(origins, is_open=is_open) if listeners is None else listeners,
        declared=wanted.stand_ins.declared,
        recording=str(wanted.recording or ""),
        seed=wanted.seed,
        is_recording=wanted.is_recording,
        doors=str(places.doors) if open_doors else "",
        names_address=ADDRESS if is_open and listeners is None else "",
        addresses=dict(wanted.addresses),
        trusted=wanted.trusted,
    )
    serial.write(places.job, job)
    child = supervisor.spawn(
        [sys.executable, "-m", "whereasync.upstreams.service", places.job], name="stand-ins"
    )
    try:
        if open_doors is not None:
            open_doors([sys.executable, "-m", "whereasync.upstreams.doors", places.job])
        wait_ready(child, places.ready.exists, deadline=_STARTED)
        yield Company(
            listeners=serial.read(places.ready, StandInReady).listeners,
            surroundings=_surround(wanted, job, places, origins),
            child=child,
            places=places,
        )
    finally:
        with suppress(WhereAsyncError):  # the supervisor is dead, and they with it
            child.stop()


def _surround(
    wanted: Wanted, job: StandInJob, places: Places, origins: tuple[Origin, ...]
) -> Surroundings:
    authority = places.authority.read_bytes()
    mounts = cover_bundles(authority, places.directory, wanted.paths)
    if job.names_address:
        mounts |= cover_names(places.directory, job.names_address)
    return Surroundings(
        environment=build_environment(
            authority,
            places.directory,
            {**os.environ, **wanted.theirs},  # a child gets ours too
        ),
        names=name_hosts(origins),
        mounts=mounts,
    )


def require_extra() -> None:
    """Raise BadInputError, with the ``pip install``, for what stand-ins need and isn't here."""
    lacking = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        raise BadInputError(f"stand-ins need {' and '.join(lacking)}, not installed here", EXTRA)
