"""What servers take beside CPU while they are under load: memory, threads, connections, switches.

Threads and connections are looked at a few times a second, on a core that the servers don't use;
what lives shorter than that is seen only if one of many is there at each moment. A newcomer would
count context switches of the living: under ASGI most are made by threads that have ended.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whereasync.bench.stage import name_copy
from whereasync.model import Cost, Peak
from whereasync.processes import accounting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whereasync.bench.stage import Stage
    from whereasync.model import Job, TaskRecord
    from whereasync.servers import Endpoint

LOOK = 0.2  # s between two looks: a look costs 1 ms


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at a role's servers saw."""

    at: int  # ns of the monotonic clock, which the load client's slices are in as well
    threads: int
    connections: int | None


@dataclass(slots=True)
class _Seen:
    """One role's servers, as seen so far."""

    endpoint: Endpoint
    database: str  # the role's own, by its name in the run
    switches: int  # of live threads, when the load began
    rss: int = 0
    threads: int = 0
    connections: int | None = None
    looks: list[_Look] = field(default_factory=list)

    def peak(self, record: TaskRecord, side: int) -> Peak:
        """Return the most that was seen in that side's slices of a cell."""
        ran = [each for each in record.slices if each.side == side]
        seen = [
            look
            for look in self.looks
            if any(each.start_ns <= look.at <= each.end_ns for each in ran)
        ]
        counted = (look.connections for look in seen if look.connections is not None)
        return Peak(
            threads=max((look.threads for look in seen), default=None),
            connections=max(counted, default=None),
        )


@dataclass(slots=True)
class Meter:
    """Looks at every role's servers as long as ``reading`` lasts."""

    seen: dict[str, _Seen] = field(default_factory=dict)

    def costs(self, requests: Mapping[str, int]) -> dict[str, Cost]:
        """Return each role's cost, once its servers have ended, and ``requests`` it answered."""
        return {
            role: Cost(
                peak_rss=each.rss,
                peak_threads=each.threads,
                peak_connections=each.connections,
                switches=each.endpoint.child.count_switches() - each.switches,
                requests=requests.get(role, 0),
            )
            for role, each in self.seen.items()
        }

    def peaks(self, job: Job, records: Iterable[TaskRecord]) -> dict[str, tuple[Peak, Peak]]:
        """Return each cell's peaks, of its side a and its side b."""
        seen = list(self.seen.values())
        return {
            record.cell: (
                seen[task.targets[0]].peak(record, 0),
                seen[task.targets[1]].peak(record, 1),
            )
            for task, record in zip(job.tasks, records, strict=True)
        }

    def look(self, count: Callable[[], Mapping[str, int] | None]) -> None:
        """Look once at threads and connections."""
        connections = count()
        for each in self.seen.values():
            threads = accounting.count_threads([each.endpoint.pid])
            each.threads = max(each.threads, threads)
            now = None if connections is None else connections.get(each.database, 0)
            if now is not None:
                each.connections = max(each.connections or 0, now)
            each.looks.append(_Look(time.monotonic_ns(), threads, now))

    def look_at_memory(self) -> None:
        """Read the kernel's own peaks, which need no looking in between."""
        for each in self.seen.values():
            each.rss = accounting.peak_rss([each.endpoint.pid])


@contextlib.contextmanager
def reading(stage: Stage, endpoints: Mapping[str, Endpoint], name: str) -> Iterator[Meter]:
    """Meter the endpoints of ``stage.launch_all(…, name, …)`` while the context lasts."""
    meter = Meter(
        seen={
            role: _Seen(
                endpoint=endpoint,
                database=name_copy(role, name),
                switches=accounting.count_switches([endpoint.pid]),
            )
            for role, endpoint in endpoints.items()
        }
    )
    ended = threading.Event()
    with stage.project.counting() as count:
        looking = threading.Thread(target=_look_on, args=(meter, count, ended), name="meter")
        looking.start()
        try:
            yield meter
            meter.look_at_memory()
        finally:
            ended.set()
            looking.join()


def _look_on(
    meter: Meter, count: Callable[[], Mapping[str, int] | None], ended: threading.Event
) -> None:
    while not ended.wait(LOOK):
        meter.look(count)
