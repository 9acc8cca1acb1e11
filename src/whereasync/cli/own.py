"""What every command that runs the user's own project does first: find it, fetch, go inside.

The order matters. Servers are fetched while there is a network; then the guard takes this process
off it, before any thread and any child; only then is anything of the project's run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whereasync.cli.project import read_asked
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from whereasync.bench.own import OwnSetting
    from whereasync.guard import Guard
    from whereasync.model import Arm, Config, Recipe, Request
    from whereasync.project import Home
    from whereasync.upstreams.company import Wanted

unguarded_option = click.option(
    "--unguarded",
    is_flag=True,
    help="Run in the real network, where no namespace can be had: what the project calls is "
    "called for real.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A project that was found, and nothing of which has run yet."""

    home: Home
    config: Config

    def find_recipe(self, name: str, path: str) -> Recipe | None:
        """Return the configured request of that name, or else of exactly that path."""
        requests = self.config.requests
        named = (each for each in requests if each.name == name)
        return next(named, next((each for each in requests if each.path == path), None))

    def find_user(self, name: str) -> str:
        """Return what the project calls a user: a name of [users], or else the name itself."""
        return self.config.users.get(name, name)


def open_own() -> Opened:
    """Return the project that the present command names, or that is here."""
    from whereasync.project.opening import open_project

    home, config = open_project(read_asked())
    return Opened(home=home, config=config)


def lay_over(opened: Opened, arms: Iterable[Arm]) -> tuple[str, ...]:
    """Return the overlay of the servers that the project lacks, fetched if need be."""
    from whereasync.processes import supervised
    from whereasync.project.opening import find_wanted
    from whereasync.project.opening import lay_over as lay

    arms = tuple(arms)
    if not find_wanted(arms, opened.home.python):
        return ()
    with supervised() as supervisor:
        return lay(arms, opened.home.python, supervisor)


def go_inside(
    *,
    unguarded: bool,
    database: str | None = None,
    stand_ins: Wanted | None = None,
) -> Guard:
    """Take this process off the network, but for what the project is given."""
    from whereasync import guard
    from whereasync.databases.address import Kind, parse_address
    from whereasync.upstreams.company import find_origins, name_hosts

    is_outside = parse_address(database).kind is Kind.EXTERNAL
    names = name_hosts(find_origins(stand_ins)) if stand_ins else {}
    if unguarded and names:
        raise BadInputError(
            "stand-ins need a network of their own, in which names lead to them",
            "leave out --unguarded, or [stand-ins]",
        )
    relays = [database] if database and is_outside else []
    return guard.enter(unguarded=unguarded, names=names, relays=relays)


def find_stand_ins(opened: Opened, seed: int) -> Wanted | None:
    """Return what stands in for the project's services: declared, recorded, or nothing."""
    from whereasync.upstreams import recordings
    from whereasync.upstreams.company import Wanted
    from whereasync.upstreams.declared import read_stand_ins

    config, home = opened.config, Path(opened.config.home)
    declared = read_stand_ins(config.stand_ins, home)
    recording = recordings.find(home, declared.recording)
    if not declared.declared and recording is None:
        return None
    return Wanted(
        stand_ins=declared,
        recording=recording,
        seed=seed,
        theirs=opened.home.environment,
        paths=find_packages(opened.home.python),
    )


def find_packages(python: Path) -> tuple[Path, ...]:
    """Return an interpreter's own site-packages."""
    import json
    import os
    import subprocess

    script = "import json, site, sys; print(json.dumps([p for p in sys.path if 'packages' in p]))"
    done = subprocess.run(
        [python, "-c", script],
        cwd=os.sep,  # or a module of the project's would be imported, with no guard yet
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(map(Path, json.loads(done.stdout)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What is to be played on the project."""

    requests: tuple[Request, ...]
    arms: tuple[Arm, ...]  # all that may serve it: what they need is fetched
    swaps: Mapping[str, Mapping[str, str]]  # role → dotted names
    database: str | None
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What was fetched and found on the way inside."""

    guard: Guard
    overlay: tuple[str, ...]
    stand_ins: Wanted | None


def set_up(opened: Opened, play: Play, *, unguarded: bool) -> OwnSetting:
    """Fetch what is needed, take this process off the network, and return the setting."""
    overlay, stand_ins = lay_over(opened, play.arms), find_stand_ins(opened, play.seed)
    guard = go_inside(
        unguarded=unguarded,
        database=play.database or opened.config.database or None,
        stand_ins=stand_ins,
    )
    return set_up_inside(opened, play, Inside(guard=guard, overlay=overlay, stand_ins=stand_ins))


def set_up_inside(opened: Opened, play: Play, inside: Inside) -> OwnSetting:
    """Return the setting of the project, once this process is inside."""
    from whereasync.bench.own import OwnSetting  # not before: numpy starts threads

    asked, urls = {each.recipe for each in play.requests if each.recipe}, inside.guard.urls
    return OwnSetting(
        home=opened.home,
        config=opened.config,
        recipes=tuple(each for each in opened.config.requests if each.name in asked),
        users=tuple(dict.fromkeys(each.user for each in play.requests if each.user)),
        swaps=play.swaps,
        overlay=inside.overlay,
        database=urls[0] if urls else play.database or opened.config.database or None,
        guard=inside.guard,
        stand_ins=inside.stand_ins,
    )


def change(request: Request, **changes: object) -> Request:
    """Return a request with those properties that aren't None changed."""
    said = {name: value for name, value in changes.items() if value is not None}
    return replace(request, **said)  # type: ignore[arg-type] # its own fields


def add_own_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add what concerns how one's own project is played."""
    for option in (
        unguarded_option,
        click.option(
            "--swap-b",
            multiple=True,
            metavar="OLD=NEW",
            help="In B, another view in place of one: shop.views.detail=shop.fast.adetail.",
        ),
        click.option("--swap-a", multiple=True, metavar="OLD=NEW", help="The same in A."),
        click.option("--as", "user", metavar="NAME", help="Ask as this user of the project's."),
    ):
        command = option(command)
    return command
