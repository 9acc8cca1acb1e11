from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.guarded import AS_CONTAINED_ROOT, AS_NOBODY, is_over, run, start

from whereasync.databases import provision
from whereasync.processes import supervised

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("namespaces")]

EMBEDDED = """
guard.enter(unguarded=False)
import psycopg
from whereasync.databases import provision
from whereasync.processes import supervised
with supervised() as supervisor, provision(None, supervisor) as server:
    with psycopg.connect(server.create("shop")) as connected:
        print(json.dumps(connected.execute("select 40 + 2").fetchone()[0]))
"""


@pytest.mark.parametrize("wrap", [AS_NOBODY, AS_CONTAINED_ROOT], ids=["nobody", "few"])
def test_the_embedded_postgresql_runs_inside(wrap: Sequence[str]) -> None:
    """It refuses to be root, and as root it is run by another user."""
    assert run(EMBEDDED, wrap=wrap) == 42


EXTERNAL = """
held = guard.enter(unguarded=False, relays=[sys.argv[1]])
import psycopg
from whereasync.databases import provision
from whereasync.processes import supervised
try:
    psycopg.connect(sys.argv[1])
    direct = True
except psycopg.OperationalError:
    direct = False
with supervised() as supervisor, provision(held.urls[0], supervisor) as server:
    dsn = server.create("shop")
    many = [psycopg.connect(dsn) for _ in range(40)]
    found = [each.execute("select repeat('x', 100000)").fetchone()[0] for each in many]
    print(json.dumps([direct, held.relay, {len(each) for each in found} == {100000}]), flush=True)
    sys.stdin.read()
"""


def test_the_users_own_is_reached_through_the_relay_and_left_as_it_was() -> None:
    """Only through it; a kill -9 of the tool drops our database on it all the same."""
    with supervised() as supervisor, provision(None, supervisor) as theirs:
        with start(EXTERNAL, theirs.url) as tool:
            assert tool.stdout
            direct, relay, whole = json.loads(tool.stdout.readline())
            during = list_databases(theirs.url)
            tool.kill()
        assert (direct, whole) == (False, True)
        assert len(during) == 1
        deadline = time.monotonic() + 15
        while (left := list_databases(theirs.url)) or not is_over(relay):
            assert time.monotonic() < deadline, left
            time.sleep(0.05)


def list_databases(url: str) -> list[str]:
    """Return the databases of ours on a server."""
    with psycopg.connect(url) as connected:
        rows = connected.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname::text, 'whereasync_')"
        )
        return [name for (name,) in rows.fetchall()]
