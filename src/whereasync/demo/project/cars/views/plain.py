"""Two pairs that do next to nothing: what a request costs before a view's own work begins.

Servers are told apart by these; a view that works hides their differences.
"""

from django.http import HttpResponse, JsonResponse
from django.views import View

from cars.models import Car
from cars.timing import timed


class SyncHello(View):
    @timed
    def get(self, _request):
        return hello()


class AsyncHello(View):
    @timed
    async def get(self, _request):
        return hello()


class SyncQuery(View):
    @timed
    def get(self, _request):
        return describe(cars_with_engine().first())


class AsyncQuery(View):
    @timed
    async def get(self, _request):
        return describe(await cars_with_engine().afirst())


def hello():
    return HttpResponse("hello\n", content_type="text/plain; charset=utf-8")


def cars_with_engine():
    """Return (number, engine) of the cars, lowest number first."""
    return Car.objects.order_by("pk").values_list("pk", "car_parts__engine")


def describe(car):
    """Answer the pair; both are null where there is no car."""
    number, engine = car or (None, None)
    return JsonResponse({"car": number, "engine": engine})
