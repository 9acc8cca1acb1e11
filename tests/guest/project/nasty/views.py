"""Views of every kind that is a function, or wraps one."""

import functools

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.syndication.views import Feed
from django.db import transaction
from django.http import HttpResponse
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import cache_page
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET


def plain(request, **arguments):
    return HttpResponse("plain")


async def waiting(request, **arguments):
    return HttpResponse("waiting")


def polite(view):
    @functools.wraps(view)
    def inner(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    return inner


def forgetful(view):
    def inner(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    return inner


class Counted:
    """A decorator that is a class, as found in old projects."""

    def __init__(self, view):
        functools.update_wrapper(self, view)
        self.view = view

    def __call__(self, *args, **kwargs):
        return self.view(*args, **kwargs)


@login_required
@require_GET
@polite
def decorated(request):
    return HttpResponse("decorated")


@permission_required("nasty.look")
@cache_page(
    60,
    key_prefix="nasty",
)
@csrf_protect
def permitted(request):
    return HttpResponse("permitted")


@csrf_exempt
def exempt(request):
    return HttpResponse("exempt")


@transaction.non_atomic_requests
async def free(request):
    return HttpResponse("free")


@transaction.atomic
def whole(request):
    return HttpResponse("whole")


@Counted
def counted(request):
    return HttpResponse("counted")


@polite
async def politely_hidden(request):
    return HttpResponse("hidden")


@forgetful
async def forgotten(request):
    return HttpResponse("forgotten")


class Later(SimpleLazyObject):
    """A view that is brought when it is first asked for."""

    def __call__(self, *args, **kwargs):
        return self._wrapped(*args, **kwargs)


later = Later(lambda: waiting)
blocking = async_to_sync(waiting)
threaded = sync_to_async(plain)
flavoured = functools.partial(polite(plain), flavour="mint")
short = lambda request: HttpResponse("short")  # noqa: E731 # people do


def make(text):
    def made(request):
        return HttpResponse(text)

    return made


class Teller:
    async def __call__(self, request):
        return HttpResponse("told")


class Trap:
    """Doesn't answer every question about itself."""

    def __call__(self, request):
        return HttpResponse("trapped")

    def __getattr__(self, name):
        if name == "__wrapped__":
            raise RuntimeError("nobody may look inside")
        raise AttributeError(name)


class Reply(HttpResponse):
    """A class in the place of a view."""


class News(Feed):
    title = "News"
    link = "/news/"

    def items(self):
        return []


class Desk:
    def receive(self, request):
        return HttpResponse("received")
