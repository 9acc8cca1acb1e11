"""What a project needs to be measured, looked at in the order in which one thing needs the other.

A newcomer would stop at the first thing that is missing. Whatever can still be looked at is, so
that a reader mends all of it at once; only what needs the missing thing is left out.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.config.routes import list_parametrised, list_plain, write_path
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import Diagnosis, Health, Symptom
from whereasync.model.configuration import PARAMETER
from whereasync.processes import supervised
from whereasync.project import settle_in
from whereasync.project.opening import find_interpreter, find_project, find_wanted, make_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whereasync.model import Arm, Config, DatabaseSetting, Inventory
    from whereasync.project.interpreter import Interpreter
    from whereasync.project.opening import Asked, Found

    GoInside = Callable[[Found, Interpreter], Symptom]
    LookAtRequests = Callable[[Found, Interpreter, Inventory], Iterable[Symptom]]

_MOST = 10  # warnings of the guest's that are shown


def examine(asked: Asked, go_inside: GoInside, requests: LookAtRequests | None = None) -> Diagnosis:
    """Look at everything, and change nothing.

    ``go_inside`` takes this process off the network before anything of the project's runs, and
    ``requests`` asks a project that loads (a dry run). BadInputError where there is no project, or
    what was typed can't be.
    """
    return Diagnosis(symptoms=tuple(_examine(asked, go_inside, requests)))


def _examine(
    asked: Asked, go_inside: GoInside, requests: LookAtRequests | None
) -> Iterator[Symptom]:
    found = find_project(asked)
    yield _look_at_platform()
    yield _look_at_config(found)
    yield _good("settings", f"{found.settings.module}, named by {found.settings.source}")
    try:
        interpreter = find_interpreter(asked, found)
    except BadInputError as error:
        if asked.python:
            raise
        yield _missing("interpreter", error)
        return
    yield _good(
        "interpreter",
        f"Python {interpreter.version} with Django {interpreter.django}, {interpreter.source}",
    )
    yield from _look_at_servers(found.config, interpreter)
    try:
        yield go_inside(found, interpreter)
    except BadInputError as error:
        yield _missing("network", error)
        return
    try:
        with supervised() as supervisor:
            inventory = settle_in(make_home(found, interpreter), supervisor).ask("inventory")
    except WhereAsyncError as error:
        yield _missing("project", error)
        return
    assert inventory.inventory is not None  # it had no fault
    yield from judge_inventory(inventory.inventory, found.config)
    if requests is not None:
        yield from requests(found, interpreter, inventory.inventory)


def _good(subject: str, detail: str) -> Symptom:
    return Symptom(subject=subject, health=Health.GOOD, detail=detail)


def _note(subject: str, detail: str, hint: str = "") -> Symptom:
    return Symptom(subject=subject, health=Health.NOTE, detail=detail, hint=hint)


def _missing(subject: str, error: WhereAsyncError) -> Symptom:
    return Symptom(
        subject=subject, health=Health.MISSING, detail=error.what, hint=error.hint or "mend that"
    )


# ---------------------------------------------------------------- before the project is entered


def _look_at_platform() -> Symptom:
    if sys.platform == "linux":
        return _good("system", "Linux")
    return _note(
        "system", "not Linux: no network of its own, and no server pinned to a core", "use Linux"
    )


def _look_at_config(found: Found) -> Symptom:
    if found.config.file:
        return _good("configuration", found.config.file)
    return _note("configuration", "none", "whereasync init writes one")


def _look_at_servers(config: Config, interpreter: Interpreter) -> Iterator[Symptom]:
    from whereasync.servers import versions
    from whereasync.servers.table import SERVERS

    named = _list_arms(config)
    together = find_wanted((arm for arms in named.values() for arm in arms), interpreter.path)
    for server, arms in named.items():
        name = SERVERS[server].distribution or server
        has = versions(interpreter.path, [name]).get(name)
        wanted = find_wanted(arms, interpreter.path)
        if wanted:
            lacks = f"it needs {', '.join(wanted)}" if has else "not in the project"
            yield _look_beside(f"{server}: {lacks}", interpreter.path, (wanted, together))
        else:
            yield _good("server", f"{server} {has}" if name == server else f"{server} ({name})")


def _look_beside(said: str, python: Path, ways: Iterable[tuple[str, ...]]) -> Symptom:
    """Say whether what the project lacks is beside it already, by itself or with other servers."""
    from whereasync.stacks.overlay import find_overlay

    if any(find_overlay(python, wanted) for wanted in ways):
        return _good("server", f"{said}; whereasync has it beside it")
    return _note("server", f"{said}; whereasync fetches it on first use, beside it")


def _list_arms(config: Config) -> dict[str, list[Arm]]:
    """Return server → the arms that name it; where none is named, what is usually raced."""
    from whereasync.servers.arms import USUAL, parse_arm
    from whereasync.servers.table import parse_arm_server

    named = [parse_arm(name, config).arm for name in config.arms]
    arms: dict[str, list[Arm]] = {}
    for arm in named or [parse_arm_server(USUAL), parse_arm_server("uvicorn")]:
        arms.setdefault(arm.server, []).append(arm)
    return arms


# ---------------------------------------------------------------- in the project


def judge_inventory(inventory: Inventory, config: Config) -> Iterator[Symptom]:
    """Yield what can be said of a project that loads, before anything is asked of it."""
    yield _look_at_views(inventory)
    yield from _look_at_databases(inventory, config)
    yield from _look_at_services(inventory, config)
    yield from _look_at_requests(inventory, config)
    yield from (_note("not looked at", each) for each in inventory.warnings[:_MOST])
    if len(inventory.warnings) > _MOST:
        yield _note("not looked at", f"{len(inventory.warnings) - _MOST} more things")


def _look_at_views(inventory: Inventory) -> Symptom:
    views = {view for route in inventory.routes for view in route.handlers}  # as check counts
    awaited = sum(each.is_called_async for each in views)
    said = f"loads: {len(inventory.routes)} routes to {len(views)} views, {awaited} of them async"
    return _good("project", said)


def _look_at_databases(inventory: Inventory, config: Config) -> Iterator[Symptom]:
    if not inventory.databases:
        yield _note("database", "the project has none")
    for each in inventory.databases:
        if each.mirror:
            yield _good("database", f"{each.alias}: a replica of {each.mirror}, taken for it")
        else:
            yield _look_at_database(each, config)


def _look_at_database(database: DatabaseSetting, config: Config) -> Symptom:
    said = f"{database.alias}: {database.vendor}"
    if database.vendor == "sqlite":
        is_file = database.name.startswith("/")
        if is_file and not Path(database.name).exists():
            told = f"{said}: {Path(database.name).name} isn't there; migrate makes one"
            return _note("database", told)
        return _good("database", f"{said}: measured on a copy" if is_file else said)
    if database.vendor == "postgresql":
        return _look_at_postgres(said, config)
    what = f"{said if database.vendor != 'unknown' else database.engine} is not supported yet"
    hint = "give the project a PostgreSQL or SQLite, by a variable that its settings read"
    is_needed = database.alias == "default"
    health = Health.MISSING if is_needed else Health.NOTE
    return Symptom(subject="database", health=health, detail=what, hint=hint)


def _look_at_postgres(said: str, config: Config) -> Symptom:
    from whereasync.databases.address import Kind, parse_address
    from whereasync.databases.binaries import find_binaries

    address = parse_address(config.database or None)
    if address.kind is Kind.SQLITE:
        return _note("database", f"{said}, and measured on SQLite, as configured")
    if address.kind is Kind.EXTERNAL:
        return _good("database", f"{said}: a new one on the configured server")
    try:
        find_binaries(system=address.system)
    except BadInputError as error:
        return _missing("database", error)
    return _good("database", f"{said}: a new one on a PostgreSQL of our own")


def _look_at_services(inventory: Inventory, config: Config) -> Iterator[Symptom]:
    if inventory.caches:
        aliases = ", ".join(f"{each.alias} ({_last(each.backend)})" for each in inventory.caches)
        yield _good("caches", f"{aliases}: replaced by private ones")
    if inventory.email:
        yield _good("e-mail", f"{_last(inventory.email)}: goes nowhere")
    done = {"eager": "run at once, in the request", "drop": "dropped"}[config.tasks]
    if "celery" in inventory.versions:
        yield _good("tasks", f"Celery's are {done}")
    if inventory.is_debug:
        yield _note("DEBUG", "is on: every query is kept in memory")


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


def _look_at_requests(inventory: Inventory, config: Config) -> Iterator[Symptom]:
    plain, named = len(list_plain(inventory.routes)), len(config.requests)
    if plain or named:
        said = f"{plain} without parameters, {named} configured"
        yield _good("requests", said)
    else:
        yield _note("requests", "there is nothing to ask for", "add [[requests]]: whereasync init")
    known = {_shape(each.path.partition("?")[0]) for each in config.requests}
    paths = [write_path(each) for each in list_parametrised(inventory.routes)]
    left = sum(path is None or _shape(path) not in known for path in paths)
    if left:
        yield _note(
            "requests",
            f"{left} routes with parameters are not asked for",
            "fill them in [[requests]]" if config.file else "whereasync init",
        )


def _shape(path: str) -> str:
    return re.sub(PARAMETER, "{}", path)
