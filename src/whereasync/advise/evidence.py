"""What the rules judge by: the inventory, and what the project's files say.

Everything is read before; a rule asks questions of it, and opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from whereasync.advise.chain import Chain, build
from whereasync.advise.clients import ClientUse, find_uses
from whereasync.advise.deployment import ServerCommand, find_commands
from whereasync.advise.places import Places, look_up
from whereasync.model import Interface

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.model import Handler, Inventory, Route, SourceText

ASGI_RUNSERVERS = ("daphne", "channels")  # applications whose runserver calls ASGI


class Serving(StrEnum):
    """How the project is served, as far as anything says."""

    ASGI = "asgi"
    WSGI = "wsgi"
    BOTH = "both"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)  # no slots: what is derived from it is kept
class Evidence:
    """What is known of a project."""

    inventory: Inventory
    commands: tuple[ServerCommand, ...] = ()  # that start servers
    places: Places
    uses: tuple[ClientUse, ...] = ()  # of test clients

    @cached_property
    def chain(self) -> Chain:
        """The middleware chain under ASGI."""
        return build(self.inventory.middleware)

    @cached_property
    def views(self) -> tuple[Handler, ...]:
        """Every view once, however many routes lead to it."""
        return tuple(dict.fromkeys(view for _, view in _pair(self.inventory)))

    @cached_property
    def async_views(self) -> tuple[Handler, ...]:
        """Those that Django awaits."""
        return tuple(view for view in self.views if view.is_called_async)

    @property
    def production(self) -> tuple[ServerCommand, ...]:
        """The commands that don't serve a developer."""
        return tuple(each for each in self.commands if not each.is_development)

    @property
    def has_asgi_runserver(self) -> bool:
        """Whether an application replaces runserver by one that calls ASGI."""
        apps = {name.partition(".")[0] for name in self.inventory.installed_apps}
        if "daphne" in apps:
            return True
        version = self.inventory.versions.get("channels", "")
        return "channels" in apps and version.partition(".")[0] in {"1", "2", "3"}

    @cached_property
    def serving(self) -> Serving:
        """What the commands say; without any, what can be concluded from the entry points."""
        interfaces = {each.interface for each in self.production}
        if interfaces == {Interface.ASGI, Interface.WSGI}:
            return Serving.BOTH
        if interfaces:
            return Serving.ASGI if Interface.ASGI in interfaces else Serving.WSGI
        if self.has_asgi_runserver:
            return Serving.ASGI
        is_wsgi = self.inventory.wsgi and not self.inventory.asgi
        return Serving.WSGI if is_wsgi else Serving.UNKNOWN


def _pair(inventory: Inventory) -> Iterable[tuple[Route, Handler]]:
    return ((route, view) for route in inventory.routes for view in route.handlers)


def name_async(inventory: Inventory) -> frozenset[str]:
    """Return how tests may name an async view: its route's name, or its path without parameters."""
    routes = {route.name: route for route, view in _pair(inventory) if view.is_called_async}
    paths = {
        route.path
        for route, view in _pair(inventory)
        if view.is_called_async and not route.parameters and not route.path.startswith("^")
    }
    return frozenset(filter(None, {*routes, *paths}))


def gather(
    inventory: Inventory,
    *,
    deployment: Iterable[SourceText] = (),
    settings: Iterable[SourceText] = (),
    tests: Iterable[SourceText] = (),
) -> Evidence:
    """Read what the files say, each kind by its reader."""
    return Evidence(
        inventory=inventory,
        commands=find_commands(deployment),
        places=look_up(settings),
        uses=find_uses(tests, name_async(inventory)),
    )
