"""Whatever a command that only looks is asked, the user's databases stay what they were.

Unguarded, so that no network keeps from them what should never have been tried; and the project
writes wherever it can: as it is loaded, and in its view.
"""

from __future__ import annotations

import hashlib
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from whereasync import cli
from whereasync.databases import provision
from whereasync.databases.address import with_database
from whereasync.databases.binaries import find_binaries
from whereasync.processes import supervised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.server

FILES = ("closed", "closed_wal", "open", "open_wal")  # SQLite's; each is an alias
PROJECT = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
    "shop/__init__.py": "",
    "shop/migrations/__init__.py": "",
    "shop/migrations/0001_initial.py": """
from django.db import migrations
class Migration(migrations.Migration):
    operations = [migrations.RunSQL("CREATE TABLE IF NOT EXISTS bread (name TEXT)")]
""",
    "shop/settings.py": """
from pathlib import Path
SECRET_KEY = "x"
INSTALLED_APPS = ["shop.apps.Shop"]
ROOT_URLCONF = "shop.urls"
DATA = Path(__file__).parent.parent / "data"
SERVER = {"ENGINE": "django.db.backends.postgresql", "USER": USER, "HOST": HOST}
DATABASES = {
    "default": {**SERVER, "NAME": "theirs"},
    **{each: {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / each} for each in FILES},
}
""",
    "shop/apps.py": """
from django.apps import AppConfig
from django.conf import settings
from django.db import Error, connections
def write():
    for alias in settings.DATABASES:
        with connections[alias].cursor() as cursor:
            cursor.execute("INSERT INTO bread VALUES ('ours')")
class Shop(AppConfig):
    name = "shop"
    def ready(self):
        try:
            write()
        except Exception:  # there is no table yet, or whereasync has no database to give
            pass
""",
    "shop/urls.py": """
from django.http import HttpResponse
from django.urls import path
from shop.apps import write
def index(request):
    write()
    return HttpResponse("written")
urlpatterns = [path("", index)]
""",
}
# Holds one file in a transaction that has read, and one in WAL mode with what isn't in it yet.
HOLDER = """
import sqlite3, sys
held = [sqlite3.connect(path, isolation_level=None) for path in sys.argv[1:]]
held[0].execute("BEGIN")
held[0].execute("SELECT * FROM bread").fetchall()
held[1].execute("INSERT INTO bread VALUES ('not in the file yet')")
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def postgresql() -> Iterator[str]:
    """Give the URL of the user's own database on their server."""
    with supervised() as supervisor, provision("embedded", supervisor) as server:
        url = with_database(server.create("unused"), "postgres")
        server.drop("unused")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE theirs")
        theirs = with_database(url, "theirs")
        with psycopg.connect(theirs, autocommit=True) as connection:
            connection.execute("CREATE TABLE bread (name TEXT)")
            connection.execute("INSERT INTO bread VALUES ('theirs')")
        yield theirs


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Path]:
    """Give the directory of the user's files: in both modes, closed, and open elsewhere."""
    directory = tmp_path / "data"
    directory.mkdir()
    for name in FILES:
        with closing(sqlite3.connect(directory / name, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA journal_mode={'wal' if 'wal' in name else 'delete'}")
            connection.execute("CREATE TABLE bread (name TEXT)")
            connection.execute("INSERT INTO bread VALUES ('theirs')")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, *(directory / name for name in FILES[2:])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    assert holder.stdout.readline()
    yield directory
    holder.kill()
    holder.communicate()


@pytest.fixture
def project(
    tmp_path: Path, sqlite: Path, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Write the project that has all of them, and stand in it."""
    assert sqlite.is_dir()
    (tmp_path / "shop" / "migrations").mkdir(parents=True)
    told = conninfo_to_dict(postgresql)
    where = f"FILES, USER, HOST = {FILES!r}, {told['user']!r}, {told['host']!r}\n"
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(where + text if name.endswith("settings.py") else text)
    monkeypatch.chdir(tmp_path)
    for name in ("VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield tmp_path
    for number, handler in before.items():  # the door sets them for its process
        signal.signal(number, handler)


def fingerprint(files: Path, url: str) -> dict[str, str]:
    """Return what each file holds, those that lie beside a database too, and what pg_dump says."""
    found = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in files.iterdir()}
    program = find_binaries() / "pg_dump"
    text = subprocess.run([program, url], check=True, capture_output=True, text=True).stdout
    lines = (line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrest")))
    return {**found, "pg_dump": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def test_no_command_that_only_looks_writes_to_a_database(
    project: Path, sqlite: Path, postgresql: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """In any state that they may be in; the last command's view wrote to a copy of each."""
    before = fingerprint(sqlite, postgresql)
    assert {*FILES, "open_wal-wal", "open_wal-shm", "pg_dump"} == set(before)

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as left:
            cli.main([*arguments, "--unguarded"])
        said = capfd.readouterr()
        assert left.value.code == 0, said
        assert fingerprint(sqlite, postgresql) == before, arguments
        return said.out

    run("check")
    run("doctor")
    run("init")
    written = project / "whereasync.toml"
    written.write_text(f'database = "{postgresql}"\n{written.read_text()}')
    assert "1 of 1 answered as expected" in run("doctor", "--requests")
