"""The clock inside the view, the article's clock: every answer says how long its handler took.

It sees neither middleware nor server nor the wait for a thread; a client's clock sees all of them.
"""

from functools import wraps
from inspect import iscoroutinefunction
from time import perf_counter


def timed(handler):
    """Give the answer of a sync or async handler the header ``Server-Timing: view;dur=<ms>``."""
    if iscoroutinefunction(handler):

        @wraps(handler)
        async def timed_handler(*args, **kwargs):
            begin = perf_counter()
            response = await handler(*args, **kwargs)
            return stamp(response, perf_counter() - begin)

    else:

        @wraps(handler)
        def timed_handler(*args, **kwargs):
            begin = perf_counter()
            response = handler(*args, **kwargs)
            return stamp(response, perf_counter() - begin)

    return timed_handler


def stamp(response, seconds):
    response["Server-Timing"] = f"view;dur={seconds * 1000:.4f}"
    return response
