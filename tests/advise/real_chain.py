"""Counts what requests through a real ASGIHandler pay: chains as JSON in, counts as JSON out.

A process of its own, since Django's settings can be configured once. No test runs here: the
interpreter may be any, with any Django from 4.1 on.
"""

import asyncio
import json
import random
import sys
import types

import asgiref.sync
import django
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse
from django.urls import path
from django.utils.decorators import (
    async_only_middleware,
    sync_and_async_middleware,
    sync_only_middleware,
)
from django.utils.deprecation import MiddlewareMixin

DJANGO = [  # in an order that they work in
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
NEEDS = {DJANGO[7]: DJANGO[2], DJANGO[8]: DJANGO[2]}  # to stand outside of it
HOOKS = ("process_request", "process_view", "process_response")
counts = {"hops": 0, "backs": 0}
seen = {}
chains = types.ModuleType("chains")  # what MIDDLEWARE names
sys.modules["chains"] = chains


def count(cls, name):
    """Count calls of an adapter of asgiref's."""
    called = cls.__call__

    def counted(self, *arguments, **keywords):
        counts[name] += 1
        return called(self, *arguments, **keywords)

    cls.__call__ = counted


WAITING = asgiref.sync.AsyncToSync.__call__.__code__


def is_pinned():
    """Tell whether a thread waits in async_to_sync for what runs here."""
    frames = list(sys._current_frames().values())
    while frames:
        frame = frames.pop()
        if frame.f_code is WAITING:
            return True
        if frame.f_back:
            frames.append(frame.f_back)
    return False


async def async_view(request):
    """Answer on the loop."""
    seen["is_pinned"] = is_pinned()
    return HttpResponse("hello")


def sync_view(request):
    """Answer in a thread."""
    return HttpResponse("hello")


@sync_only_middleware
def sync_function(get_response):
    """Be a function that can't be awaited."""

    def middleware(request):
        return get_response(request)

    return middleware


@async_only_middleware
def async_function(get_response):
    """Be a function that must be awaited."""

    async def middleware(request):
        return await get_response(request)

    return middleware


@sync_and_async_middleware
def both_function(get_response):
    """Be a function that is either."""
    if iscoroutinefunction(get_response):
        return async_function(get_response)
    return sync_function(get_response)


class Plain:
    """What Django's documentation shows first: sync, by default."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)


class Native:
    """Awaited by its own code, hooks and all."""

    sync_capable = async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request):
        return self.get_response(request)

    async def process_view(self, request, *_):
        """Be awaited by the handler."""


class Unused:
    """Not used."""

    def __init__(self, get_response):
        raise MiddlewareNotUsed


def hook(name):
    """Return a method that lets everything pass."""
    if name == "process_response":
        return lambda self, request, response: response
    return lambda self, request, *rest: None


def mix(hooks, **flags):
    """Return a class made from MiddlewareMixin."""
    return type("Mixed", (MiddlewareMixin,), {**{name: hook(name) for name in hooks}, **flags})


KINDS = {
    "sync-function": sync_function,
    "async-function": async_function,
    "both-function": both_function,
    "plain": Plain,
    "native": Native,
    "unused": Unused,
}


def describe(name, made):
    """Return the host's Middleware as the guest would write it."""
    kind = made if isinstance(made, type) else None
    hooks = [each for each in HOOKS if hasattr(kind, each)] if kind else []
    own = kind is not None and not issubclass(kind, MiddlewareMixin)
    return {
        "name": name,
        "can_sync": getattr(made, "sync_capable", True),
        "can_async": getattr(made, "async_capable", False),
        "is_async": False,
        "is_adapted": False,
        "hooks": hooks,
        "async_hooks": hooks if own else [],
        "is_unused": made is Unused,
    }


def invent(draw):
    """Return a chain, the outermost first: name → what it is made from."""
    from django.utils.module_loading import import_string

    made = {name: import_string(name) for name in DJANGO if draw.random() < 0.4}
    made = {name: each for name, each in made.items() if NEEDS.get(name) in {None, *made}}
    chain = list(made.items())
    for number in range(draw.randrange(5)):
        kind = draw.choice(["mixin", "sync-mixin", *KINDS])
        hooks = [each for each in HOOKS if draw.random() < 0.5]
        each = (
            mix(hooks)
            if kind == "mixin"
            else mix(hooks, async_capable=False)
            if kind == "sync-mixin"
            else KINDS[kind]
        )
        setattr(chains, f"m{number}", each)
        chain.insert(draw.randrange(len(chain) + 1), (f"chains.m{number}", each))
    return chain


async def ask(handler, where):
    """Send a request through the handler, as a server would."""
    sent = []
    scope = {"type": "http", "method": "GET", "path": where, "headers": [(b"host", b"testserver")]}
    begun = [{"type": "http.request", "body": b""}]
    never = asyncio.get_running_loop().create_future()

    async def receive():
        return begun.pop() if begun else await never

    async def send(message):
        sent.append(message)

    counts.update(hops=0, backs=0)
    seen.clear()
    await handler({**scope, "query_string": b""}, receive, send)
    assert sent[0]["status"] == 200, sent
    return {**counts, **seen}


def measure(names):
    """Return what a request to an async and to a sync view pays."""
    settings.MIDDLEWARE = names
    handler = ASGIHandler()
    return {
        "async": asyncio.run(ask(handler, "/async/")),
        "sync": asyncio.run(ask(handler, "/sync/")),
    }


def main(seed, number):
    """Print what so many random chains cost, and those with given names before them."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="chains",
        SECRET_KEY="chains",
        LOGGING_CONFIG=None,
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        MESSAGE_STORAGE="django.contrib.messages.storage.cookie.CookieStorage",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        USE_TZ=True,
    )
    django.setup()
    chains.urlpatterns = [path("async/", async_view), path("sync/", sync_view)]
    count(asgiref.sync.SyncToAsync, "hops")
    count(asgiref.sync.AsyncToSync, "backs")
    draw = random.Random(seed)
    default = [DJANGO[place] for place in (0, 2, 5, 6, 7, 8, 9)]
    chains.sync = Plain
    fixed = [default, ["chains.sync", *default], [*default, "chains.sync"], []]
    fixed.append([*default[:3], "chains.sync", *default[3:]])
    print(json.dumps([*map(tell, fixed), *(tell_drawn(draw) for _ in range(number))]))


def tell(names):
    """Return a chain of those names with what it costs."""
    from django.utils.module_loading import import_string

    described = [describe(name, import_string(name)) for name in names]
    return {"chain": described, "cost": measure(names)}


def tell_drawn(draw):
    """Return a random chain with what it costs."""
    chain = invent(draw)
    described = [describe(name, each) for name, each in chain]
    return {"chain": described, "cost": measure([name for name, _ in chain])}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
