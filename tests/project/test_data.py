"""Throwaway databases for a project: copied, migrated, seeded, logged in; the user's stay as is."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.bakery import Bakery, open_bakery

from whereasync.databases import provision
from whereasync.databases.address import with_database
from whereasync.databases.binaries import find_binaries
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import DatabaseSetting, Order
from whereasync.processes import Supervisor, supervised
from whereasync.project import Guest, Home, settle_in
from whereasync.project.data import Data, make_ready, plan, provide

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
    "unknown": "shop.backend",
}


def setting(name: str, alias: str = "default", vendor: str = "sqlite", **more: Any) -> Any:
    """Return one entry of DATABASES as the inventory has it."""
    return DatabaseSetting(
        alias=alias, vendor=vendor, engine=ENGINES[vendor], name=str(name), **more
    )


# ---------------------------------------------------------------- what is to be made


def test_plan(tmp_path: Path) -> None:
    """Each place is held once, the default's first, whatever leads to it; replicas follow."""
    file = tmp_path / "theirs.sqlite3"
    file.touch()
    missing = tmp_path / "missing.sqlite3"
    holdings = plan(
        [
            setting("elsewhere", "replica", mirror="default"),
            setting(str(missing), "queue"),
            setting(":memory:", "one"),
            setting(":memory:", "two"),
            setting(str(file)),
            setting("shop", "archive", "postgresql", host="db"),
            setting("shop", "reporting", "postgresql", host="db"),
            DatabaseSetting(
                alias="none", vendor="unknown", engine="django.db.backends.dummy", name=""
            ),
        ]
    )
    found = [(each.aliases, each.vendor, each.file, each.missing) for each in holdings]
    assert found == [
        (("default", "replica"), "sqlite", file, ""),
        (("queue",), "sqlite", None, str(missing)),
        (("one",), "sqlite", None, ""),
        (("two",), "sqlite", None, ""),
        (("archive", "reporting"), "postgresql", None, ""),
    ]


URL = "postgres://u@h/d"


@pytest.mark.parametrize(
    ("settings", "options", "what", "hint"),
    [
        ([setting("shop", vendor="mysql")], {}, "“default” is MySQL", "PostgreSQL or SQLite"),
        ([setting("shop", vendor="unknown")], {}, r"nor SQLite \(shop.backend\)", "settings"),
        ([setting("f")], {"url": URL}, "database is SQLite, and a", "copy of your file"),
        ([setting("f")], {"template": "t"}, "no PostgreSQL that", "copied anyway"),
        ([setting("d", vendor="postgresql")], {"url": "sqlite:"}, "not SQLite", "postgres://"),
        ([setting("d", vendor="postgresql")], {"template": "t"}, "needs the server", "postgres"),
        (
            [setting("d", vendor="postgresql"), setting("e", "two", "postgresql")],
            {"template": "t", "url": URL},
            "2 PostgreSQL databases",
            "seed",
        ),
    ],
)
def test_refused(
    settings: list[DatabaseSetting], options: dict[str, str], what: str, hint: str
) -> None:
    """What can't be copied, or doesn't fit, is refused with a next step before anything starts."""
    with pytest.raises(BadInputError, match=what) as caught:
        plan(settings, **options)
    assert hint in caught.value.hint


# ---------------------------------------------------------------- made ready


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    """Return the user's project."""
    directory = tmp_path / "theirs"
    directory.mkdir()
    return open_bakery(directory)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Start an owner of processes."""
    with supervised() as started:
        yield started


@pytest.fixture
def guest(bakery: Bakery, supervisor: Supervisor) -> Guest:
    """Return the door into the project."""
    home = Home(python=Path(sys.executable), directory=bakery.directory, settings="bakery.settings")
    return settle_in(home, supervisor)


def fingerprint(directory: Path) -> dict[str, str]:
    """Return path → hash of all files in a directory, but those that Python compiles."""
    return {
        str(each.relative_to(directory)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in sorted(directory.rglob("*"))
        if each.is_file() and "__pycache__" not in each.parts
    }


def count(path: str) -> int:
    """Return how many breads a SQLite DSN holds."""
    with closing(sqlite3.connect(path.removeprefix("sqlite:///"))) as opened:
        found: int = opened.execute("SELECT count(*) FROM bakery_bread").fetchone()[0]
        return found


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Hold a file open in WAL mode, as the user's own server does, with a bread in its -wal."""
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
    code += "c.execute('PRAGMA journal_mode=wal');"
    code += "c.execute(\"INSERT INTO bakery_bread (name) VALUES ('theirs')\");"
    code += "print(1, flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline()
    yield
    process.kill()
    process.communicate()


@pytest.mark.server
def test_sqlite_made_ready(bakery: Bakery, guest: Guest, supervisor: Supervisor) -> None:
    """A file in use is copied, a missing one migrated; after all commands theirs is identical."""
    bakery.migrate()
    theirs = bakery.ours.rename(bakery.directory / "theirs.sqlite3")
    bakery.ours.parent.rmdir()
    queue = bakery.directory / "queue.sqlite3"
    bakery.say(f'DATABASES["queue"] = {{**DATABASES["default"], "NAME": "{queue}"}}')
    with in_use(theirs), provide([setting(theirs), setting(queue, "queue")], supervisor) as data:
        before = fingerprint(bakery.directory)
        assert {"theirs.sqlite3", "theirs.sqlite3-wal", "theirs.sqlite3-shm"} < set(before)
        fills = {"detail": {"pk": "Bread.objects.get(name='theirs').pk"}}
        order = Order(users=("anna",), fills=fills)
        guest.ask("inventory")
        ready = make_ready(data, guest, "race", order=order, seed=["bake 3"])
        assert count(ready.databases["default"]) == 4
        assert count(ready.databases["queue"]) == 0
        assert ready.prepared.filled == {"detail": {"pk": "1"}}
        assert {"sessionid", "csrftoken"} == set(ready.prepared.cookies["anna"])
        assert f"there is no {queue}, so it is migrated empty" in ready.prepared.said[0]
        copies = data.create("a", template="race")
        assert count(copies["default"]) == 4
        assert set(copies.values()).isdisjoint(ready.databases.values())
        with data.counting() as counting:
            assert counting() is None
        assert (data.pids, data.facts and data.facts.vendor) == ((), "SQLite")
        data.drop("a")
        data.drop("race")
        assert not [*(supervisor.directory / "sqlite").iterdir()]
        assert fingerprint(bakery.directory) == before


@pytest.mark.server
def test_failing_seed(bakery: Bakery, guest: Guest, supervisor: Supervisor) -> None:
    """A seed or a migration that fails, or dies, is one line, and no database is left of it."""
    bakery.write(
        {
            "bakery/management/commands/die.py": """
        import os

        from django.core.management.base import BaseCommand

        class Command(BaseCommand):
            def handle(self, **options):
                os.kill(os.getpid(), 9)
    """
        }
    )
    left = supervisor.directory / "sqlite"
    with provide([setting(":memory:")], supervisor) as data:
        with pytest.raises(BadInputError) as caught:
            make_ready(data, guest, "race", seed=["bake 1", "bake -- -1"])
        assert "seed “bake -- -1”: it failed: there is no such bread" in caught.value.what
        assert "python manage.py bake -- -1" in caught.value.hint
        with pytest.raises(WhereAsyncError, match=r"^seed “die”: .* by SIGKILL: out of") as died:
            make_ready(data, guest, "race", seed=["die"])
        assert "\n" not in died.value.what
        assert "oom" in died.value.hint
        with pytest.raises(WhereAsyncError, match="migrate did not finish within 0 s"):
            make_ready(data, guest, "race", patience=0.0)
        bakery.write({"bakery/migrations/0002_more.py": "raise ValueError('bad flour')"})
        with pytest.raises(BadInputError, match=r"bad flour \(.*0002_more.py, line 1\)"):
            make_ready(data, guest, "race")
        assert not [*left.iterdir()]
    assert not (bakery.directory / "theirs.sqlite3").exists()


KILLED = """
import sys
from pathlib import Path
from whereasync.model import DatabaseSetting
from whereasync.processes import supervised
from whereasync.project import Home, settle_in
from whereasync.project.data import make_ready, provide

directory = Path(sys.argv[1])
theirs = DatabaseSetting(
    alias="default", vendor="sqlite", engine="sqlite3", name=str(directory / "theirs.sqlite3")
)
home = Home(python=Path(sys.executable), directory=directory, settings="bakery.settings")
with supervised() as supervisor, provide([theirs], supervisor) as data:
    make_ready(data, settle_in(home, supervisor), "race", seed=["hang"])
"""


@pytest.mark.server
def test_killed_while_preparing(bakery: Bakery) -> None:
    """After kill -9 in the middle of a seed nothing is left, and the user's file is as it was."""
    bakery.migrate()
    theirs = bakery.ours.rename(bakery.directory / "theirs.sqlite3")
    bakery.write(
        {
            "bakery/management/commands/hang.py": """
        import pathlib
        import time

        from django.core.management.base import BaseCommand

        class Command(BaseCommand):
            def handle(self, **options):
                pathlib.Path("hanging").touch()
                time.sleep(600)
    """
        }
    )
    before = fingerprint(bakery.directory)
    tool = subprocess.Popen([sys.executable, "-c", KILLED, str(bakery.directory)])
    end = time.monotonic() + 60
    while not (bakery.directory / "hanging").exists():
        assert tool.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(tool.pid, signal.SIGKILL)
    tool.wait()
    (bakery.directory / "hanging").unlink()
    assert fingerprint(bakery.directory) == before
    assert theirs.exists()  # and ``nothing_left`` looks for processes and directories


# ---------------------------------------------------------------- PostgreSQL


@pytest.fixture
def server(supervisor: Supervisor) -> Iterator[str]:
    """Give the URL of the user's own PostgreSQL, which holds their database “theirs”."""
    with provision("embedded", supervisor) as started:
        url = with_database(started.create("unused"), "postgres")
        started.drop("unused")
        execute(url, "CREATE DATABASE theirs", "CREATE ROLE reader LOGIN")
        yield url


def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements, and return the rows of the last."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


def dump(url: str) -> str:
    """Return what pg_dump says of a database, without the random word of its first line."""
    program = find_binaries() / "pg_dump"
    text = subprocess.run([program, url], check=True, capture_output=True, text=True).stdout
    lines = [line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrest"))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def names(url: str) -> set[str]:
    """Return the server's databases."""
    return {name for (name,) in execute(url, "SELECT datname FROM pg_database")}


@pytest.mark.server
def test_postgres_made_ready(
    bakery: Bakery, guest: Guest, supervisor: Supervisor, server: str
) -> None:
    """Migrated and seeded, or copied from a template; the user's database dumps the same."""
    theirs, host = with_database(server, "theirs"), server.rpartition("=")[2]
    bakery.say(f"""
        from urllib.parse import unquote
        DATABASES = {{"default": {{
            "ENGINE": "django.db.backends.postgresql", "NAME": "theirs", "USER": "whereasync",
            "HOST": unquote("{host}"), "CONN_MAX_AGE": 60,
            "OPTIONS": {{"application_name": "bakery", "sslmode": "disable"}},
        }}}}
        DATABASES["replica"] = {{**DATABASES["default"], "TEST": {{"MIRROR": "default"}}}}
    """)
    bakery.ask("migrate", "default", databases={"default": theirs})
    bakery.ask("manage", "bake", "2", databases={"default": theirs})
    before, before_names = dump(theirs), names(server)
    settings = [
        setting("theirs", "default", "postgresql", host=host),
        setting("theirs", "replica", "postgresql", host=host, mirror="default"),
    ]
    with provide(settings, supervisor, url=server) as data:
        ready = make_ready(data, guest, "race", order=Order(users=("anna",)), seed=["bake 3"])
        assert ready.databases["default"] == ready.databases["replica"]
        assert "without its OPTIONS sslmode" in ready.prepared.said[0]
        check_copies(data, ready.databases["default"])
    with provide(settings, supervisor, url=server, template="theirs") as data:
        ready = make_ready(data, guest, "race", order=Order(users=("anna",)), seed=["no such"])
        assert execute(ready.databases["default"], BREADS) == [(2,)]
        with psycopg.connect(theirs), pytest.raises(BadInputError, match="accessed") as caught:
            data.create("b")
        assert "createdb -T theirs" in caught.value.hint
    with (
        provide(settings, supervisor, url=server, template="nowhere") as data,
        pytest.raises(BadInputError, match="nowhere can't be copied"),
    ):
        data.create("race")
    reader = server.replace("whereasync@", "reader@")
    with (
        pytest.raises(BadInputError, match="“reader” may not create a database"),
        provide(settings, supervisor, url=reader),
    ):
        pass
    assert dump(theirs) == before
    assert names(server) == before_names


BREADS = "SELECT count(*) FROM bakery_bread"


def check_copies(data: Data, dsn: str) -> None:
    """Copy what is ready, count who is connected, and drop the copy."""
    assert execute(dsn, BREADS) == [(3,)]
    copy = data.create("a_b0", template="race")["default"]
    assert execute(copy, BREADS) == [(3,)]
    with data.counting() as counting:
        end = time.monotonic() + 20
        while counting() != {}:  # a closed connection is counted until its process has ended
            assert time.monotonic() < end
            time.sleep(0.01)
        with psycopg.connect(copy):
            assert counting() == {"a_b0": 1}
    data.drop("a_b0")
    assert data.facts
    assert data.facts.vendor == "PostgreSQL"
