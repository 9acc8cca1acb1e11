from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from whereasync.errors import BadInputError
from whereasync.guard import relaying
from whereasync.guard.relaying import _rewrite, locate, name_servers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGPORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgres://me:x@db.example.com/shop", "db.example.com", 5432),
        ("postgresql://me@DB:6543/shop", "DB", 6543),
        ("postgres://[2001:db8::7]:6543/shop", "2001:db8::7", 6543),
        ("postgres://me@/shop?host=/run/pg&port=7", "/run/pg", 7),
        ("postgres://me@%2Frun%2FPG/shop", "/run/PG", 5432),
        ("postgres://db/shop?hostaddr=192.0.2.7", "192.0.2.7", 5432),
    ],
)
def test_a_server_is_where_libpq_would_look_for_it(url: str, host: str, port: int) -> None:
    """Options go before what stands before the path."""
    found = locate(url)
    assert (found.host, found.port) == (host, port)
    assert "x@" not in repr(found)


def test_without_a_host_the_usual_places_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the URL inside names the one that was found; what the environment says goes first."""
    monkeypatch.setattr(relaying, "DIRECTORIES", (str(tmp_path / "none"), str(tmp_path)))
    assert locate("postgres:///shop").host == "localhost"
    assert _rewrite(locate("postgres:///shop")) == "postgres:///shop?host=localhost&port=5432"
    (tmp_path / ".s.PGSQL.7").touch()
    assert locate("postgres:///shop?port=7").socket == tmp_path / ".s.PGSQL.7"
    monkeypatch.setenv("PGHOST", "db.example.com")
    assert locate("postgres:///shop").host == "db.example.com"


@pytest.mark.parametrize(
    "url",
    [
        "postgres://a,b/shop",
        "postgres:///shop?service=mine",
        "postgres://db:port/shop",
        "mysql://db/shop",
    ],
)
def test_what_is_not_one_postgresql_is_refused(url: str) -> None:
    """A list of servers would be a way to any of them."""
    with pytest.raises(BadInputError) as refused:
        locate(url)
    assert "postgres://" in refused.value.hint


def test_a_named_server_keeps_its_url() -> None:
    """So its certificate, and whatever else hangs on the name, holds inside."""
    url = "postgres://me:x@db.example.com/shop?sslmode=verify-full"
    assert _rewrite(locate(url)) == url


def test_a_unix_socket_has_another_place_inside() -> None:
    """Its own is covered; user, database and the other options stay."""
    url = _rewrite(locate("postgres://me:x@/shop?host=/run/pg&port=7&sslmode=disable"))
    head, _, options = url.partition("?")
    assert head == "postgres://me:x@/shop"
    assert options == "sslmode=disable&host=/run/whereasync/relay/run/pg&port=7"


def test_each_name_gets_an_address_of_its_own_but_the_plain_ones() -> None:
    """And one that a stand-in has already serves for both."""
    hosts = ("db.example.com", "localhost", "192.0.2.7", "::1", "api.example.com", "DB.example.com")
    servers = [locate(f"postgres:///x?host={host}") for host in hosts]
    servers.append(locate("postgres:///x?host=/run/pg"))
    names = name_servers(servers, {"api.example.com": "127.0.0.2"})
    assert names == {"db.example.com": "127.64.0.1"}
