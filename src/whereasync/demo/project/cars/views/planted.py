"""Effects of a known size, to see whether a measurement finds them: ``?burn=`` and ``?wait=``.

What is planted never shows in the answer, so that a view with and one without can be raced. A wait
is at least as long as asked for; some event loops round it up to the next millisecond.
"""

import asyncio
import time
from typing import NamedTuple

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.views import View

from cars.timing import timed

MOST_BURN = 1_000_000  # µs
MOST_WAIT = 10_000  # ms


class Plant(NamedTuple):
    """What a request asks for."""

    burn: int  # ns of CPU
    wait: float  # s

    @classmethod
    def of(cls, request):
        """Read the query, 0 by default; BadRequest says what is wrong with a number."""
        microseconds = number_in(request, "burn", "a whole number of µs", int, MOST_BURN)
        milliseconds = number_in(request, "wait", "a number of ms", float, MOST_WAIT)
        return cls(microseconds * 1000, milliseconds / 1000)


class SyncPlanted(View):
    @timed
    def get(self, request):
        plant = Plant.of(request)
        burn(plant.burn)
        if plant.wait:
            time.sleep(plant.wait)
        return answer()


class AsyncPlanted(View):
    @timed
    async def get(self, request):
        plant = Plant.of(request)
        burn(plant.burn)
        if plant.wait:
            await asyncio.sleep(plant.wait)
        return answer()


def number_in(request, name, what, kind, most):
    asked = request.GET.get(name, "0")
    try:
        number = kind(asked)
    except ValueError:
        number = -1
    if not 0 <= number <= most:  # so written, it refuses nan too
        raise BadRequest(f"{name} must be {what} from 0 to {most}, not {asked[:20]!r}")
    return number


def burn(nanoseconds):
    """Spin until this thread has used so much CPU: on a busy machine that lasts longer."""
    end = time.thread_time_ns() + nanoseconds
    while time.thread_time_ns() < end:
        pass


def answer():
    return HttpResponse("planted\n", content_type="text/plain; charset=utf-8")
