"""The table of servers, and what an arm may say of one. Pure.

A server is a row of ``SERVERS``, with an entry in docs/servers.md that a test compares. A
newcomer's trap: an arm says only what was asked for; what it leaves out is passed to the server
explicitly from the row's defaults, since variables such as WEB_CONCURRENCY would fill it otherwise.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError
from whereasync.model import Arm, Caveat, Fault, Interface

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

HOST = "127.0.0.1"
_MOST = 1024  # threads or workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One ``key=value`` that an arm may give to a server."""

    flag: str
    choices: tuple[str, ...] = ()  # empty: a whole number, 1 to _MOST
    default: str = ""  # passed where the arm says nothing; empty: not passed
    spelled: dict[str, str] = field(default_factory=dict)  # choice → what the flag calls it
    interfaces: dict[str, Interface] = field(default_factory=dict)  # choice → what it serves
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)  # choice → distributions
    only_with: tuple[str, str] | None = None  # (option, choice) without which it means nothing
    sweep: tuple[str, ...] = ()  # what ``--tune`` tries; never workers: equal CPU


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A row: how a server is called, and told what every arm needs.

    In ``arguments`` and ``positional`` stand ``{host}``, ``{port}``, ``{directory}``, ``{config}``
    and ``{application}``; ``{config}`` is the path of a file that holds ``config``.
    """

    interface: Interface  # unless an option's choice decides
    arguments: tuple[str, ...]
    options: dict[str, Option] = field(default_factory=dict)
    call: tuple[str, ...] = ()  # after the interpreter; empty: ``-m`` and the server's name
    positional: tuple[str, ...] = ("{application}",)  # after the options
    distribution: str = ""  # empty: the server's name
    config: str = ""
    config_suffix: str = ""
    warning: str = ""  # what a reader of its figures must know


_WORKERS = Option(flag="--workers", default="1")
_THREADS = ("1", "2", "4", "8", "16", "32", "64")  # tried by --tune

SERVERS: dict[str, Server] = {
    "daphne": Server(
        interface=Interface.ASGI,
        # Its own backlog holds 50 connections, too few for the clients of a race.
        arguments=(
            *("--endpoint", "tcp:port={port}:interface={host}:backlog=2048"),
            *("--verbosity", "0"),  # from 1 on it writes an access log
        ),
    ),
    "granian": Server(
        interface=Interface.ASGI,
        arguments=(
            *("--host", "{host}", "--port", "{port}", "--no-access-log", "--http1-keep-alive"),
            # It closes a connection that is idle for longer, and allows no more.
            *("--http1-header-read-timeout", "60000", "--workers-kill-timeout", "2"),
            # Connections beyond the backpressure get no answer, however idle the others are.
            *("--backlog", "2048", "--backpressure", "65536"),
        ),
        options={
            "interface": Option(
                flag="--interface",
                choices=("asgi", "wsgi"),
                default="asgi",
                interfaces={"asgi": Interface.ASGI, "wsgi": Interface.WSGI},
            ),
            "threads": Option(
                flag="--blocking-threads",
                default="512",  # its own with one worker
                only_with=("interface", "wsgi"),
                sweep=_THREADS,
            ),
            "loop": Option(
                flag="--loop",
                choices=("auto", "asyncio", "rloop", "uvloop"),
                default="auto",
                needs={"rloop": ("rloop",), "uvloop": ("uvloop",)},
                only_with=("interface", "asgi"),
                sweep=("asyncio", "rloop", "uvloop"),
            ),
            "http": Option(flag="--http", choices=("auto", "1"), default="auto"),
            "runtime": Option(flag="--runtime-mode", choices=("mt", "st")),
            "workers": _WORKERS,
        },
    ),
    "gunicorn": Server(
        interface=Interface.WSGI,
        arguments=(
            *("--config", "{config}", "--bind", "{host}:{port}", "--keep-alive", "75"),
            *("--timeout", "0", "--graceful-timeout", "2", "--worker-tmp-dir", "{directory}"),
        ),
        options={
            "worker": Option(
                flag="--worker-class",
                choices=("gthread", "sync", "uvicorn"),
                default="gthread",
                spelled={"uvicorn": "uvicorn_worker.UvicornWorker"},
                interfaces={"uvicorn": Interface.ASGI},
                needs={"uvicorn": ("uvicorn-worker", "uvicorn")},
            ),
            "threads": Option(flag="--threads", only_with=("worker", "gthread"), sweep=_THREADS),
            # Its own is 1,000, and nobody beyond gets an answer, however many threads are idle.
            "connections": Option(flag="--worker-connections", only_with=("worker", "gthread")),
            "workers": _WORKERS,
        },
        # Since 25 it opens a control socket in the user's home; older ones pass over the name.
        config="control_socket_disable = True\n",
        config_suffix=".py",
    ),
    "hypercorn": Server(
        interface=Interface.ASGI,
        arguments=(
            *("--config", "{config}", "--bind", "{host}:{port}", "--keep-alive", "75"),
            *("--graceful-timeout", "2", "--backlog", "2048"),
        ),
        options={
            "loop": Option(
                flag="--worker-class",
                choices=("asyncio", "uvloop"),
                default="asyncio",
                needs={"uvloop": ("uvloop",)},
                sweep=("asyncio", "uvloop"),
            ),
            "workers": _WORKERS,
        },
        # It closes a connection after 1,000 requests, and has no flag against that.
        config="keep_alive_max_requests = 1_000_000_000\n",
        config_suffix=".toml",
    ),
    "runserver": Server(
        interface=Interface.WSGI,
        call=("manage.py", "runserver"),
        arguments=("--noreload",),
        positional=("{host}:{port}",),
        distribution="django",
        warning="runserver is Django's development server, and serves WSGI unless daphne is in "
        "INSTALLED_APPS: its figures say nothing about production",
    ),
    "uvicorn": Server(
        interface=Interface.ASGI,
        arguments=(
            *("--host", "{host}", "--port", "{port}", "--timeout-keep-alive", "75"),
            *("--no-access-log", "--timeout-graceful-shutdown", "2"),
        ),
        options={
            "loop": Option(
                flag="--loop",
                choices=("auto", "asyncio", "uvloop"),
                default="auto",
                needs={"uvloop": ("uvloop",)},
                sweep=("asyncio", "uvloop"),
            ),
            "http": Option(
                flag="--http",
                choices=("auto", "h11", "httptools"),
                default="auto",
                needs={"httptools": ("httptools",)},
                sweep=("h11", "httptools"),
            ),
            "workers": _WORKERS,
        },
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A project to serve, with the interpreter that has its dependencies."""

    python: Path
    directory: Path  # becomes the working directory
    wsgi: str = ""  # "demosite.wsgi:application"
    asgi: str = ""
    env: Mapping[str, str] = field(default_factory=dict)  # what its settings read beside
    call: tuple[str, ...] = ()  # what runs any server, after the interpreter; empty: its own module
    overlay: tuple[str, ...] = ()  # directories of what the interpreter lacks, after its own


def parse_arm_server(text: str) -> Arm:
    """Read ``SERVER[,key=value…]``; BadInputError, with the nearest name, for what isn't there."""
    name, *pairs = text.split(",")
    row = SERVERS.get(name)
    if row is None:
        raise BadInputError(f"there is no server “{name}”", _nearest(name, SERVERS))
    options: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if key not in row.options:
            raise BadInputError(f"{name} has no option “{key}” here", _nearest(key, row.options))
        if not equals or key in options:
            raise BadInputError(
                f"“{pair}” in “{text}” should be one {key}=value", f"write {name},{key}=…"
            )
        options[key] = _check_value(name, key, value)
    for key in options:
        _check_company(name, key, options)
    return Arm(server=name, interface=_interface(row, options), options=options)


def _interface(row: Server, options: Mapping[str, str]) -> Interface:
    for key, option in row.options.items():
        if (choice := options.get(key, option.default)) in option.interfaces:
            return option.interfaces[choice]
    return row.interface


def _check_value(server: str, key: str, value: str) -> str:
    choices = SERVERS[server].options[key].choices
    if choices and value not in choices:
        raise BadInputError(f"{server} has no {key}={value} here", _nearest(value, choices))
    if not choices and not (re.fullmatch("[0-9]{1,4}", value) and 1 <= int(value) <= _MOST):
        raise BadInputError(
            f"{server}'s {key}={value} is no whole number from 1 to {_MOST}",
            f"write {server},{key}=4",
        )
    return value


def _check_company(server: str, key: str, options: Mapping[str, str]) -> None:
    row = SERVERS[server]
    company = row.options[key].only_with
    if company and not means_something(row, key, options):
        other, choice = company
        given = options.get(other, row.options[other].default)
        raise BadInputError(
            f"{server}'s {key} means nothing with {other}={given}",
            f"leave it out, or write {other}={choice}",
        )


def means_something(row: Server, key: str, options: Mapping[str, str]) -> bool:
    """Return whether the server heeds that option beside those."""
    company = row.options[key].only_with
    return company is None or company[1] == options.get(company[0], row.options[company[0]].default)


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, names := sorted(known), n=1)
    if not names:
        return "leave it out: there are none"
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}"


def _settle(arm: Arm) -> dict[str, str]:
    """Return all that the server is told: the arm's options, and the row's defaults."""
    row = SERVERS[arm.server]
    settled = {
        key: arm.options.get(key, option.default)
        for key, option in row.options.items()
        if means_something(row, key, arm.options)
    }
    return {key: value for key, value in settled.items() if value}


def distributions(arm: Arm) -> tuple[str, ...]:
    """Return the distributions that the arm needs, the server's own first."""
    row = SERVERS[arm.server]
    needed = [row.distribution or arm.server]
    for key, value in _settle(arm).items():
        needed += row.options[key].needs.get(value, ())
    return tuple(needed)


def capacity(arm: Arm) -> int | None:
    """Return how many requests it answers at once, as far as its options say.

    None where nothing limits that: one event loop holds many, and a server without workers starts
    a thread for each connection.
    """
    row = SERVERS[arm.server]
    if arm.interface is Interface.ASGI or "workers" not in row.options:
        return None
    said = _settle(arm)
    return int(said.get("threads", "1")) * int(said["workers"])


def caveats(arm: Arm) -> tuple[Fault, ...]:
    """Return what a reader must know of the server before believing its figures."""
    row = SERVERS[arm.server]
    if not row.warning:
        return ()
    hint = "race what your site runs on in production, for example gunicorn"
    return (Fault(kind=Caveat.DEVELOPMENT_SERVER, detail=row.warning, hint=hint),)


def build_argv(arm: Arm, app: App, *, port: int, directory: Path, config: Path) -> list[str]:
    """Return the server's whole command line. Pure."""
    row = SERVERS[arm.server]
    told: list[str] = []
    for key, value in _settle(arm).items():
        option = row.options[key]
        told += [option.flag, option.spelled.get(value, value)]
    places = {
        "host": HOST,
        "port": port,
        "directory": directory,
        "config": config,
        "application": app.wsgi if arm.interface is Interface.WSGI else app.asgi,
    }
    return [
        str(app.python),
        *_call(arm, app),
        *(argument.format_map(places) for argument in row.arguments),
        *told,
        *(argument.format_map(places) for argument in row.positional),
    ]


def _call(arm: Arm, app: App) -> tuple[str, ...]:
    if app.call:
        return (*app.call, arm.server)
    return SERVERS[arm.server].call or ("-m", arm.server)
