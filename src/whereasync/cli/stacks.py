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
    from whereasync.model import Experiment, Stack
    from whereasync.results import Results
    from whereasync.servers import App

OLDEST, WITH_AADD = (4, 1), (4, 2)  # Django's versions


def compare_stacks(  # a run has that many properties
    texts: Sequence[str],
    *,
    clients: tuple[int, ...] | None,
    budget: float | None,
    database: str | None,
    seed: int | None,
    quiet: bool,
) -> Results:
    """Measure async against sync on each stack, the first of which is what they're compared with.

    Raises BadInputError, before anything is measured, for a stack that can't be had.
    """
    from whereasync.stacks import parse_stack

    stacks = _name(list(dict.fromkeys(parse_stack(text) for text in texts)))
    setting = demo_setting(database)
    with watch(quiet=quiet) as observer:
        apps = {role: _provide(each, setting.app, observer) for role, each in stacks.items()}
    experiment = _plan(stacks, apps, clients=clients, budget=budget, seed=draw_seed(seed))
    return measure_experiment(
        experiment, replace(setting, apps=apps), want("demo", experiment.seed)
    )


def _name(stacks: Sequence[Stack]) -> dict[str, Stack]:
    """Give each stack a role, which is also part of its database's name."""
    return {f"stack{number}": stack for number, stack in enumerate(stacks, start=1)}


def _provide(stack: Stack, app: App, observer: Observer) -> App:
    """Return the project on the stack, whose environment is made if need be."""
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


def _plan(
    stacks: dict[str, Stack],
    apps: dict[str, App],
    *,
    clients: tuple[int, ...] | None,
    budget: float | None,
    seed: int,
) -> Experiment:
    from whereasync.demo import stacks as question
    from whereasync.servers import versions

    has_aadd = tuple(
        role
        for role, app in apps.items()
        if _number(versions(app.python, ["django"])["django"]) >= WITH_AADD
    )
    return question.build(stacks, clients=clients, with_aadd=has_aadd, budget=budget, seed=seed)


def _number(version: str) -> tuple[int, ...]:
    """Return major and minor: "5.2rc1" is (5, 2)."""
    import re

    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
