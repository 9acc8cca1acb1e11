"""The article's tests made comparable: sync and async send the same queries and answer the same.

Whatever else is wrong with them is left as it was: a query for every car (N+1), an HTTP client for
every call. Only so does a ratio of their times say what async alone does.
"""

from datetime import date

import httpx
from asgiref.sync import sync_to_async
from django.http import HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from cars import rates, stock
from cars.models import Car, CarParts, Manufacturer, Store
from cars.orders import Order
from cars.timing import timed

SOLD_ON = date(2016, 1, 2)  # any day but today's: the update must change something
TIMEOUT = 30  # s, for both


# ------------------------------------------------------------------------------ Test A: the ORM


@method_decorator(csrf_exempt, name="dispatch")
class SyncCars(View):
    @timed
    def get(self, _request):
        rows = []
        for car in Car.objects.order_by("pk"):
            store = car.store.first()
            parts = stock.late_parts().first()
            rows.append(stock.row(car.pk, store and store.location, parts and parts.engine))
        return stock.answer(rows, walk_stores())

    @timed
    def post(self, request):
        order = Order.of(request)
        parts = CarParts.objects.create(engine=order.engine)
        manufacturer = Manufacturer.objects.create(name=order.name)
        store = Store.objects.create(location=order.location)
        car = Car.objects.create(car_parts=parts, manufacturer=manufacturer)
        car.store.add(store)

        this_car = Car.objects.filter(pk=car.pk)
        this_car.update(created_at=SOLD_ON)
        found = described(this_car).get()

        this_car.delete()
        Store.objects.filter(pk=store.pk).delete()
        Manufacturer.objects.filter(pk=manufacturer.pk).delete()
        CarParts.objects.filter(pk=parts.pk).delete()
        return receipt(found)


@method_decorator(csrf_exempt, name="dispatch")
class AsyncCars(View):
    @timed
    async def get(self, _request):
        rows = []
        async for car in Car.objects.order_by("pk"):
            store = await car.store.afirst()
            parts = await stock.late_parts().afirst()
            rows.append(stock.row(car.pk, store and store.location, parts and parts.engine))
        return stock.answer(rows, await awalk_stores())

    @timed
    async def post(self, request):
        order = Order.of(request)
        parts = await CarParts.objects.acreate(engine=order.engine)
        manufacturer = await Manufacturer.objects.acreate(name=order.name)
        store = await Store.objects.acreate(location=order.location)
        car = await Car.objects.acreate(car_parts=parts, manufacturer=manufacturer)
        await aadd(car.store, store)

        this_car = Car.objects.filter(pk=car.pk)
        await this_car.aupdate(created_at=SOLD_ON)
        found = await described(this_car).aget()

        await this_car.adelete()
        await Store.objects.filter(pk=store.pk).adelete()
        await Manufacturer.objects.filter(pk=manufacturer.pk).adelete()
        await CarParts.objects.filter(pk=parts.pk).adelete()
        return receipt(found)


def walk_stores():
    """Return the first store's location of every car."""
    locations = []
    for car in Car.objects.order_by("pk"):
        store = car.store.first()
        locations.append(store and store.location)
    return locations


async def awalk_stores():
    """Do what walk_stores() does, awaiting."""
    locations = []
    async for car in Car.objects.order_by("pk"):
        store = await car.store.afirst()
        locations.append(store and store.location)
    return locations


async def aadd(relation, store):
    """Await ``relation.aadd()``, which came with Django 4.2; before that, add() in a thread."""
    if hasattr(relation, "aadd"):
        await relation.aadd(store)
    else:
        await sync_to_async(relation.add)(store)


def described(cars):
    """Return the cars with everything that a POST has linked to them, read back at once."""
    return cars.values_list(
        "created_at", "car_parts__engine", "manufacturer__name", "store__location"
    )


def receipt(found):
    """Answer what was read back: it is the same for the same form, whatever the car's number."""
    day, engine, name, location = found
    return HttpResponse(
        f"{name} with {engine} at {location} since {day}: created, updated, deleted\n",
        content_type="text/plain; charset=utf-8",
    )


# ------------------------------------------------------------------ Test B: another service's API


class SyncRates(View):
    @timed
    def get(self, _request):
        response = httpx.get(rates.url(), headers=rates.headers(), timeout=TIMEOUT)
        response.raise_for_status()
        return JsonResponse(rates.answer([rates.Figures.of(response.json())]))


class AsyncRates(View):
    @timed
    async def get(self, _request):
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            response = await client.get(rates.url(), headers=rates.headers())
        response.raise_for_status()
        return JsonResponse(rates.answer([rates.Figures.of(response.json())]))
