"""A whereasync.toml for a project, filled from its inventory, with a comment to each thing. Pure.

A comment of prose begins with ``# ``, a setting that is commented out with ``#`` alone: without
that sign it holds. A newcomer would leave out what has a default; a reader then doesn't know what
there is to set.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from whereasync.config.guesses import guess_fill
from whereasync.config.routes import list_parametrised, list_plain, write_path
from whereasync.model.configuration import PARAMETER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.model import Config, DatabaseSetting, Inventory, Route

_MOST = 200  # routes of a kind that are written out; an inventory may have thousands
_WIDTH = 44  # of a path, before who answers it
DATABASES = {
    "sqlite": "a copy of it is measured on, made through a read-only connection",
    "postgresql": "a new database is measured on, made by migrate and the seed below",
}
UNKNOWN = "…"  # to be replaced by the reader: it is no expression
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def draft(inventory: Inventory, said: Config) -> str:
    """Return the text of a configuration.

    Of ``said`` it keeps settings, python, directory, paths, environment, host and applications:
    without them the project isn't found, doesn't load or doesn't answer.
    """
    lines = [
        "# What whereasync is told of this project. Written by `whereasync init`; yours to change.",
        "# A line that begins with # and no space is a setting that is off: take the # away.",
        *_place(inventory, said),
        *_data(inventory),
        *_load(said),
        *_environment(said),
        *_users(inventory),
        *_requests(inventory),
        *_arms(inventory),
        *_stand_ins(),
    ]
    return "\n".join(lines) + "\n"


def _title(*lines: str) -> Iterator[str]:
    yield ""
    yield from map(_comment, lines)


def _place(inventory: Inventory, said: Config) -> Iterator[str]:
    yield from _title("The project.")
    yield f"settings = {quote(inventory.settings)}"
    yield from _keep("directory", said.directory, "src", "manage.py's, relative to this file")
    yield from _keep("python", said.python, ".venv", "the project's interpreter or environment")
    yield from _name_entries(inventory, said)
    if said.paths:
        yield f"paths = [{', '.join(map(quote, said.paths))}]"
    else:
        yield '#paths = ["apps"]  # more to import from'


def _name_entries(inventory: Inventory, said: Config) -> Iterator[str]:
    what = 'what a server is given; "django": made by Django'
    yield from _keep("wsgi", said.wsgi, inventory.wsgi or "django", what)
    yield from _keep("asgi", said.asgi, inventory.asgi or "django", what)


def _keep(key: str, value: str, example: str, what: str) -> Iterator[str]:
    yield f"{key} = {quote(value)}" if value else f"#{key} = {quote(example)}  # {what}"


def _data(inventory: Inventory) -> Iterator[str]:
    yield from _title("The database. Yours is never written.")
    yield from (_describe(each) for each in inventory.databases)
    is_postgres = any(each.vendor == "postgresql" for each in inventory.databases)
    yield '#database = "embedded"  # or postgres://…, in which only databases of ours are made'
    if is_postgres or not inventory.databases:
        yield '#template = "my_template"  # a database to copy, instead of migrate and seed'
    yield '#seed = ["loaddata demo"]  # management commands, run after migrate'
    yield '#tasks = "eager"  # Celery and Django Tasks: run at once, or "drop" them'


def _describe(database: DatabaseSetting) -> str:
    done = DATABASES.get(database.vendor, "not supported yet: it is never reached")
    if database.mirror:
        done = f"a replica of {database.mirror}, and taken for it"
    name = database.name.rpartition("/")[2] if database.vendor == "sqlite" else database.name
    vendor = database.vendor if database.vendor != "unknown" else database.engine
    return _comment(f"{database.alias}: {vendor} “{name}”: {done}")


def _load(said: Config) -> Iterator[str]:
    yield from _title("The load.")
    yield '#budget = "2m"  # for a race'
    yield "#clients = [1, 8, 64]"
    yield from _keep("host", said.host, "shop.example.com", "that requests are for")


def _environment(said: Config) -> Iterator[str]:
    yield from _title("Variables of the environment, for the project's processes alone.")
    if said.environment:
        yield "[environment]"
        yield from (f"{_key(name)} = {quote(each)}" for name, each in said.environment.items())
    else:
        yield "#[environment]"
        yield '#SECRET_KEY = "not a secret here"'


def _users(inventory: Inventory) -> Iterator[str]:
    login = f" The project's login is {inventory.login_url}." if inventory.login_url else ""
    yield from _title(
        f"Who may ask: a name for the requests below, and the user's own.{login}",
        "They are logged in without a password, in the throwaway database.",
    )
    yield "#[users]"
    yield '#staff = { name = "admin", make = { is_staff = true } }  # made if nobody has that name'


# ---------------------------------------------------------------- requests


def _requests(inventory: Inventory) -> Iterator[str]:
    plain = list_plain(inventory.routes)
    yield from _title(f"Asked without being named here, for they have no parameter: {len(plain)}.")
    yield from (
        _comment(f"  {_pad(write_path(each) or each.path)}{_say_handler(each)}")
        for each in plain[:_MOST]
    )
    yield from _cut(plain)
    parametrised = list_parametrised(inventory.routes)
    yield from _title(
        "Routes with parameters. `fill` is an expression of Python for each, evaluated in the",
        "project; a model stands there as shop.Item. A request is on where that could be guessed.",
    )
    if not parametrised:
        yield "#[[requests]]"
        yield '#path = "/item/{pk}/"'
        yield "#fill = { pk = 'shop.Item.objects.first()' }"
    yield from _recipes(parametrised, inventory)
    yield from _cut(parametrised)
    yield from _title(
        "More keys of a request: method, data, headers, as (a user's name), status, and volatile",
        "(regular expressions of what differs from one answer to the next).",
    )


def _recipes(routes: Sequence[Route], inventory: Inventory) -> Iterator[str]:
    names: dict[str, int] = {}
    written: set[str] = set()
    for route in routes[:_MOST]:
        path = write_path(route)
        if path is None:
            yield ""
            yield _comment(f"{route.path}: a regular expression, whose path can't be written")
            continue
        if path in written:  # another converter, and the same request
            continue
        written.add(path)
        name = _name(route, path, names)
        fill = guess_fill(route, inventory.models)
        parameters = dict.fromkeys(PARAMETER.findall(path))
        off = "" if set(fill) >= set(parameters) else "#"
        told = (f"{each} = {literal(fill.get(each, UNKNOWN))}" for each in parameters)
        yield ""
        yield _comment(_say_handler(route)) if route.handlers else _comment("no view is known")
        yield f"{off}[[requests]]"
        yield f"{off}name = {quote(name)}"
        yield f"{off}path = {quote(path)}"
        yield f"{off}fill = {{ {', '.join(told)} }}"


def _name(route: Route, path: str, names: dict[str, int]) -> str:
    """Return a name that an arm can bear and no other request has."""
    plain = re.sub(r"[^\w:.]+", "-", route.name or path).strip("-:.") or "root"
    names[plain] = names.get(plain, 0) + 1
    return plain if names[plain] == 1 else _name_again(plain, names)


def _name_again(plain: str, names: dict[str, int]) -> str:
    while (again := f"{plain}-{names[plain]}") in names:
        names[plain] += 1
    names[again] = 1
    return again


def _cut(routes: Sequence[Route]) -> Iterator[str]:
    if len(routes) > _MOST:
        yield f"# … and {len(routes) - _MOST} more."


def _pad(path: str) -> str:
    return f"{path:<{_WIDTH}} " if len(path) <= _WIDTH else f"{path} "


def _say_handler(route: Route) -> str:
    handlers = [
        f"{each.name} ({'async' if each.is_async else 'sync'})"
        for each in route.handlers
        if not each.methods or "GET" in each.methods
    ]
    return ", ".join(dict.fromkeys(handlers))


# ---------------------------------------------------------------- arms and stand-ins


def _arms(inventory: Inventory) -> Iterator[str]:
    plain = list_plain(inventory.routes)
    ordered = sorted(plain, key=_is_djangos)  # its login page is seldom what is slow
    path = next(filter(None, map(write_path, ordered)), "/")
    yield from _title("Arms with a name: `whereasync race today tomorrow`.")
    yield "#[arms]"
    yield f'#today = {{ server = "gunicorn,threads=16", path = {quote(path)} }}'
    yield f'#tomorrow = {{ server = "uvicorn", path = {quote(path)} }}'


def _is_djangos(route: Route) -> bool:
    return all(each.name.startswith("django.") for each in route.handlers)


def _stand_ins() -> Iterator[str]:
    yield from _title(
        "What answers in place of other services: no request leaves this machine.",
        'A latency is "20ms", "exponential:20ms" or "lognormal:20ms,0.5".',
    )
    yield '#[stand-ins."https://api.example.com"]'
    yield '#latency = "20ms"'
    yield "#status = 200"
    yield '#headers = { Content-Type = "application/json" }'
    yield "#body = '{\"ok\": true}'"


# ---------------------------------------------------------------- TOML


def quote(text: str) -> str:
    """Return text as TOML has it."""
    escaped = json.dumps(_plain(text), ensure_ascii=False)
    return escaped.replace("\x7f", "\\u007f")


def literal(text: str) -> str:
    """Return text as it is typed, where TOML allows that."""
    is_typed = "'" not in text and text.isprintable()
    return f"'{text}'" if is_typed else quote(text)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quote(name)


def _comment(text: str) -> str:
    """Return a comment: a single line, without what TOML refuses in one."""
    return f"# {''.join(each if each.isprintable() else '?' for each in _plain(text))}".rstrip()


def _plain(text: str) -> str:
    """Return text without what is no Unicode: a path of stray bytes."""
    return text.encode(errors="backslashreplace").decode()
