"""What to write instead. Each view answers what its namesake in *same work* answers.

The ORM views ask two questions however many cars there are; that, and not async, is their gain. The
rates views keep one HTTP client, and pass on how long the API shall wait. Async earns its keep
where calls wait beside each other: gathered.
"""

import asyncio

from django.db.models import OuterRef, Subquery
from django.http import JsonResponse
from django.views import View

from cars import rates, stock
from cars.clients import async_session, sync_client
from cars.models import Car, Store
from cars.timing import timed

# ------------------------------------------------------------------------------ Test A: the ORM


class SyncCars(View):
    @timed
    def get(self, _request):
        engine = late_engines().first()
        return answer(cars_with_first_store(), engine)


class AsyncCars(View):
    @timed
    async def get(self, _request):
        engine = await late_engines().afirst()
        return answer([pair async for pair in cars_with_first_store()], engine)


def late_engines():
    """Return the engines of the late parts. The first is the same for every car: ask once."""
    return stock.late_parts().values_list("engine", flat=True)


def cars_with_first_store():
    """Return (number, location of the first store or None) of every car, in one query."""
    first_store = Store.objects.filter(car=OuterRef("pk")).order_by("pk").values("location")[:1]
    return (
        Car.objects.order_by("pk")
        .annotate(first_store=Subquery(first_store))
        .values_list("pk", "first_store")
    )


def answer(pairs, engine):
    """Answer from what is known already: the second walk needs no second query."""
    rows = [stock.row(number, location, engine) for number, location in pairs]
    return stock.answer(rows, [row["store"] for row in rows])


# ------------------------------------------------------------------ Test B: another service's API


class SyncRates(View):
    @timed
    def get(self, request):
        url = rates.url(rates.wait_asked_for(request))
        figures = [ask(url) for _ in range(rates.calls_asked_for(request))]
        return JsonResponse(rates.answer(figures))


class AsyncRates(View):
    @timed
    async def get(self, request):
        url = rates.url(rates.wait_asked_for(request))
        calls = [aask(url) for _ in range(rates.calls_asked_for(request))]
        return JsonResponse(rates.answer(await asyncio.gather(*calls)))


class AsyncRatesInTurn(View):
    @timed
    async def get(self, request):
        url = rates.url(rates.wait_asked_for(request))
        figures = [await aask(url) for _ in range(rates.calls_asked_for(request))]
        return JsonResponse(rates.answer(figures))


def ask(url):
    """Return the figures of one call."""
    response = sync_client().get(url, headers=rates.headers())
    response.raise_for_status()
    return rates.Figures.of(response.json())


async def aask(url):
    """Return the figures of one call, waiting without holding a thread."""
    session = await async_session()
    async with session.get(url, headers=rates.headers()) as response:
        response.raise_for_status()
        return rates.Figures.of(await response.json())
