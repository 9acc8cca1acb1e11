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
from whereasync.model import Arm, Interface

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

HOST = "127.0.0.1"
_MOST = 1024  # threads or workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One ``key=value`` that an arm may give to a server."""

    flag: str
    choices: tuple[str, ...] = ()  # empty: a whole number from 1
    default: str = ""  # passed where the arm says nothing; empty: not passed
    needs: dict[str, str] = field(default_factory=dict)  # choice → distribution it takes
    only_with: tuple[str, str] | None = None  # (option, choice) without which it means nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A row: how ``python -m <distribution>`` is told what every arm needs.

    In ``arguments`` stand ``{host}``, ``{port}``, ``{directory}`` and ``{config}``; the last is
    the path of a file that holds ``config``.
    """

    interface: Interface
    arguments: tuple[str, ...]
    options: dict[str, Option]
    config: str = ""
    config_suffix: str = ""


_WORKERS = Option(flag="--workers", default="1")

SERVERS: dict[str, Server] = {
    "gunicorn": Server(
        interface=Interface.WSGI,
        arguments=(
            *("--config", "{config}", "--bind", "{host}:{port}", "--keep-alive", "75"),
            *("--timeout", "0", "--graceful-timeout", "2", "--worker-tmp-dir", "{directory}"),
        ),
        options={
            "worker": Option(flag="--worker-class", choices=("gthread", "sync"), default="gthread"),
            "threads": Option(flag="--threads", only_with=("worker", "gthread")),
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
            *("--graceful-timeout", "2"),
        ),
        options={
            "loop": Option(
                flag="--worker-class",
                choices=("asyncio", "uvloop"),
                default="asyncio",
                needs={"uvloop": "uvloop"},
            ),
            "workers": _WORKERS,
        },
        # It closes a connection after 1,000 requests, and has no flag against that.
        config="keep_alive_max_requests = 1_000_000_000\n",
        config_suffix=".toml",
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
                needs={"uvloop": "uvloop"},
            ),
            "http": Option(
                flag="--http",
                choices=("auto", "h11", "httptools"),
                default="auto",
                needs={"httptools": "httptools"},
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
    return Arm(server=name, interface=row.interface, options=options)


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
    company = SERVERS[server].options[key].only_with
    if company is None:
        return
    other, choice = company
    if options.get(other, SERVERS[server].options[other].default) != choice:
        raise BadInputError(
            f"{server}'s {key} means nothing with {other}={options[other]}",
            f"leave out one of them, or write {other}={choice}",
        )


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, names := sorted(known), n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}"


def build_argv(arm: Arm, app: App, *, port: int, directory: Path, config: Path) -> list[str]:
    """Return the server's whole command line. Pure."""
    row = SERVERS[arm.server]
    filled = [
        argument.format(host=HOST, port=port, directory=directory, config=config)
        for argument in row.arguments
    ]
    for key, option in row.options.items():
        if value := arm.options.get(key, option.default):
            filled += [option.flag, value]
    application = app.wsgi if arm.interface is Interface.WSGI else app.asgi
    return [str(app.python), "-m", arm.server, *filled, application]
