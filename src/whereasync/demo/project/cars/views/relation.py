"""Adding to a many-to-many relation in an async view: ``aadd``, and what was written before it.

Django 4.1 has no ``aadd``; it came with 4.2. All three do the same, and leave nothing behind.
"""

from asgiref.sync import sync_to_async
from django import VERSION
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from cars.models import Car, Store
from cars.orders import Order
from cars.timing import timed


@method_decorator(csrf_exempt, name="dispatch")
class Adding(View):
    """Give a car one more store, count its stores, and take the new one away again."""

    is_there = True  # in this Django

    @timed
    async def post(self, request):
        if not self.is_there:
            return HttpResponse("not in this Django\n", status=404)
        location = Order.of(request).location
        car = await Car.objects.acreate()
        await self.add(car, location)
        number = await car.store.acount()
        await car.store.all().adelete()
        await Car.objects.filter(pk=car.pk).adelete()
        return HttpResponse(f"{number} store\n", content_type="text/plain; charset=utf-8")


class AsyncThrough(Adding):
    """As the article does: the store is created through the car."""

    async def add(self, car, location):
        await car.store.acreate(location=location)


class AsyncWrapped(Adding):
    """The other way round the missing method: the sync one in a thread."""

    async def add(self, car, location):
        store = await Store.objects.acreate(location=location)
        await sync_to_async(car.store.add)(store)


class AsyncAadd(Adding):
    """As one writes it from Django 4.2 on."""

    is_there = VERSION >= (4, 2)

    async def add(self, car, location):
        store = await Store.objects.acreate(location=location)
        await car.store.aadd(store)
