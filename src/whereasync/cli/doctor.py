"""``whereasync doctor``: says what is missing, and what mends it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.options import format_options
from whereasync.cli.own import (
    Inside,
    Opened,
    Play,
    find_stand_ins,
    go_inside,
    lay_over,
    set_up_inside,
    unguarded_option,
)
from whereasync.cli.project import project_argument, project_options, read_asked
from whereasync.errors import BadInputError
from whereasync.model import Health, Symptom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.model import Arm, Inventory
    from whereasync.project.interpreter import Interpreter
    from whereasync.project.opening import Found


@click.command()
@project_argument
@project_options
@unguarded_option
@click.option(
    "--requests",
    is_flag=True,
    help="Also bring it up, on data of ours, and ask every request once.",
)
@click.option("--as", "user", metavar="NAME", default="", help="Ask as this user.")
@format_options
def doctor(  # click gives an argument an option
    requests: bool, user: str, unguarded: bool, format_: str, as_json: bool, **_: Any
) -> int:
    """Say what the project in PATH, or here, lacks to be measured, and the command that mends it.

    Nothing is changed. Exit code 1 if something is missing.
    """
    from whereasync import serial
    from whereasync.project.examining import examine

    if user and not requests:
        raise BadInputError("--as says who asks, and nothing is asked", "add --requests")
    visit = Visit(unguarded=unguarded, asks=requests, user=user)
    diagnosis = examine(read_asked(), visit.go_inside, visit.ask if requests else None)
    if as_json or format_ == "json":
        sys.stdout.write(serial.encode(diagnosis).decode())
    else:
        from whereasync.renderers import render
        from whereasync.reports.doctor import report

        sys.stdout.write(render(report(diagnosis), format_))
    return 1 if diagnosis.missing else 0


class Visit:
    """What a doctor's visit does beside looking: it goes inside, and asks."""

    def __init__(self, *, unguarded: bool, asks: bool, user: str = "") -> None:
        self.unguarded = unguarded
        self.user = user
        self.asks = asks
        self.inside: Inside | None = None

    def go_inside(self, found: Found, interpreter: Interpreter) -> Symptom:
        """Fetch what asking needs, and take this process off the network."""
        opened = self._open(found, interpreter)
        overlay = lay_over(opened, list_arms()) if self.asks else ()  # who asks isn't known yet
        stand_ins = find_stand_ins(opened, 0) if self.asks else None
        guard = go_inside(
            unguarded=self.unguarded, database=found.config.database or None, stand_ins=stand_ins
        )
        self.inside = Inside(guard=guard, overlay=overlay, stand_ins=stand_ins)
        health = Health.GOOD if guard.is_on else Health.NOTE
        said = "of its own: nothing leaves" if guard.is_on else "unguarded: calls are real"
        return Symptom(subject="network", health=health, detail=said)

    def ask(
        self, found: Found, interpreter: Interpreter, inventory: Inventory
    ) -> Iterator[Symptom]:
        """Bring the project up, ask it every request once, and say which are not answered."""
        from whereasync.bench.asking import ask_all, list_requests

        assert self.inside is not None  # examine goes inside first
        opened = self._open(found, interpreter)
        user = opened.find_user(self.user) if self.user else ""
        asked = list_requests(inventory, found.config, user)
        arm = choose_arm(inventory)
        play = Play(requests=asked, arms=(arm,), swaps={}, database=None, seed=0)
        setting = set_up_inside(opened, play, self.inside)
        yield from ask_all(setting, arm, asked)

    @staticmethod
    def _open(found: Found, interpreter: Interpreter) -> Opened:
        from whereasync.project.opening import make_home

        return Opened(home=make_home(found, interpreter), config=found.config)


def choose_arm(inventory: Inventory) -> Arm:
    """Return what is to ask a project: WSGI, unless a view is async.

    Under WSGI each call of an async view has an event loop of its own, and a client that it shares
    with others fails at the second one.
    """
    usual, asynchronous = list_arms()
    views = (view for route in inventory.routes for view in route.handlers)
    return asynchronous if any(view.is_called_async for view in views) else usual


def list_arms() -> tuple[Arm, Arm]:
    """Return the two that may ask: WSGI's and ASGI's."""
    from whereasync.servers.arms import USUAL
    from whereasync.servers.table import parse_arm_server

    return parse_arm_server(USUAL), parse_arm_server("uvicorn")
