from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def load_cars(site: Callable[[str], Any]) -> Callable[[str], str]:
    """Give a function that runs the command and returns what it says."""

    def run(count: str) -> str:
        said = io.StringIO()
        site("django.core.management").call_command("load_cars", count, stdout=said)
        return said.getvalue()

    return run


@pytest.mark.parametrize("count", [1, 3, 2001])
def test_every_car_has_a_part_a_maker_and_a_store_of_its_own_number(
    load_cars: Callable[[str], str], cars: Any, count: int
) -> None:
    """Numbers start at 1 whatever was there before, also beyond one batch."""
    assert load_cars(str(count)) == f"Loaded {count} of each model.\n"
    numbers = list(range(1, count + 1))
    all_cars = cars.Car.objects.order_by("pk")
    assert list(all_cars.values_list("pk", "car_parts", "manufacturer", "store")) == [
        (i, i, i, i) for i in numbers
    ]
    parts, stores = cars.CarParts.objects, cars.Store.objects
    assert list(parts.order_by("pk").values_list("engine", flat=True)) == [
        f"engine {i}" for i in numbers
    ]
    assert list(stores.order_by("pk").values_list("pk", flat=True)) == numbers
    assert cars.Manufacturer.objects.create(name="next").pk == count + 1


def test_the_planner_knows_the_new_rows(
    load_cars: Callable[[str], str], site: Callable[[str], Any]
) -> None:
    """SQLite keeps what ANALYZE found in sqlite_stat1: rows first."""
    load_cars("37")
    with site("django.db").connection.cursor() as cursor:
        cursor.execute("SELECT tbl, stat FROM sqlite_stat1 WHERE tbl LIKE 'cars_car_store'")
        assert {stat.split()[0] for _, stat in cursor.fetchall()} == {"37"}


@pytest.mark.parametrize("count", ["0", "-5", "abc", "1.5", "", "²"])
def test_a_bad_number_is_one_clear_line(
    load_cars: Callable[[str], str], cars: Any, site: Callable[[str], Any], count: str
) -> None:
    """And the cars stay."""
    error = site("django.core.management").CommandError
    with pytest.raises(error) as caught:
        load_cars(count)
    assert str(caught.value) == f"N must be a whole number from 1 up, not {count!r}."
    assert cars.Car.objects.count() == 25


def test_a_database_without_tables_names_the_next_step(
    load_cars: Callable[[str], str], cars: Any, site: Callable[[str], Any]
) -> None:
    """A newcomer's first mistake is not to have migrated."""
    connection = site("django.db").connection
    through = cars.Car.store.through
    with connection.schema_editor() as schema:
        schema.delete_model(through)
    try:
        with pytest.raises(site("django.core.management").CommandError, match="migrate"):
            load_cars("1")
    finally:
        with connection.schema_editor() as schema:
            schema.create_model(through)


def test_the_migration_is_what_the_models_say(site: Callable[[str], Any]) -> None:
    """And the project passes Django's own checks."""
    command = site("django.core.management").call_command
    command("makemigrations", check=True, dry_run=True, verbosity=0)
    command("check", fail_level="WARNING", verbosity=0)
