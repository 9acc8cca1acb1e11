"""``demo --stack``: the demo's project on several stacks, each in an environment of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync.cli.measuring import demo_setting, draw_seed, measure_experiment, want
from whereasync.cli.progress import watch
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whereasync.bench.stage import Observer
    from whereasync.model import Stack
    from whereasync.results import Results
    from whereasync.servers import App

OLDEST, WITH_AADD, WITH_PSYCOPG_3 = (4, 1), (4, 2), (4, 2)  # Django's versions


def compare_stacks(
    texts: Sequence[str],
    length: str,
    clients: tuple[int, ...] | None,
    *,
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
    choices = Choices(
        stacks=stacks,
        with_aadd=tuple(role for role, app in apps.items() if _django(app) >= WITH_AADD),
        length=length,
        clients=clients,
        writers=1 if parse_address(database).kind is Kind.SQLITE else None,
        seed=wanted.seed,
    )
    return measure_experiment(build(choices), replace(setting, apps=apps), wanted)


def read_stacks(texts: Sequence[str]) -> dict[str, Stack]:
    """Return role → stack, in the order given; a role is also part of its database's name.

    Raises BadInputError for a stack that is none, or that is given twice, in whatever words.
    """
    from whereasync.stacks import complete, parse_stack

    known: dict[tuple[str, frozenset[str]], Stack] = {}
    for text in texts:
        stack = parse_stack(text)
        key = (stack.python, frozenset(complete(stack)))
        if key in known:
            same = known[key].name
            what = "is given twice" if same == stack.name else f"is the same as {same}"
            raise BadInputError(f"stack {stack.name} {what}", "leave one of them out")
        known[key] = stack
    return {f"stack{number}": stack for number, stack in enumerate(known.values(), start=1)}


def provide(stack: Stack, app: App, observer: Observer) -> App:
    """Return the project on the stack, whose environment is made if need be.

    Raises BadInputError for a stack that can't be had, whose Django is too old, or whose driver
    that Django can't use.
    """
    from whereasync.processes import supervised
    from whereasync.stacks import ALONE, find_environment, make_environment

    environment = find_environment(stack)
    if environment is None:
        observer.stage(f"install stack {stack.name}, once")
        with supervised() as supervisor:
            environment = make_environment(stack, supervisor)
    found = replace(app, python=environment.python, env={**app.env, **ALONE})
    _check_versions(stack, _versions(found))
    return found


def _check_versions(stack: Stack, found: Mapping[str, str]) -> None:
    django = found["django"]
    if _number(django) < OLDEST:
        raise BadInputError(
            f"stack {stack.name} has Django {django}, which is too old: async queries came with "
            "4.1",
            "ask for django>=4.1",
        )
    if _number(django) < WITH_PSYCOPG_3 and not {"psycopg2", "psycopg2-binary"} & found.keys():
        raise BadInputError(
            f"stack {stack.name} has Django {django}, which can't use psycopg 3: that came with "
            "4.2",
            "ask for psycopg2, or for django>=4.2",
        )


def _django(app: App) -> tuple[int, ...]:
    return _number(_versions(app)["django"])


def _versions(app: App) -> dict[str, str]:
    from whereasync.servers import versions

    return versions(app.python, ["django", "psycopg2", "psycopg2-binary"])


def _number(version: str) -> tuple[int, ...]:
    """Return major and minor: "5.2rc1" is (5, 2)."""
    import re

    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
