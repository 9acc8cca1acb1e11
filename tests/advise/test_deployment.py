"""Which server a project's files start, and above all what is no server command."""

from __future__ import annotations

import pytest

from whereasync.advise.deployment import ServerCommand, find_commands, is_read, join_lines
from whereasync.model import Interface, SourceText

ASGI, WSGI = Interface.ASGI, Interface.WSGI


def read(name: str, text: str) -> list[ServerCommand]:
    """Return the commands of one file, in a developer's directory."""
    return list(find_commands([SourceText(path=f"/home/me/dev/shop/{name}", text=text)]))


@pytest.mark.parametrize(
    ("command", "server", "interface"),
    [
        ("gunicorn shop.wsgi", "gunicorn", WSGI),
        ("gunicorn -c gunicorn.conf.py shop.wsgi:application", "gunicorn", WSGI),
        ("gunicorn shop.asgi:application -k uvicorn.workers.UvicornWorker", "gunicorn", ASGI),
        ("gunicorn --worker-class=uvicorn_worker.UvicornWorker $APP", "gunicorn", ASGI),
        ("gunicorn shop.asgi:application", "gunicorn", ASGI),
        ("uvicorn --host 0.0.0.0 --log-config logging.ini shop.asgi:app", "uvicorn", ASGI),
        ("uvicorn asgi:app", "uvicorn", ASGI),
        ("uvicorn $APP", "uvicorn", ASGI),
        ("uvicorn --interface wsgi shop.app:application", "uvicorn", WSGI),
        ("uvicorn --interface auto shop.asgi:application", "uvicorn", ASGI),
        ("hypercorn shop.asgi:application", "hypercorn", ASGI),
        ("hypercorn wsgi:shop.wsgi:application", "hypercorn", WSGI),
        ("daphne -b 0.0.0.0 shop.asgi:application", "daphne", ASGI),
        ("granian --interface wsgi shop.wsgi:application", "granian", WSGI),
        ("granian --interface asginl shop.asgi:application", "granian", ASGI),
        ("uwsgi --ini /etc/shop.ini", "uwsgi", WSGI),
        ("waitress-serve --port=8000 shop.wsgi:application", "waitress-serve", WSGI),
        ("python -m gunicorn shop.wsgi", "gunicorn", WSGI),
        ("/srv/venv/bin/gunicorn shop.wsgi", "gunicorn", WSGI),
        ("exec gunicorn shop.wsgi", "gunicorn", WSGI),
        ("poetry run uvicorn shop.asgi:app", "uvicorn", ASGI),
        ("DJANGO_SETTINGS_MODULE=shop.live gunicorn shop.wsgi", "gunicorn", WSGI),
        ("python manage.py migrate && gunicorn shop.wsgi", "gunicorn", WSGI),
        ("sh -c 'gunicorn shop.wsgi'", "gunicorn", WSGI),
    ],
)
def test_a_server_is_found_with_its_interface(
    command: str, server: str, interface: Interface
) -> None:
    """In a Procfile, after the process's name."""
    [found] = read("Procfile", f"release: python manage.py migrate\nweb: {command}\n")
    assert (found.server, found.interface, found.line) == (server, interface, 2)
    assert not found.is_development


@pytest.mark.parametrize(
    "line",
    [
        "RUN pip install gunicorn uvicorn shop.wsgi:application",
        "# CMD gunicorn shop.wsgi",
        "echo gunicorn shop.wsgi:application",
        "gunicorn --version",
        "uvicorn --version",
        "uwsgi",
        "gunicorn $APP",
        "gunicorn -c gunicorn.conf.py shop.asgi:application",
        "gunicorn",
        "gunicorn shop:create",
        "celery -A shop worker",
        "python manage.py migrate",
        "apt-get install gunicorn",
        "image: gunicorn",
        "",
    ],
)
def test_what_is_no_server_or_cannot_be_told_is_left_out(line: str) -> None:
    """A wrong verdict would cost more than none."""
    assert read("start.sh", f"{line}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        'CMD ["gunicorn", "--workers", "3", "shop.wsgi:application"]',
        'ENTRYPOINT ["dumb-init", "gunicorn", "shop.wsgi:application"]',
        "CMD gunicorn \\\n  # how many\n  --workers 3 \\\n  shop.wsgi",
    ],
)
def test_a_dockerfile(text: str) -> None:
    """In either form, over several lines."""
    [found] = read("Dockerfile", f"FROM python:3.12\nRUN pip install gunicorn\n{text}\n")
    assert (found.server, found.line) == ("gunicorn", 3)


@pytest.mark.parametrize(
    "text",
    [
        "    command: uvicorn shop.asgi:app",
        '    command: ["uvicorn", "shop.asgi:app"]',
        "    command:\n      - uvicorn\n      - shop.asgi:app",
        "    command:\n    - uvicorn\n    - shop.asgi:app",
        "    command: >\n      uvicorn\n      shop.asgi:app",
        "    entrypoint: |\n      uvicorn shop.asgi:app",
    ],
)
def test_a_compose_file(text: str) -> None:
    """A list, a line, or folded; what comes after belongs to another key."""
    file = f"services:\n  web:\n{text}\n    image: gunicorn\n    ports: []\n"
    [found] = read("compose.yml", file)
    assert (found.server, found.interface, found.line) == ("uvicorn", ASGI, 3)
    assert found.text == "uvicorn shop.asgi:app"


def test_a_unit() -> None:
    """Of systemd, with an absolute path."""
    unit = "[Service]\nExecStart=/srv/bin/gunicorn \\\n  --bind unix:/run/x.sock \\\n  a.wsgi:app\n"
    [found] = read("shop.service", unit)
    assert (found.server, found.interface, found.line) == ("gunicorn", WSGI, 2)


def test_a_makefile_and_a_table() -> None:
    """A recipe may begin with @; a table has an equals sign and quotes."""
    assert read("Makefile", "serve:\n\t@gunicorn shop.wsgi\n")[0].line == 2
    assert read("fly.toml", '[processes]\n  app = "gunicorn shop.wsgi"\n')[0].line == 2


def test_gunicorns_own_file() -> None:
    """A worker class decides if it is written out."""
    [found] = read(
        "gunicorn.conf.py", "workers = 3\nworker_class = 'uvicorn.workers.UvicornWorker'"
    )
    assert (found.interface, found.line) == (ASGI, 2)
    [found] = read("gunicorn.conf.py", "worker_class = 'gthread'")
    assert found.interface is WSGI
    assert read("gunicorn.conf.py", "import os\nworker_class = os.environ['W']") == []
    assert read("gunicorn.conf.py", "workers =") == []


def test_uwsgis_own_file() -> None:
    """A module in its section, not any ini file."""
    [found] = read("uwsgi.ini", "[uwsgi]\nprocesses = 4\nmodule = shop.wsgi:application\n")
    assert (found.server, found.interface, found.line) == ("uwsgi", WSGI, 3)
    assert read("uwsgi.ini", "[uwsgi]\nprocesses = 4\n") == []
    assert read("my-uwsgi.ini", "[other]\nmodule = shop.wsgi\n") == []


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("Makefile", "python manage.py runserver 0.0.0.0:8000"),
        ("Makefile", "./manage.py runserver"),
        ("Procfile", "uvicorn shop.asgi:app --reload"),
        ("Procfile.dev", "uvicorn shop.asgi:app"),
        ("docker-compose.local.yml", "uvicorn shop.asgi:app"),
        ("compose/local/django/start", "uvicorn shop.asgi:app"),
    ],
)
def test_a_command_for_developers_is_told_apart(name: str, command: str) -> None:
    """By what it is, by its options, by its file; never by where the repository lies."""
    [found] = read(name, f"{command}\n")
    assert found.is_development


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, True) for name in ("Procfile", "Dockerfile", "web.Dockerfile", "compose.yaml")),
        *((name, True) for name in ("docker-compose.prod.yml", "shop.service", "Makefile")),
        *((name, True) for name in ("entrypoint.sh", "gunicorn.conf.py", "uwsgi.ini", "start")),
        *((name, False) for name in ("README.md", "settings.py", "pyproject.toml", "compose.py")),
        *((name, False) for name in ("requirements.txt", "starting", "tox.ini")),
    ],
)
def test_which_files_are_read(name: str, expected: bool) -> None:
    """Those that start servers."""
    assert is_read(name) is expected


def test_lines_keep_the_number_of_their_first() -> None:
    """Continued, commented, and the last without an end."""
    text = "#!/bin/sh\na \\\n  b\n# no\nc"
    assert [(number, line.split()) for number, line in join_lines(text)] == [
        (1, ["#!/bin/sh"]),
        (2, ["a", "b"]),
        (5, ["c"]),
    ]
    assert list(join_lines("")) == []
