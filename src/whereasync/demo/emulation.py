"""The test client against servers: which views are asked which way, and in which order.

Each test tool is compared with the kind of server that it stands for: ``Client`` with a WSGI
server, ``AsyncClient`` with an ASGI server, whatever asks an async view with an ASGI server.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from whereasync.model import Arm, Burst, Interface, Way

WAIT = 25  # ms
OBJECTS = 10
CLIENTS = (1, 8)
ROUNDS = 2
REPEATS = 10  # a round; the median's interval needs 20 in all
ARMS = {
    Way.WSGI: Arm(server="gunicorn", interface=Interface.WSGI, options={"threads": "8"}),
    Way.ASGI: Arm(server="uvicorn", interface=Interface.ASGI),
}
WARM_UP = -1  # the number of a run that isn't recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A pair of views that do the same, or one alone."""

    name: str
    label: str
    path: str  # with {variant} in it
    variants: tuple[str, ...] = ("sync", "async")
    ways: tuple[Way, ...] = tuple(Way)
    needs_postgres: bool = False

    def url(self, variant: str) -> str:
        """Return the path of its sync or async view, with the query string."""
        return self.path.format(variant=variant)


SERVED = (Way.WSGI, Way.CLIENT, Way.ASGI, Way.ASYNC_CLIENT)  # where more would only take time
VIEWS = (
    View(
        name="hello",
        label="hello",
        path="/plain/hello/{variant}/",
        ways=(*SERVED, Way.FACTORY, Way.HANDLER),
    ),
    View(name="query", label="one query", path="/plain/query/{variant}/"),
    View(
        name="get",
        label=f"GET, {OBJECTS} objects",
        path="/same-work/cars/{variant}/",
        ways=SERVED,
    ),
    View(name="wait", label=f"waits {WAIT} ms", path=f"/planted/{{variant}}/?wait={WAIT}"),
    View(
        name="slow-query",
        label=f"a query of {WAIT} ms",
        path=f"/leaving/query/{{variant}}/?wait={WAIT}",
        variants=("async",),
        needs_postgres=True,
    ),
)


def find_reference(way: Way, variant: str) -> Way:
    """Return the server that a way is compared with."""
    stands_for_wsgi = way in (Way.WSGI, Way.CLIENT, Way.FACTORY)
    return Way.WSGI if variant == "sync" and stands_for_wsgi else Way.ASGI


def list_bursts(
    ways: tuple[Way, ...], *, has_postgres: bool, clients: tuple[int, ...] = CLIENTS
) -> list[Burst]:
    """Return one burst of each kind."""
    return [
        Burst(view=view.name, variant=variant, way=way, clients=number, run=0)
        for view in VIEWS
        if has_postgres or not view.needs_postgres
        for variant in view.variants
        for way in ways
        if way in view.ways
        if variant == "sync" or way is not Way.WSGI  # nobody's way to serve an async view
        for number in clients
    ]


def order_bursts(
    kinds: list[Burst], *, seed: int, round_: int, repeats: int = REPEATS
) -> list[tuple[Burst, int]]:
    """Return (burst, its run) of one round: a warm-up of each kind, then all shuffled anew."""
    drawn = random.Random(f"{seed} {round_} {kinds[0].way}")  # noqa: S311 # an order, no secret
    ordered = [(kind, WARM_UP) for kind in kinds]
    for repeat in range(repeats):
        ordered += [(kind, round_ * repeats + repeat) for kind in drawn.sample(kinds, len(kinds))]
    return ordered


def url_of(burst: Burst) -> str:
    """Return what a burst asks for."""
    (view,) = (each for each in VIEWS if each.name == burst.view)
    return view.url(burst.variant)
