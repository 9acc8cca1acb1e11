from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

FORM = {"engine": "engine V8", "name": "Simca", "location": "Poissy"}


@pytest.fixture
def queries_of(site: Callable[[str], Any], ask: Callable[..., Any]) -> Callable[..., list[str]]:
    """Give a function that asks a view and returns the SQL that it sent."""
    capture = site("django.test.utils").CaptureQueriesContext
    connection = site("django.db").connection

    def run(path: str, **request: Any) -> list[str]:
        with capture(connection) as context:
            assert ask(path, **request).status_code == 200
        return [query["sql"] for query in context]

    return run


@pytest.fixture
def rows(cars: Any) -> Callable[[], list[Any]]:
    """Give a function that returns every row of every table."""
    models = (cars.CarParts, cars.Manufacturer, cars.Store, cars.Car, cars.Car.store.through)
    return lambda: [list(model.objects.order_by("pk").values()) for model in models]


def test_the_same_work_and_the_advised_views_answer_the_same_bytes(
    ask: Callable[..., Any], cars: Any
) -> None:
    """Only then can their times be compared."""
    cars.Car.objects.get(pk=2).store.clear()
    cars.Car.objects.get(pk=3).store.add(cars.Store.objects.get(pk=1))
    paths = [
        f"/{family}/cars/{kind}/"
        for family in ("same-work", "advised")
        for kind in ("sync", "async")
    ]
    answers = {path: ask(path).content for path in paths}
    assert set(answers.values()) == {answers["/same-work/cars/sync/"]}
    answer = json.loads(answers["/advised/cars/async/"])
    assert answer["cars"][:3] == [
        {"car": 1, "store": "store 1", "parts": "engine 21"},
        {"car": 2, "store": None, "parts": "engine 21"},
        {"car": 3, "store": "store 1", "parts": "engine 21"},
    ]
    assert answer["walk"] == [row["store"] for row in answer["cars"]]
    assert len(answer["cars"]) == 25


@pytest.mark.parametrize("count", [0, 20])
def test_they_answer_alike_where_there_are_no_late_parts(
    ask: Callable[..., Any], site: Callable[[str], Any], count: int
) -> None:
    """Twenty cars have no maker above 20, and none at all no store either."""
    fleet = site("cars.fleet")
    fleet.load(20)
    if not count:
        fleet.empty()
    answer = ask("/same-work/cars/sync/").content
    assert ask("/advised/cars/sync/").content == answer
    assert ask("/advised/cars/async/").content == answer
    assert [row["parts"] for row in json.loads(answer)["cars"]] == [None] * count


@pytest.mark.parametrize("request_", [{}, {"method": "POST", "form": FORM}], ids=["GET", "POST"])
def test_same_work_means_the_identical_queries_in_the_same_order(
    queries_of: Callable[..., list[str]], site: Callable[[str], Any], request_: dict[str, Any]
) -> None:
    """Sync and async must ask the database the same, to the letter."""
    site("cars.fleet").load(25)
    sync = queries_of("/same-work/cars/sync/", **request_)
    site("cars.fleet").load(25)
    assert queries_of("/same-work/cars/async/", **request_) == sync
    assert len(sync) >= 12


def test_a_get_asks_three_queries_a_car_and_advised_two_in_all(
    queries_of: Callable[..., list[str]], cars: Any
) -> None:
    """Each car's store and parts, its store again in the second walk, and the cars twice."""
    counts = {
        family: [len(queries_of(f"/{family}/cars/{kind}/")) for kind in ("sync", "async")]
        for family in ("as-written", "same-work", "advised")
    }
    assert counts == {"as-written": [77, 77], "same-work": [77, 77], "advised": [2, 2]}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_same_works_post_leaves_the_tables_as_they_were(
    ask: Callable[..., Any], rows: Callable[[], list[Any]], kind: str
) -> None:
    """It creates, links, updates, reads and deletes, and answers the same every time."""
    before = rows()
    path = f"/same-work/cars/{kind}/"
    answers = [ask(path, method="POST", form=FORM).content.decode() for _ in range(2)]
    assert (
        answers
        == ["Simca with engine V8 at Poissy since 2016-01-02: created, updated, deleted\n"] * 2
    )
    assert rows() == before


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_articles_post_creates_one_of_each_and_links_them(
    ask: Callable[..., Any], cars: Any, kind: str
) -> None:
    """Both end with the same rows, though they get there by different ways."""
    answer = ask(f"/as-written/cars/{kind}/", method="POST", form=FORM)
    assert (answer.status_code, answer.content) == (200, b"ok")
    car = cars.Car.objects.get(pk=26)
    assert (car.car_parts.engine, car.manufacturer.name) == ("engine V8", "Simca")
    assert [store.location for store in car.store.all()] == ["Poissy"]


def test_the_articles_sync_get_answers_nothing_and_its_async_get_a_page(
    ask: Callable[..., Any], cars: Any
) -> None:
    """The unequal work is kept as it was."""
    empty, page = ask("/as-written/cars/sync/"), ask("/as-written/cars/async/")
    assert (empty.status_code, empty.content) == (200, b"")
    assert page.content.decode().count("<li>car ") == 25


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_articles_get_prints_an_error_and_goes_on(
    ask: Callable[..., Any],
    site: Callable[[str], Any],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """That is the article's way; it is also why an error there counts as speed."""

    def fail() -> None:
        raise ValueError("no parts today")

    site("cars.fleet").load(25)
    monkeypatch.setattr(site("cars.stock"), "late_parts", fail)
    assert ask(f"/as-written/cars/{kind}/").status_code == 200
    assert capsys.readouterr().out == "no parts today\n" * 25


@pytest.mark.parametrize("family", ["as-written", "same-work"])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("wrong", [{"name": ""}, {"location": "x" * 151}])
def test_a_bad_form_gets_a_400_of_one_line(
    ask: Callable[..., Any],
    rows: Callable[[], list[Any]],
    family: str,
    kind: str,
    wrong: dict[str, str],
) -> None:
    """Nothing is created then."""
    before = rows()
    answer = ask(f"/{family}/cars/{kind}/", method="POST", form={**FORM, **wrong})
    assert answer.status_code == 400
    assert answer.content == (b"the form needs engine, name, location: 1 to 150 characters each\n")
    assert rows() == before


def test_a_view_that_fails_leaves_its_traceback_on_stderr(
    ask: Callable[..., Any],
    cars: Any,
    monkeypatch: pytest.MonkeyPatch,
    site: Callable[[str], Any],
) -> None:
    """A log is all that a user has when a server answers 500."""
    logger = logging.getLogger("django")
    (handler,) = [each for each in logger.handlers if each.name == "stderr"]
    lines: list[str] = []
    monkeypatch.setattr(handler, "emit", lambda record: lines.append(handler.format(record)))

    def fail() -> None:
        raise ValueError("no parts today")

    monkeypatch.setattr(site("cars.stock"), "late_parts", fail)
    assert ask("/same-work/cars/sync/").status_code == 500
    assert lines[0].splitlines()[-1] == "ValueError: no parts today"


@pytest.mark.parametrize("has_aadd", [True, False])
def test_a_store_is_added_with_and_without_djangos_aadd(
    site: Callable[[str], Any], cars: Any, has_aadd: bool
) -> None:
    """Django 4.1 has no aadd(); a relation without it must end up with the same rows."""
    relation = cars.Car.objects.get(pk=1).store

    class Django41Relation:
        add = staticmethod(relation.add)

    asked = relation if has_aadd else Django41Relation()
    store = cars.Store.objects.get(pk=7)
    site("asgiref.sync").async_to_sync(site("cars.views.same_work").aadd)(asked, store)
    assert [each.pk for each in relation.order_by("pk")] == [1, 7]
