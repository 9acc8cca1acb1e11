"""A year of rates passed through, fetched whole or as it comes, answered whole or as it comes.

All eight views answer the API's own bytes. A generator asks the API only once somebody reads: what
nobody reads leaves no connection open, and an async one belongs to the event loop that reads it,
which under WSGI isn't the view's. The price: the status is sent before the API has answered.
"""

from django.http import HttpResponse, StreamingHttpResponse
from django.views import View

from cars import rates
from cars.clients import async_session, sync_client
from cars.timing import timed

PIECE = 65_536  # bytes of a piece, at most
JSON = "application/json"

# -------------------------------------------------------------------------------- how to fetch it


def fetch():
    """Return the year of rates, once all of it is there."""
    response = sync_client().get(rates.url(), headers=rates.headers())
    response.raise_for_status()
    return response.content


async def afetch():
    """Do what fetch() does, without holding a thread."""
    session = await async_session()
    async with session.get(rates.url(), headers=rates.headers()) as response:
        response.raise_for_status()
        return await response.read()


def stream():
    """Yield the year of rates piece by piece, as it comes.

    No size is asked for: httpx would hold back what has come until so much is there.
    """
    with sync_client().stream("GET", rates.url(), headers=rates.headers()) as response:
        response.raise_for_status()
        yield from response.iter_bytes()


async def astream():
    """Do what stream() does, without holding a thread."""
    session = await async_session()
    async with session.get(rates.url(), headers=rates.headers()) as response:
        response.raise_for_status()
        async for piece in response.content.iter_chunked(PIECE):
            yield piece


# ------------------------------------------------------------------------------- how to answer it


def cut(body):
    """Yield a body that is there already, piece by piece."""
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]


async def acut(body):
    """Do what cut() does, for whoever iterates asynchronously."""
    for piece in cut(body):
        yield piece


def whole(body):
    return HttpResponse(body, content_type=JSON)


def streamed(pieces):
    """Answer piece by piece. Django 4.1 takes no async iterator here; later ones take both."""
    return StreamingHttpResponse(pieces, content_type=JSON)


# ------------------------------------------------------------------------------------------ views


class SyncWholeWhole(View):
    @timed
    def get(self, _request):
        return whole(fetch())


class SyncWholeStreamed(View):
    @timed
    def get(self, _request):
        return streamed(cut(fetch()))


class SyncStreamedWhole(View):
    @timed
    def get(self, _request):
        return whole(b"".join(stream()))


class SyncStreamedStreamed(View):
    @timed
    def get(self, _request):
        return streamed(stream())


class AsyncWholeWhole(View):
    @timed
    async def get(self, _request):
        return whole(await afetch())


class AsyncWholeStreamed(View):
    @timed
    async def get(self, _request):
        return streamed(acut(await afetch()))


class AsyncStreamedWhole(View):
    @timed
    async def get(self, _request):
        return whole(b"".join([piece async for piece in astream()]))


class AsyncStreamedStreamed(View):
    @timed
    async def get(self, _request):
        return streamed(astream())
