"""Server-sent events that hardly ever come: an event at once, then a comment now and then.

``?every=`` says how many seconds lie between two comments, ``?seconds=`` when it ends: never, if
nothing or 0 is asked for. Nobody tells a generator that its reader has left: a sync one learns it
when it writes, an async one under ASGI is cancelled at once.
"""

import asyncio
import itertools
import time
from typing import NamedTuple

from django.http import StreamingHttpResponse
from django.views import View

from cars.timing import timed
from cars.views.planted import number_in

USUAL_EVERY = 15  # s
MOST_EVERY = 60  # s
MOST_SECONDS = 3600
HELLO = b"event: hello\ndata: 1\n\n"
STILL_HERE = b": still here\n\n"  # a comment, which browsers pass over: it keeps proxies awake


class Pulse(NamedTuple):
    """What a request asks for."""

    every: float  # s between two comments
    comments: object  # an iterator with an item for each of them

    @classmethod
    def of(cls, request):
        """Read the query; BadRequest says what is wrong with a number."""
        every = number_in(request, "every", "a number of s", float, MOST_EVERY) or USUAL_EVERY
        seconds = number_in(request, "seconds", "a number of s", float, MOST_SECONDS)
        return cls(every, range(int(seconds / every)) if seconds else itertools.count())


class SyncEvents(View):
    @timed
    def get(self, request):
        return answer(pulse(Pulse.of(request)))


class AsyncEvents(View):
    @timed
    async def get(self, request):
        return answer(apulse(Pulse.of(request)))


def pulse(asked):
    yield HELLO
    for _ in asked.comments:
        time.sleep(asked.every)
        yield STILL_HERE


async def apulse(asked):
    yield HELLO
    for _ in asked.comments:
        await asyncio.sleep(asked.every)
        yield STILL_HERE


def answer(events):
    return StreamingHttpResponse(
        events, content_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )
