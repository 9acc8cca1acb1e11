"""The ways to do ORM work, as data: what is raced, in which order, and what can't run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from whereasync.demo.orm import (
    BARE,
    LENGTHS,
    REFERENCE,
    STEPS,
    TELLING,
    THREADS,
    WAYS,
    WORKS,
    build,
    find_missing,
)
from whereasync.model import Interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whereasync.model import Experiment

ROLES = [way.role for way in WAYS]
WHOLE = {
    "django": "6.1.3",
    "asgiref": "3.13.0",
    "psycopg": "3.3.9",
    "psycopg-pool": "3.3.3",
    "django-async-backend": "6.1.5",
}


def plan(roles: Sequence[str] = ROLES, clients: tuple[int, ...] | None = None) -> Experiment:
    """Return the experiment of the default length."""
    length = LENGTHS["default"]
    return build(roles, length=length, clients=clients, budget=length.budget, seed=7)


def test_every_way_is_raced_against_sync_at_every_load() -> None:
    """Each work, each way, each number of clients, once; the reference is always side a."""
    planned = plan()
    wanted = {(work.name, role, n) for work in WORKS for role in ROLES for n in (1, 8, 64)}
    assert {cell.name for cell in planned.cells} == {"-".join(map(str, each)) for each in wanted}
    assert len(planned.cells) == len(wanted)
    assert {cell.a.role for cell in planned.cells} == {REFERENCE.role}
    assert planned.candidates.keys() == {REFERENCE.role, *ROLES}
    assert all(len(arms) == 1 for arms in planned.candidates.values())


def test_the_most_telling_comes_first() -> None:
    """What a budget leaves out is at the end; few queries at many clients take longest."""
    first = plan().cells[: len(WAYS)]
    assert {(cell.topic, cell.clients) for cell in first} == {("one query", 8)}
    assert [cell.b.role for cell in first] == list(TELLING)
    assert sorted(TELLING) == sorted(ROLES)


def test_both_sides_of_a_cell_ask_for_the_same_work() -> None:
    """Only the form of the view differs."""
    for cell in plan().cells:
        paths = [re.sub(r"^/orm/(sync|async|async-coalesced)/", "", side.request.path)
                 for side in (cell.a, cell.b)]  # fmt: skip
        assert paths[0] == paths[1]
        assert paths[0].startswith("?queries=")


def test_a_way_that_is_left_out_gets_no_server_and_no_cell() -> None:
    """It would be started in every block for nothing."""
    planned = plan(["bounded"], clients=(4,))
    assert planned.candidates.keys() == {"sync", "bounded"}
    assert {cell.b.role for cell in planned.cells} == {"bounded"}
    assert {cell.clients for cell in planned.cells} == {4}


def test_cells_of_few_clients_come_first_in_a_block() -> None:
    """A pool that grew for 64 would be counted at 1."""
    assert plan().is_ascending


def test_all_async_ways_share_a_server_and_a_size() -> None:
    """Another server, or more connections, would explain a difference by itself."""
    for way in (REFERENCE, *WAYS):
        if way.is_async:
            assert (way.arm.server, way.arm.options) == ("uvicorn", {})
        else:
            assert way.arm.interface is Interface.WSGI
            assert way.arm.options["threads"] == str(THREADS)
        assert set(way.env.values()) <= {str(THREADS), "600", "1"}
        assert way.env.keys() <= {*BARE, "THREADS"}


def test_a_role_is_part_of_a_databases_name() -> None:
    """And of the steps, which name no role that isn't there."""
    assert all(re.fullmatch("[a-z_]+", role) for role in ROLES)
    named = {role for step in STEPS for role in (step.base, step.role)}
    assert named <= {REFERENCE.role, *ROLES}


def test_where_all_is_there_nothing_is_missing() -> None:
    """On the newest stack with what it needs."""
    assert find_missing(WHOLE) == {}


@pytest.mark.parametrize(
    ("here", "role", "needs"),
    [
        ({"asgiref": "3.12.1"}, "bounded", "asgiref 3.13 or later (here 3.12.1)"),
        ({"django": "5.0rc1"}, "pool", "django 5.1 or later (here 5.0rc1)"),
        ({"psycopg-pool": ""}, "coalesced_pool", "psycopg-pool"),
        ({"django-async-backend": ""}, "backend", "django-async-backend"),
        (
            {"django": "4.1.13", "psycopg-pool": ""},
            "pool",
            "django 5.1 or later (here 4.1.13), psycopg-pool",
        ),
    ],
)
def test_what_cannot_run_is_named_with_what_it_needs(
    here: dict[str, str], role: str, needs: str
) -> None:
    """Oldest versions as numbers: 3.9 is older than 3.13."""
    versions = {name: version for name, version in {**WHOLE, **here}.items() if version}
    assert find_missing(versions)[role] == needs


def test_as_written_and_coalesced_run_anywhere() -> None:
    """Also on the article's stack."""
    old = {"django": "4.1.13", "asgiref": "3.9.2", "psycopg2-binary": "2.9.12"}
    assert set(ROLES) - find_missing(old).keys() == {"fresh", "written", "coalesced"}
