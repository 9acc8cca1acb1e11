"""What the user says of a project, read and checked.

The configuration's own room turns a file into these; whatever it says nothing of has a default
here. Paths are as they were written: relative ones are relative to ``Config.home``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAMETER = re.compile(r"\{([A-Za-z_]\w*)\}")  # in a recipe's path


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A request of the configuration, whose path may have {parameters} to be filled."""

    name: str  # unique; what an arm may name instead of a path
    path: str  # "/item/{pk}/?full=1"
    fill: dict[str, str] = field(default_factory=dict)  # parameter → expression for the guest
    method: str = "GET"
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    user: str = ""  # a name of Config.users; empty: anonymous
    status: int = 200
    volatile: tuple[str, ...] = ()  # regular expressions, as Request has them

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in braces, each once, in the path's order."""
        return tuple(dict.fromkeys(PARAMETER.findall(self.path)))

    def fill_path(self, values: Mapping[str, str]) -> str:
        """Return the path with values, percent-encoded, in place of its parameters."""
        return PARAMETER.sub(lambda found: quote(values[found[1]], safe="/"), self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArm:
    """An arm of the configuration: what a name means in ``[SERVER[,key=value…]@]NAME``."""

    name: str
    server: str = ""  # "gunicorn,threads=40"; empty: the usual one
    path: str = ""  # begins with "/"; this, or a request
    request: str = ""  # a recipe's name
    swap: dict[str, str] = field(default_factory=dict)  # dotted name → what answers instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration; without a file all of it is default."""

    file: str = ""  # where it stands, as a reader knows it; empty: there is none
    home: str = ""  # absolute: the file's directory
    settings: str = ""  # the settings module
    python: str = ""  # the project's interpreter, or its environment's directory
    directory: str = ""  # manage.py's
    paths: tuple[str, ...] = ()  # to import from, beside the directory
    environment: dict[str, str] = field(default_factory=dict)
    database: str = ""  # as ``--database`` takes it; empty: what fits the project's own
    template: str = ""  # a PostgreSQL database to copy instead of migrate and seed
    seed: tuple[str, ...] = ()  # management commands
    host: str = ""  # that requests are for, "shop.example.com"; empty: localhost
    wsgi: str = ""  # "shop.wsgi:application"; "django": Django's own; empty: what is found
    asgi: str = ""
    tasks: str = "eager"  # or "drop"
    budget: float | None = None  # s
    clients: tuple[int, ...] = ()
    users: dict[str, str] = field(default_factory=dict)  # name here → user name in the project
    new_users: dict[str, dict[str, bool | int | str]] = field(default_factory=dict)
    # … of those to be made where they aren't there: user name → fields of the user model
    requests: tuple[Recipe, ...] = ()
    arms: dict[str, NamedArm] = field(default_factory=dict)
    stand_ins: dict[str, Any] = field(default_factory=dict)  # as written: upstreams reads it
