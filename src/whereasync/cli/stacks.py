"""``demo --stack``: the demo's project on several stacks, each in an environment of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync.cli.measuring import demo_setting, draw_seed, measure_experiment, want
from whereasync.cli.progress import watch
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whereasync.bench.stage import Observer
    from whereasync.model import Stack
    from whereasync.results import Results
    from whereasync.servers import App

OLDEST, WITH_AADD = (4, 1), (4, 2)  # Django's versions


def compare_stacks(
    texts: Sequence[str],
    *,
    length: str,
    clients: tuple[int, ...] | None,
    database: str | None,
    seed: int | None,
) -> Results:
    """Measure async against sync on each stack, the first of which is what they're compared with.

    Raises BadInputError, before anything is measured, for a stack that can't be had.
    """
    from whereasync.databases.address import Kind, parse_address
    from whereasync.demo.stacks import Choices, build

    wanted = want("stacks", draw_seed(seed))
    stacks = read_stacks(texts)
    setting = demo_setting(database)
    with watch(quiet=wanted.quiet) as observer:
        apps = {role: provide(each, setting.app, observer) for role, each in stacks.items()}
    is_sqlite = parse_address(database).kind is Kind.SQLITE
    choices = Choices(
        length=length, clients=clients, seed=wanted.seed, writers=1 if is_sqlite else None
    )
    experiment = build(stacks, [role for role in apps if _has_aadd(apps[role])], choices)
    return measure_experiment(experiment, replace(setting, apps=apps), wanted)


def read_stacks(texts: Sequence[str]) -> dict[str, Stack]:
    """Return role → stack, in the order given; a role is also part of its database's name."""
    from whereasync.stacks import parse_stack

    stacks = {stack.name: stack for stack in map(parse_stack, texts)}
    return {f"stack{number}": stack for number, stack in enumerate(stacks.values(), start=1)}


def provide(stack: Stack, app: App, observer: Observer) -> App:
    """Return the project on the stack, whose environment is made if need be.

    Raises BadInputError for a stack that can't be had, or whose Django is too old.
    """
    from whereasync.processes import supervised
    from whereasync.servers import versions
    from whereasync.stacks import find_environment, make_environment

    environment = find_environment(stack)
    if environment is None:
        observer.stage(f"install stack {stack.name}")
        with supervised() as supervisor:
            environment = make_environment(stack, supervisor)
    found = versions(environment.python, ["django"])["django"]
    if _number(found) < OLDEST:
        raise BadInputError(
            f"stack {stack.name} has Django {found}, which is too old: async queries came with 4.1",
            "ask for django>=4.1",
        )
    return replace(app, python=environment.python)


def _has_aadd(app: App) -> bool:
    from whereasync.servers import versions

    return _number(versions(app.python, ["django"])["django"]) >= WITH_AADD


def _number(version: str) -> tuple[int, ...]:
    """Return major and minor: "5.2rc1" is (5, 2)."""
    import re

    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
