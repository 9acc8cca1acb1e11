"""Each fact that a rule rests on, seen in the installed Django: one that differs fails here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REQUESTS = 6  # as real_facts.py sends them


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Let everything happen once, in a process of its own."""
    done = subprocess.run(
        [
            sys.executable,
            Path(__file__).with_name("real_facts.py"),
            tmp_path_factory.mktemp("facts") / "db.sqlite3",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("age", ["60", "None"])
def test_asgi_never_uses_a_kept_connection_again(seen: dict[str, Any], age: str) -> None:
    """WA002: each request opens one and leaves it open, though they came one after another."""
    assert seen[f"kept {age}"] == {"opened": REQUESTS, "left": REQUESTS}


def test_without_an_age_nothing_is_left_open(seen: dict[str, Any]) -> None:
    """WA002's cure: it costs a connection a request, and leaks none."""
    assert seen["kept 0"] == {"opened": REQUESTS, "left": 0}


def test_a_pool_refuses_connections_that_are_kept_as_well(seen: dict[str, Any]) -> None:
    """WA002's cure says to set CONN_MAX_AGE to 0 along with the pool."""
    assert "persistent connections" in seen["pool says"]


def test_an_async_view_below_atomic_requests_raises(seen: dict[str, Any]) -> None:
    """WA003: by ASGI and by WSGI, unless it is exempt."""
    assert seen["atomic"] == [500, 200]
    assert "ATOMIC_REQUESTS" in seen["atomic says"]


def test_wsgi_makes_a_loop_for_each_call_of_an_async_view(seen: dict[str, Any]) -> None:
    """WA004; by ASGI there is one for all."""
    assert seen["wsgi"] == REQUESTS
    assert seen["asgi"] == 1


def test_runserver_is_wsgi_unless_daphne_replaces_it(seen: dict[str, Any]) -> None:
    """WA005."""
    assert seen["runserver"] == "wsgi"
    assert seen["runserver of daphne"] == "another"


def test_the_client_makes_a_loop_for_each_call_of_an_async_view(seen: dict[str, Any]) -> None:
    """WA005: as WSGI does."""
    assert seen["client"] == REQUESTS


def test_the_async_client_runs_what_is_sync_one_after_another(seen: dict[str, Any]) -> None:
    """WA005: two sync views meet under the ASGI handler, and not under AsyncClient."""
    assert seen["at once asgi"] is True
    assert seen["at once client"] is False
