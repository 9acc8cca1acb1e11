"""One piece of ORM work in three forms: sync, awaiting each query, and all in one thread hop.

The same queries in the same order, and the same bytes for an answer. On django-async-backend the
awaiting form asks that backend's own managers: nothing else in it changes.
"""

from asgiref.sync import sync_to_async
from django.core.exceptions import BadRequest
from django.db import connection
from django.db.models import IntegerField
from django.db.models.expressions import RawSQL
from django.http import JsonResponse
from django.views import View

from cars.models import Car, Store
from cars.timing import timed
from cars.views.planted import MOST_WAIT, number_in

CARS = 10  # listed by the first query
MOST_QUERIES = 1 + CARS


class SyncOrm(View):
    @timed
    def get(self, request):
        return JsonResponse(look_up(*asked_for(request)))


class AsyncOrm(View):
    @timed
    async def get(self, request):
        queries, wait = asked_for(request)
        cars = [car async for car in first_cars(native(Car), wait)]
        stores = [await stores_of(native(Store), car).afirst() for car in cars[: queries - 1]]
        return JsonResponse(describe(cars, stores))


class CoalescedOrm(View):
    """What the sync view does, in one call of ``sync_to_async`` instead of one for each query."""

    @timed
    async def get(self, request):
        return JsonResponse(await sync_to_async(look_up)(*asked_for(request)))


def look_up(queries, wait):
    """Send the queries one after another, and return what was found."""
    cars = list(first_cars(Car.objects, wait))
    stores = [stores_of(Store.objects, car).first() for car in cars[: queries - 1]]
    return describe(cars, stores)


def native(model):
    """Return the manager that awaits the database itself, where a backend gives one."""
    return getattr(model, "async_objects", model.objects)


def first_cars(manager, wait):
    """Return the first cars with their parts, in one query; the database sleeps ``wait`` s."""
    cars = manager.filter(pk__lte=CARS).order_by("pk").select_related("car_parts")
    if not wait:
        return cars
    # As a subquery of its own it is run once, and not for each row.
    slept = RawSQL("(SELECT 1 FROM pg_sleep(%s))", [wait], output_field=IntegerField())
    return cars.annotate(slept=slept)


def stores_of(manager, car):
    return manager.filter(car=car.pk)


def describe(cars, stores):
    """Return what is answered: it holds whatever was asked, lest a query be left out."""
    return {
        "cars": [[car.pk, car.car_parts and car.car_parts.engine] for car in cars],
        "stores": [store and store.location for store in stores],
    }


def asked_for(request):
    """Return how many queries to send, and how many seconds the first one shall wait."""
    queries = number_in(request, "queries", "a whole number", int, MOST_QUERIES) or 1
    milliseconds = number_in(request, "wait", "a number of ms", float, MOST_WAIT)
    if milliseconds and connection.vendor != "postgresql":
        raise BadRequest("wait needs PostgreSQL: other databases have no pg_sleep")
    return queries, milliseconds / 1000
