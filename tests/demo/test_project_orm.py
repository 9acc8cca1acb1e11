"""The demo project's ORM work: three forms that must send the same and answer the same."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

import pytest
from tests.demo.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = ("sync", "async", "async-coalesced")


@pytest.fixture
def hops(site: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the list of the functions that were called through ``sync_to_async``."""
    found: list[str] = []
    hop = site("asgiref.sync").SyncToAsync
    call = hop.__call__

    async def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        found.append(getattr(self.func, "__name__", ""))
        return await call(self, *args, **kwargs)

    monkeypatch.setattr(hop, "__call__", noting)
    return found


@pytest.mark.parametrize("queries", [1, 4, 11])
def test_all_forms_send_the_same_queries_and_answer_the_same_bytes(
    ask: Callable[..., Any], site: Callable[[str], Any], cars: Any, queries: int
) -> None:
    """As many as were asked for: only so does a ratio of their times say what a form does."""
    sent, bodies = [], []
    for form in FORMS:
        with site("django.test.utils").CaptureQueriesContext(
            site("django.db").connection
        ) as captured:
            answer = ask(f"/orm/{form}/?queries={queries}")
        assert answer.status_code == 200
        bodies.append(answer.content)
        sent.append([query["sql"] for query in captured])
    assert len(sent[0]) == queries
    assert sent[1:] == [sent[0]] * 2
    assert bodies[1:] == [bodies[0]] * 2
    said = answer.json()
    assert said["cars"][0] == [1, "engine 1"]
    assert len(said["cars"]) == 10
    assert said["stores"] == [f"store {number}" for number in range(1, queries)]


def test_as_written_hops_once_a_query_and_coalesced_once(
    ask: Callable[..., Any], cars: Any, hops: list[str]
) -> None:
    """Beside the hops of middleware and signals, which are the same for both."""
    counts = {}
    for query in ("queries=1", "queries=11"):
        for form in FORMS[1:]:
            hops.clear()
            assert ask(f"/orm/{form}/?{query}").status_code == 200
            counts[form, query] = len(hops)
    assert counts["async", "queries=11"] - counts["async", "queries=1"] == 10
    assert counts["async-coalesced", "queries=11"] == counts["async-coalesced", "queries=1"]
    assert counts["async-coalesced", "queries=1"] == counts["async", "queries=1"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("queries=12", "queries must be a whole number from 0 to 11, not '12'"),
        ("queries=x", "queries must be a whole number from 0 to 11, not 'x'"),
        ("wait=-1", "wait must be a number of ms from 0 to 10000, not '-1'"),
        ("wait=5", "wait needs PostgreSQL: other databases have no pg_sleep"),
    ],
)
def test_a_bad_number_gets_a_400_of_one_line(
    ask: Callable[..., Any], cars: Any, form: str, query: str, says: str
) -> None:
    """And so does a wait in a database that can't wait."""
    answer = ask(f"/orm/{form}/?{query}")
    assert (answer.status_code, answer.content.decode()) == (400, f"{says}\n")


def test_the_wait_is_a_query_of_its_own_inside_the_first(site: Callable[[str], Any]) -> None:
    """Run once for the query, and not once for each of its rows."""
    orm, models = site("cars.views.orm"), site("cars.models")
    sql, parameters = orm.first_cars(models.Car.objects, 0.05).query.sql_with_params()
    assert sql.count("(SELECT 1 FROM pg_sleep(%s))") == 1
    assert 0.05 in parameters


def test_a_backend_with_managers_of_its_own_is_asked_through_them(
    site: Callable[[str], Any], cars: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As django-async-backend has them; Django's own models have none."""
    native = site("cars.views.orm").native
    assert native(cars.Car) is cars.Car.objects
    monkeypatch.setattr(cars.Car, "async_objects", "theirs", raising=False)
    assert native(cars.Car) == "theirs"


def test_the_environment_says_which_pool_and_which_backend(
    site: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the settings are as startproject writes them."""

    def read() -> dict[str, Any]:
        return runpy.run_path(str(PROJECT / "demosite" / "settings.py"))

    monkeypatch.setenv("DATABASE_URL", "postgres://u@h/n?sslmode=disable")
    bare = read()
    assert bare["DATABASES"]["default"]["OPTIONS"] == {"sslmode": "disable"}
    monkeypatch.setenv("DATABASE_POOL", "16")
    monkeypatch.setenv("DATABASE_ASYNC", "1")
    told = read()
    database = told["DATABASES"]["default"]
    assert database["OPTIONS"] == {"sslmode": "disable", "pool": {"min_size": 1, "max_size": 16}}
    assert database["ENGINE"] == "django_async_backend.db.backends.postgresql"
    assert [*bare["INSTALLED_APPS"], "django_async_backend"] == told["INSTALLED_APPS"]
    assert len(bare["MIDDLEWARE"]) == 7
    monkeypatch.setenv("MIDDLEWARE", "none")
    assert read()["MIDDLEWARE"] == []
