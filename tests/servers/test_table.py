"""The table of servers, and what an arm may say of one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from whereasync.errors import BadInputError
from whereasync.model import Arm, Interface
from whereasync.servers import SERVERS, App, capacity, caveats, parse_arm_server
from whereasync.servers.table import build_argv, distributions

DOCS = Path(__file__).parents[2] / "docs" / "servers.md"
KNOWN = "known here: daphne, granian, gunicorn, hypercorn, runserver, uvicorn"
ASGI_UVLOOP = {"interface": "asgi", "loop": "uvloop"}


@pytest.mark.parametrize(
    ("text", "interface", "options"),
    [
        ("gunicorn", Interface.WSGI, {}),
        ("gunicorn,threads=40", Interface.WSGI, {"threads": "40"}),
        (
            "gunicorn,worker=gthread,threads=8,workers=2",
            Interface.WSGI,
            {"worker": "gthread", "threads": "8", "workers": "2"},
        ),
        ("gunicorn,worker=sync,workers=4", Interface.WSGI, {"worker": "sync", "workers": "4"}),
        ("hypercorn,loop=uvloop", Interface.ASGI, {"loop": "uvloop"}),
        ("uvicorn,http=h11,loop=asyncio", Interface.ASGI, {"http": "h11", "loop": "asyncio"}),
        ("gunicorn,worker=uvicorn", Interface.ASGI, {"worker": "uvicorn"}),
        ("granian", Interface.ASGI, {}),
        ("granian,interface=asgi,loop=uvloop", Interface.ASGI, ASGI_UVLOOP),
        ("granian,threads=8,interface=wsgi", Interface.WSGI, {"threads": "8", "interface": "wsgi"}),
        ("daphne", Interface.ASGI, {}),
        ("runserver", Interface.WSGI, {}),
    ],
)
def test_arm(text: str, interface: Interface, options: dict[str, str]) -> None:
    """An arm is read as it is written, and written as it was read."""
    arm = parse_arm_server(text)
    assert arm == Arm(server=text.partition(",")[0], interface=interface, options=options)
    assert str(arm) == text


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("", "no server “”", KNOWN),
        ("gunicron", "no server “gunicron”", "did you mean gunicorn?"),
        ("nginx", "no server “nginx”", KNOWN),
        ("gunicorn,thread=4", "no option “thread”", "did you mean threads?"),
        ("gunicorn,", "no option “”", "known here: connections, threads, worker, workers"),
        ("gunicorn,threads", "should be one threads=value", "gunicorn,threads=…"),
        ("gunicorn,threads=4,threads=5", "should be one threads=value", "gunicorn,threads=…"),
        ("gunicorn,threads=0", "no whole number from 1 to 1024", "gunicorn,threads=4"),
        ("gunicorn,threads=-4", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,threads=many", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,threads=1025", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,threads=", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,threads=٤", "no whole number", "gunicorn,threads=4"),
        ("gunicorn,worker=gevent", "no worker=gevent", "known here: gthread, sync, uvicorn"),
        ("gunicorn,worker=gthreads", "no worker=gthreads", "did you mean gthread?"),
        ("gunicorn,threads=4,worker=sync", "means nothing with worker=sync", "worker=gthread"),
        (
            "gunicorn,threads=4,worker=uvicorn",
            "means nothing with worker=uvicorn",
            "worker=gthread",
        ),
        ("granian,threads=4", "threads means nothing with interface=asgi", "interface=wsgi"),
        (
            "granian,interface=wsgi,loop=asyncio",
            "means nothing with interface=wsgi",
            "leave it out",
        ),
        ("uvicorn,loop=uvlop", "no loop=uvlop", "did you mean uvloop?"),
        ("daphne,workers=2", "no option “workers”", "leave it out: there are none"),
    ],
)
def test_arm_refused(text: str, what: str, hint: str) -> None:
    """What the table doesn't have is refused with the nearest, or with all that it has."""
    with pytest.raises(BadInputError, match=re.escape(what)) as caught:
        parse_arm_server(text)
    assert hint in caught.value.hint


def test_docs() -> None:
    """The docs have an entry for each row, with its options, values, defaults and flags."""
    written = {}
    for section in DOCS.read_text().split("\n## ")[1:-1]:
        rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
        written[section.partition("\n")[0]] = {
            row[0].strip("| `"): tuple(cell.strip(" |") for cell in row[1:]) for row in rows
        }
    table = {
        name: {
            key: (
                ", ".join(f"`{choice}`" for choice in option.choices)
                or "a whole number, 1 to 1024",
                f"`{option.default}`" if option.default else "none",
                f"`{option.flag}`",
                ", ".join(f"`{value}`" for value in option.sweep) or "–",
            )
            for key, option in row.options.items()
        }
        for name, row in SERVERS.items()
    }
    assert written == table


@pytest.mark.parametrize("name", SERVERS)
def test_docs_say_what_is_served(name: str) -> None:
    """An entry begins with the interface, with what decides it otherwise, and what to install."""
    row = SERVERS[name]
    others = [
        f", or the {interface.upper()} application with `{key}={choice}`"
        for key, option in row.options.items()
        for choice, interface in option.interfaces.items()
        if interface is not row.interface
    ]
    distribution = distributions(parse_arm_server(name))[0]
    begins = f"## {name}\n\nServes the {row.interface.upper()} application{''.join(others)}."
    assert re.search(rf"{re.escape(begins)} `pip install '?{distribution}\b", DOCS.read_text())


def test_docs_say_what_choices_need_and_are_called() -> None:
    """Distributions beside the server's own, and other words on the command line."""
    docs = DOCS.read_text()
    for row in SERVERS.values():
        for option in row.options.values():
            assert all(f"`{word}`" in docs for word in option.spelled.values())
            for names in option.needs.values():
                assert f"pip install {' '.join(names)}`" in docs


def test_defaults_can_be_chosen() -> None:
    """Every default is a value that an arm may give."""
    for name, row in SERVERS.items():
        for key, option in row.options.items():
            if option.default:
                company = ",{}={}".format(*option.only_with) if option.only_with else ""
                parse_arm_server(f"{name}{company},{key}={option.default}")
            known = set(option.choices)
            assert {*option.needs, *option.spelled, *option.interfaces} <= known
            assert set(option.sweep) <= known or not known


def test_only_what_is_real_is_tried() -> None:
    """Candidates have equal CPU, and “auto” is one of the others."""
    for row in SERVERS.values():
        for key, option in row.options.items():
            assert "auto" not in option.sweep
            assert not (key == "workers" and option.sweep)


APP = App(python=Path("/py"), directory=Path("/app"), wsgi="site:wsgi", asgi="site:asgi")


def argv(text: str) -> list[str]:
    """Return the command line of an arm."""
    arm = parse_arm_server(text)
    return build_argv(arm, APP, port=81, directory=Path("/run"), config=Path("/run/c"))


def test_argv() -> None:
    """The command line holds the arm's options, the row's defaults, and the right application."""
    told = argv("gunicorn,threads=8")
    assert told[:3] == ["/py", "-m", "gunicorn"]
    assert told[-7:] == [
        *("--worker-class", "gthread", "--threads", "8", "--workers", "1"),
        "site:wsgi",
    ]
    assert told[told.index("--bind") + 1] == "127.0.0.1:81"
    assert told[told.index("--worker-tmp-dir") + 1] == "/run"
    assert argv("uvicorn")[-1] == "site:asgi"


def test_argv_of_a_choice() -> None:
    """A choice decides the application and how it is spelled; what means nothing isn't passed."""
    told = argv("gunicorn,worker=uvicorn")
    assert told[-5:] == [
        *("--worker-class", "uvicorn_worker.UvicornWorker", "--workers", "1"),
        "site:asgi",
    ]
    assert argv("granian")[-1] == "site:asgi"
    assert "--blocking-threads" not in argv("granian")
    told = argv("granian,interface=wsgi")
    assert told[-1] == "site:wsgi"
    assert told[told.index("--blocking-threads") + 1] == "512"
    assert "--loop" not in told


def test_argv_of_another_call() -> None:
    """A row may be called otherwise than as a module, and without an application."""
    assert argv("runserver") == ["/py", "manage.py", "runserver", "--noreload", "127.0.0.1:81"]


@pytest.mark.parametrize("text", ["gunicorn", "runserver", "uvicorn,loop=asyncio"])
def test_argv_of_an_app_with_a_launcher(text: str) -> None:
    """It is called with the server's name, and with what the server is told anyhow."""
    arm = parse_arm_server(text)
    launched = replace(APP, call=("-m", "launcher"))
    told = build_argv(arm, launched, port=81, directory=Path("/run"), config=Path("/run/c"))
    assert told[:4] == ["/py", "-m", "launcher", arm.server]
    plain = argv(text)
    rest = len(SERVERS[arm.server].call or ("-m", arm.server))
    assert told[4:] == plain[1 + rest :]


# ---------------------------------------------------------------- what an arm is good for


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("gunicorn", 1),
        ("gunicorn,threads=8", 8),
        ("gunicorn,threads=8,workers=2", 16),
        ("gunicorn,worker=sync,workers=3", 3),
        ("gunicorn,worker=uvicorn,workers=3", None),
        ("granian,interface=wsgi", 512),
        ("granian,interface=wsgi,threads=4,workers=2", 8),
        ("granian", None),
        ("daphne", None),
        ("runserver", None),
        ("uvicorn,workers=2", None),
    ],
)
def test_capacity(text: str, most: int | None) -> None:
    """Threads times workers answer at once; an event loop and the development server more."""
    assert capacity(parse_arm_server(text)) == most


def test_caveats() -> None:
    """Only the development server has one, and it says what to race instead."""
    [fault] = caveats(parse_arm_server("runserver"))
    assert fault.kind == "development server"
    assert "unless daphne is in INSTALLED_APPS" in fault.detail
    assert "gunicorn" in fault.hint
    assert [name for name in SERVERS if caveats(parse_arm_server(name))] == ["runserver"]
