"""Class-based views."""

import django
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import ListView

from nasty.views import polite

# Older Djangos take a decorated async method for a sync one, and refuse the class.
politely = method_decorator([polite]) if django.VERSION >= (5, 2) else (lambda method: method)


class Sync(View):
    def get(self, request):
        return HttpResponse("got")

    @method_decorator(never_cache)
    def post(self, request):
        return HttpResponse("posted")

    put = post

    def head(self, request):
        return HttpResponse()


class Async(View):
    async def get(self, request):
        return HttpResponse("got")

    @politely
    async def delete(self, request):
        return HttpResponse("deleted")

    async def options(self, request):
        return HttpResponse("chosen")


@method_decorator([csrf_exempt, login_required], name="dispatch")
class Guarded(View):
    http_method_names = ["get", "head"]

    def get(self, request):
        return HttpResponse("got")

    def post(self, request):
        return HttpResponse("never")


class People(ListView):
    model = User


class Dispatching(View):
    def dispatch(self, request, *args, **kwargs):
        return HttpResponse(request.method)
