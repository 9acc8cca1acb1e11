"""The race's cells: pairs of requests that must answer alike, the most telling pairs first.

A family is a pair of requests; a cell is a family at one number of clients. Chapter 2 asks what
async does to the same work, chapter 3 what an expert would change. A budget that is too small
leaves out the last cells of the order.
"""

from __future__ import annotations

from dataclasses import dataclass

from whereasync.model import Cell, Request, Side

RACE_WAIT = 0.02  # s that the API behind the race's views waits
WAITS = (5, 60, 200)  # ms; where async starts to pay lies somewhere between
FORM = "engine=engine+x&name=maker+x&location=store+x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A pair of requests, before it is known at how many clients."""

    name: str
    chapter: int
    topic: str
    a: Side
    b: Side
    writes: bool = False
    wait: float | None = None  # s of each call
    calls: int = 1


def _side(role: str, path: str, label: str, *, method: str = "GET") -> Side:
    body = FORM if method == "POST" else ""
    return Side(role=role, label=label, request=Request(path=path, method=method, body=body))


def _sync(path: str, label: str = "sync", *, method: str = "GET") -> Side:
    return _side("wsgi", path, label, method=method)


def _async(path: str, label: str = "async", *, method: str = "GET") -> Side:
    return _side("asgi", path, label, method=method)


SAME_GET, SAME_API = "/same-work/cars/", "/same-work/rates/"
ADVISED_GET, ADVISED_API = "/advised/cars/", "/advised/rates/"

FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="same-get",
            chapter=2,
            topic="GET",
            a=_sync(f"{SAME_GET}sync/"),
            b=_async(f"{SAME_GET}async/"),
        ),
        Family(
            name="same-post",
            chapter=2,
            topic="POST",
            a=_sync(f"{SAME_GET}sync/", method="POST"),
            b=_async(f"{SAME_GET}async/", method="POST"),
            writes=True,
        ),
        Family(
            name="same-api",
            chapter=2,
            topic="API",
            a=_sync(f"{SAME_API}sync/"),
            b=_async(f"{SAME_API}async/"),
        ),
        Family(
            name="fix-get-sync",
            chapter=3,
            topic="GET without N+1, sync",
            a=_sync(f"{SAME_GET}sync/", "before"),
            b=_sync(f"{ADVISED_GET}sync/", "after"),
        ),
        Family(
            name="fix-get-async",
            chapter=3,
            topic="GET without N+1, async",
            a=_async(f"{SAME_GET}async/", "before"),
            b=_async(f"{ADVISED_GET}async/", "after"),
        ),
        Family(
            name="fix-api-sync",
            chapter=3,
            topic="API, shared client, sync",
            a=_sync(f"{SAME_API}sync/", "before"),
            b=_sync(f"{ADVISED_API}sync/", "after"),
        ),
        Family(
            name="fix-api-async",
            chapter=3,
            topic="API, shared client, async",
            a=_async(f"{SAME_API}async/", "before"),
            b=_async(f"{ADVISED_API}async/", "after"),
        ),
        Family(
            name="advised-get",
            chapter=3,
            topic="GET",
            a=_sync(f"{ADVISED_GET}sync/"),
            b=_async(f"{ADVISED_GET}async/"),
        ),
        *(
            Family(
                name=f"fan-{calls}",
                chapter=3,
                topic="API, 1 call" if calls == 1 else f"API, {calls} calls",
                a=_sync(f"{ADVISED_API}sync/?calls={calls}", "sync"),
                b=_async(f"{ADVISED_API}async/?calls={calls}", "async"),
                wait=RACE_WAIT,
                calls=calls,
            )
            for calls in (1, 5, 20)
        ),
        *(
            Family(
                name=f"wait-{ms}",
                chapter=3,
                topic=f"API, 1 call of {ms} ms",
                a=_sync(f"{ADVISED_API}sync/?calls=1&wait={ms}", "sync"),
                b=_async(f"{ADVISED_API}async/?calls=1&wait={ms}", "async"),
                wait=ms / 1000,
            )
            for ms in WAITS
        ),
        Family(
            name="gather-5",
            chapter=3,
            topic="API, 5 calls, gathered",
            a=_async(f"{ADVISED_API}async-in-turn/?calls=5", "before"),
            b=_async(f"{ADVISED_API}async/?calls=5", "after"),
        ),
    )
}

# Which family at which of the clients asked for: the fewest, the middle, the most.
ORDER = (
    ("same-get", "middle"),
    ("same-api", "middle"),
    ("fix-get-sync", "middle"),
    ("fan-5", "fewest"),
    ("same-get", "fewest"),
    ("same-api", "fewest"),
    ("same-post", "fewest"),
    ("same-post", "middle"),
    ("fan-1", "most"),
    ("wait-60", "most"),
    ("fix-api-async", "middle"),
    ("fan-5", "middle"),
    ("fan-20", "fewest"),
    ("fan-1", "middle"),
    ("advised-get", "most"),
    ("fix-api-sync", "middle"),
    ("same-get", "most"),
    ("same-api", "most"),
    ("same-post", "most"),
    ("fan-20", "middle"),
    ("fix-get-async", "middle"),
    ("gather-5", "fewest"),
    ("fan-1", "fewest"),
    ("advised-get", "middle"),
    ("advised-get", "fewest"),
    ("fan-5", "most"),
    ("wait-5", "most"),
    ("wait-200", "most"),
)


def cells(
    clients: tuple[int, ...], chapters: tuple[int, ...], writers: int | None
) -> tuple[Cell, ...]:
    """Return the cells at those numbers of clients, the most telling first.

    ``writers`` is the most clients that may write at once (SQLite takes one), None for any.
    Chapter 2 is asked at every number of clients, also where there are more than three.
    """
    ordered = sorted(set(clients))
    position = {"fewest": ordered[0], "middle": ordered[len(ordered) // 2], "most": ordered[-1]}
    wanted = [(name, position[where]) for name, where in ORDER]
    wanted += [(name, n) for name in ("same-get", "same-api", "same-post") for n in ordered]
    return tuple(
        _cell(FAMILIES[name], n)
        for name, n in dict.fromkeys(wanted)
        if FAMILIES[name].chapter in chapters
        and not (writers and FAMILIES[name].writes and n > writers)
    )


def _cell(family: Family, clients: int) -> Cell:
    return Cell(
        name=f"{family.name}-{clients}",
        chapter=family.chapter,
        topic=family.topic,
        clients=clients,
        a=family.a,
        b=family.b,
        wait=family.wait,
        calls=family.calls,
    )


def tuning_cells(clients: tuple[int, ...]) -> tuple[Cell, ...]:
    """Return what candidates are tuned on: a view that computes, and one that waits."""
    ordered = sorted(set(clients))
    middle = ordered[len(ordered) // 2]
    return _cell(FAMILIES["same-get"], middle), _cell(FAMILIES["fan-1"], ordered[-1])
