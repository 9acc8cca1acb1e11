"""How a project is served, as far as its files say: server commands, with file and line.

Read are the files that start servers: Procfile, Dockerfile, compose files, units, Makefile,
scripts, gunicorn's and uWSGI's own configuration. A newcomer would look for the word "gunicorn": it
also stands in ``pip install gunicorn``. A command counts where a command can stand and says what it
serves; whatever can't be told is left out.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from whereasync.model import Interface

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whereasync.model import SourceText

RUNSERVER = "runserver"
NAMES = re.compile(
    r"Procfile.*|.*Dockerfile.*|Containerfile|(docker-)?compose.*\.ya?ml|.*\.service"
    r"|heroku\.yml|render\.yaml|fly\.toml|supervisord?.*\.(conf|ini)|gunicorn.*\.(py|conf)"
    r"|.*uwsgi.*\.ini|GNUmakefile|[Mm]akefile|[Jj]ustfile|.*\.sh|entrypoint|start",
    re.IGNORECASE,
)
BY_ASGI = {"uvicorn", "hypercorn", "daphne", "granian"}
BY_WSGI = {"uwsgi", "waitress-serve", "mod_wsgi-express"}
LAUNCHERS = {
    *("exec", "run", "-m", "-c", "--", "cmd", "entrypoint", "then", "do", "sudo", "dumb-init"),
    *("run-program", "ddtrace-run", "opentelemetry-instrument", "&&", "||", ";"),
}
OPENS = re.compile(r"((?:command|entrypoint)\s*:)\s*[>|]?-?")  # of YAML: its value stands below
VARIABLE = re.compile(r"[A-Z_]+=")  # set for the command that follows
ENDS = {"&&", "||", ";", "|", "&"}
RELOADS = {"--reload", "--use-reloader"}
DIRECTORIES = frozenset({"docker", ".docker", "compose", "deploy", "deployment"})  # looked into too
FOR_DEVELOPERS = re.compile(r"(?:^|[._-])(?:dev\w*|local|tests?|debug)(?:[._-]|$)", re.IGNORECASE)
ASGI_WORKER = re.compile(r"uvicorn|asgi", re.IGNORECASE)
SPELT = re.compile(r"[aw]sgi\b.*[.:]|[.:].*[aw]sgi\b", re.IGNORECASE)  # not the value of an option
APPLICATION = re.compile(r"[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*(?:\(\))?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCommand:
    """A place where a server is started."""

    server: str  # "gunicorn", "runserver"
    interface: Interface
    file: str
    line: int
    text: str  # the command
    is_development: bool = False  # it reloads code, so it serves a developer


def find_commands(files: Iterable[SourceText]) -> tuple[ServerCommand, ...]:
    """Return the server commands in the files that start servers, in their order."""
    return tuple(found for file in files for found in _read(file))


def is_read(name: str) -> bool:
    """Tell by its name whether a file may start servers."""
    return bool(NAMES.fullmatch(name))


def _read(file: SourceText) -> Iterator[ServerCommand]:
    name = PurePath(file.path).name
    if name.endswith(".py"):
        yield from _read_gunicorn(file)
    elif name.endswith(".ini") and "[uwsgi]" in file.text:
        yield from _read_uwsgi(file)
    else:
        yield from _read_lines(file)


def _read_gunicorn(file: SourceText) -> Iterator[ServerCommand]:
    """Read gunicorn's configuration: a worker class that is written out decides."""
    try:
        tree = ast.parse(file.text)
    except (SyntaxError, ValueError):
        return
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == "worker_class"
            and isinstance(node.value, ast.Constant)
        ):
            is_asgi = ASGI_WORKER.search(str(node.value.value))
            yield ServerCommand(
                server="gunicorn",
                interface=Interface.ASGI if is_asgi else Interface.WSGI,
                file=file.path,
                line=node.lineno,
                text=f"worker_class = {node.value.value!r}",
            )


def _read_uwsgi(file: SourceText) -> Iterator[ServerCommand]:
    for number, line in enumerate(file.text.splitlines(), start=1):
        if re.match(r"\s*(module|wsgi-file|wsgi|mount)\s*=", line):
            yield ServerCommand(
                server="uwsgi",
                interface=Interface.WSGI,
                file=file.path,
                line=number,
                text=line.strip(),
            )
            return


# ---------------------------------------------------------------- commands in text


def _read_lines(file: SourceText) -> Iterator[ServerCommand]:
    for number, line in join_lines(file.text):
        words = split(line)
        for place, word in enumerate(words):
            if _stands_as_command(words, place):
                arguments = _take_arguments(words[place + 1 :])
                found = _judge(PurePath(word).name, arguments)
                if found:
                    server, interface = found
                    yield ServerCommand(
                        server=server,
                        interface=interface,
                        file=file.path,
                        line=number,
                        text=" ".join([PurePath(word).name, *arguments]),
                        is_development=server == RUNSERVER
                        or not RELOADS.isdisjoint(arguments)
                        or _is_for_developers(file.path),
                    )
                    break


def join_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of its first line and each logical line, comments left out.

    A line is continued by a backslash, and in YAML a ``command:`` by what is listed or folded
    below it.
    """
    begun: tuple[int, str] | None = None
    key = -1  # the indentation of a YAML key that the next lines belong to
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("#") and not stripped.startswith("#!"):
            continue
        indent = len(line) - len(line.lstrip())
        belongs = key >= 0 and begun and (indent > key or (indent == key and stripped[:2] == "- "))
        if begun and (belongs or begun[1].endswith("\\")):
            more = stripped.removeprefix("- ") if belongs else stripped
            begun = (begun[0], " ".join([begun[1].removesuffix("\\"), more]))
            continue
        if begun:
            yield begun
        opens = OPENS.fullmatch(stripped)
        begun = (number, opens[1] if opens else stripped)
        key = indent if opens else -1
    if begun:
        yield begun


def split(line: str) -> list[str]:
    """Return the words of a command line, or of a JSON list of words; quotes are gone."""
    spaced = re.sub(r"(&&|\|\||[;|])", r" \1 ", re.sub(r"[\"'\[\],]|^[@-]+", " ", line))
    return re.sub(r"^\s*(\w+)\s*=\s*", r"\1= ", spaced).split()


def _stands_as_command(words: Sequence[str], place: int) -> bool:
    if place == 0:
        return True
    before = words[place - 1]
    return before.lower() in LAUNCHERS or before[-1] in ":=" or bool(VARIABLE.match(before))


def _take_arguments(words: Sequence[str]) -> list[str]:
    end = next((place for place, word in enumerate(words) if word in ENDS), len(words))
    return list(words[:end])


def _judge(server: str, arguments: Sequence[str]) -> tuple[str, Interface] | None:
    """Return server and interface; None for what is no server, or can't be told."""
    if server == "manage.py" or server.startswith("python"):
        return (RUNSERVER, Interface.WSGI) if RUNSERVER in arguments[:2] else None
    interface: Interface | None = None
    if server in BY_WSGI and arguments:
        interface = Interface.WSGI
    elif server in BY_ASGI:
        interface = _judge_asgi(arguments)
    elif server == "gunicorn":
        interface = _judge_gunicorn(arguments)
    return (server, interface) if interface else None


def _judge_asgi(arguments: Sequence[str]) -> Interface | None:
    """Judge a server that calls ASGI unless it is told, or sees, that this is WSGI."""
    application = _find_application(arguments).lower()
    if not application:
        return None
    sees = Interface.WSGI if "wsgi" in application else Interface.ASGI
    return _read_interface(arguments) or sees


def _judge_gunicorn(arguments: Sequence[str]) -> Interface | None:
    """Judge by the worker, then by what is served; a file of its own may say otherwise."""
    application = _find_application(arguments).lower()
    if ASGI_WORKER.search(_read_option(arguments, "-k", "--worker-class")):
        return Interface.ASGI
    if "$" in application:
        return None
    if "wsgi" in application:
        return Interface.WSGI
    has_file = _read_option(arguments, "-c", "--config")
    return Interface.ASGI if "asgi" in application and not has_file else None


def _find_application(arguments: Sequence[str]) -> str:
    """Return what is served, "shop.asgi:application", or the variable that holds it."""
    words = [word for word in arguments if not word.startswith("-")]
    named = [word for word in words if APPLICATION.fullmatch(word.removeprefix("wsgi:"))]
    telling = (word for word in named if SPELT.search(word))
    pairs = (word for word in named if ":" in word)
    return next(telling, None) or next(pairs, None) or next((w for w in words if "$" in w), "")


def _read_interface(arguments: Sequence[str]) -> Interface | None:
    """Return what uvicorn's and granian's ``--interface`` says, if it decides."""
    said = _read_option(arguments, "--interface")
    if said.startswith("asgi"):
        return Interface.ASGI
    return Interface.WSGI if said == "wsgi" else None


def _is_for_developers(path: str) -> bool:
    """Tell by its name, or by its directories below those of the deployment: "Procfile.dev"."""
    *directories, name = PurePath(path).parts
    below = [place for place, part in enumerate(directories) if part in DIRECTORIES]
    parts = [*directories[below[0] :], name] if below else [name]
    return any(FOR_DEVELOPERS.search(part) for part in parts)


def _read_option(arguments: Sequence[str], *names: str) -> str:
    for place, word in enumerate(arguments):
        name, _, value = word.partition("=")
        if name in names:
            return value or next(iter(arguments[place + 1 :]), "")
    return ""
