"""Middleware of every kind; each notes in which thread it ran."""

import threading
from inspect import iscoroutinefunction

from django.core.exceptions import MiddlewareNotUsed
from django.utils.decorators import async_only_middleware, sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin

try:
    from asgiref.sync import markcoroutinefunction
except ImportError:
    markcoroutinefunction = None

RAN = {}


def note(name):
    RAN[name] = threading.get_ident()


def is_async(get_response):
    return iscoroutinefunction(get_response)


def make_hybrid(name):
    @sync_and_async_middleware
    def hybrid(get_response):
        if is_async(get_response):

            async def middleware(request):
                note(name)
                return await get_response(request)

        else:

            def middleware(request):
                note(name)
                return get_response(request)

        return middleware

    return hybrid


hybrid_outside = make_hybrid("hybrid_outside")
hybrid_inside = make_hybrid("hybrid_inside")


@async_only_middleware
def only_async(get_response):
    async def middleware(request):
        note("only_async")
        return await get_response(request)

    return middleware


class OnlySync:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        note("OnlySync")
        return self.get_response(request)


class Declined(MiddlewareMixin):
    def __init__(self, get_response):
        raise MiddlewareNotUsed("not today")


class Both(MiddlewareMixin):
    """Everything that the mixin and Django know."""

    def __call__(self, request):
        note("Both")
        return super().__call__(request)

    def process_request(self, request):
        note("Both.process_request")

    def process_view(self, request, view, args, kwargs):
        note("Both.process_view")

    def process_template_response(self, request, response):
        return response

    def process_exception(self, request, exception):
        return None

    def process_response(self, request, response):
        note("Both.process_response")
        return response


class AsyncHook(MiddlewareMixin):
    async def process_view(self, request, view, args, kwargs):
        note("AsyncHook.process_view")


class Unmarked:
    """Forgets to mark itself, as many do."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response

    async def __call__(self, request):
        return await self.get_response(request)
