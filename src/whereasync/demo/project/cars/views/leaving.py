"""Views that take a while, and leave a trail: it shows what runs on when the client leaves.

Each marks ``begun``, waits for ``?wait=`` ms in its own way, and marks ``after``. They are of use
to a measurement only, so the index page doesn't list them.
"""

import asyncio
import time

from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from cars.models import Manufacturer
from cars.timing import timed
from cars.trail import Trail

PARTS = 10  # of a streamed answer, with a wait after each

tasks = set()  # the loop itself holds its tasks only weakly


# ------------------------------------------------------------------------------------ one wait


class SyncSleep(View):
    @timed
    def get(self, request):
        trail = Trail.of(request)
        trail.mark("begun")
        try:
            time.sleep(trail.wait)
            trail.mark("after")
        finally:
            trail.mark("finally")
        return answer()


class AsyncSleep(View):
    @timed
    async def get(self, request):
        trail = Trail.of(request)
        trail.mark("begun")
        try:
            await asyncio.sleep(trail.wait)
            trail.mark("after")
        except asyncio.CancelledError:
            trail.mark("cancelled")
            raise
        finally:
            trail.mark("finally")
        return answer()


# ------------------------------------------------------------------------------- the database


class SyncQuery(View):
    @timed
    def get(self, request):
        trail = Trail.of(request)
        query_slowly(trail)
        trail.mark("after")
        return answer()


class AsyncQuery(View):
    @timed
    async def get(self, request):
        trail = Trail.of(request)
        await sync_to_async(query_slowly)(trail)
        trail.mark("after")
        return answer()


@method_decorator(csrf_exempt, name="dispatch")
class SyncTransaction(View):
    @timed
    def post(self, request):
        trail = Trail.of(request)
        write_slowly(trail)
        trail.mark("after")
        return answer()


@method_decorator(csrf_exempt, name="dispatch")
class AsyncTransaction(View):
    @timed
    async def post(self, request):
        trail = Trail.of(request)
        await sync_to_async(write_slowly)(trail)
        trail.mark("after")
        return answer()


@method_decorator(csrf_exempt, name="dispatch")
class AsyncWrites(View):
    @timed
    async def post(self, request):
        trail = Trail.of(request)
        await write_twice(trail)
        trail.mark("after")
        return answer()


@method_decorator(csrf_exempt, name="dispatch")
class AsyncShieldedWrites(View):
    @timed
    async def post(self, request):
        trail = Trail.of(request)
        await asyncio.shield(write_twice(trail))
        trail.mark("after")
        return answer()


def query_slowly(trail):
    """Ask one question that takes the database so long; the trail's name stands in it."""
    trail.mark("begun")
    wait_in_database(trail)
    trail.mark("thread")


def write_slowly(trail):
    """Write a row, and hold its transaction open for so long."""
    with transaction.atomic():
        Manufacturer.objects.create(name=trail.name)
        trail.mark("begun")
        wait_in_database(trail)
    trail.mark("thread")


async def write_twice(trail):
    """Write two rows that belong together, with a wait between; atomic() has no async form."""
    await Manufacturer.objects.acreate(name=trail.name)
    trail.mark("begun")
    await asyncio.sleep(trail.wait)
    await Manufacturer.objects.acreate(name=trail.name)
    trail.mark("work")


def wait_in_database(trail):
    if connection.vendor != "postgresql":
        time.sleep(trail.wait)  # SQLite has no query that waits
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s), %s", [trail.wait, trail.name])


# --------------------------------------------------------------------------- shields and tasks


class AsyncShield(View):
    @timed
    async def get(self, request):
        trail = Trail.of(request)
        await asyncio.shield(work(trail))
        trail.mark("after")
        return answer()


class AsyncTask(View):
    @timed
    async def get(self, request):
        trail = Trail.of(request)
        task = asyncio.ensure_future(work(trail))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await asyncio.sleep(trail.wait)
        trail.mark("after")
        return answer()


async def work(trail):
    trail.mark("begun")
    await asyncio.sleep(trail.wait)
    trail.mark("work")


# ------------------------------------------------------------------------------------ streaming


class SyncStream(View):
    @timed
    def get(self, request):
        return StreamingHttpResponse(parts(Trail.of(request)), content_type="text/plain")


class AsyncStream(View):
    @timed
    async def get(self, request):  # Django 4.1 takes no async generator, and answers 500
        return StreamingHttpResponse(aparts(Trail.of(request)), content_type="text/plain")


def parts(trail):
    trail.mark("begun")
    try:
        for number in range(PARTS):
            yield f"part {number}\n"
            time.sleep(trail.wait / PARTS)
        trail.mark("after")
    finally:
        trail.mark("finally")


async def aparts(trail):
    trail.mark("begun")
    try:
        for number in range(PARTS):
            yield f"part {number}\n"
            await asyncio.sleep(trail.wait / PARTS)
        trail.mark("after")
    finally:
        trail.mark("finally")


def answer():
    return HttpResponse("done\n", content_type="text/plain; charset=utf-8")


urlpatterns = [
    path("sleep/sync/", SyncSleep.as_view()),
    path("sleep/async/", AsyncSleep.as_view()),
    path("query/sync/", SyncQuery.as_view()),
    path("query/async/", AsyncQuery.as_view()),
    path("transaction/sync/", SyncTransaction.as_view()),
    path("transaction/async/", AsyncTransaction.as_view()),
    path("writes/async/", AsyncWrites.as_view()),
    path("writes/async-shielded/", AsyncShieldedWrites.as_view()),
    path("shield/async/", AsyncShield.as_view()),
    path("task/async/", AsyncTask.as_view()),
    path("stream/sync/", SyncStream.as_view()),
    path("stream/async/", AsyncStream.as_view()),
]
