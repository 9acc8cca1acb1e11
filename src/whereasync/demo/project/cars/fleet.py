"""The data that the views work on: N cars, each with a part, a maker and a store of its own.

Numbers start at 1 again at every load. Without that "manufacturer_id > 20" would mean something
else each time, and so would the work that the views do.
"""

from itertools import islice

from django.core.management.color import no_style
from django.db import connection, transaction

from cars.models import Car, CarParts, Manufacturer, Store

BATCH = 2_000  # rows an INSERT: more is no faster, and costs memory

MODELS = (CarParts, Manufacturer, Store, Car, Car.store.through)


def load(count):
    """Replace all rows by ``count`` cars, numbered from 1, and bring the statistics up to date."""
    numbers = range(1, count + 1)
    with transaction.atomic():
        empty()
        insert(CarParts(engine=f"engine {i}") for i in numbers)
        insert(Manufacturer(name=f"manufacturer {i}") for i in numbers)
        insert(Store(location=f"store {i}") for i in numbers)
        insert(Car(car_parts_id=i, manufacturer_id=i) for i in numbers)
        insert(Car.store.through(car_id=i, store_id=i) for i in numbers)
    analyze()


def empty():
    """Delete every row and start counting at 1 again: TRUNCATE … RESTART IDENTITY or its equal."""
    connection.ops.execute_sql_flush(
        connection.ops.sql_flush(no_style(), table_names(), reset_sequences=True)
    )


def insert(rows):
    """Insert the rows of one model, ``BATCH`` at a time."""
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        type(batch[0]).objects.bulk_create(batch)


def analyze():
    """Refresh the planner's statistics, else its plans depend on luck after a load."""
    with connection.cursor() as cursor:
        for table in table_names():
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table)}")


def table_names():
    return [model._meta.db_table for model in MODELS]  # noqa: SLF001  Django documents _meta
