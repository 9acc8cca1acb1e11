"""The views as data, for the index page. A test holds this list against the URLs.

Adding a view means adding it here and in ``urls.py``.
"""

from typing import NamedTuple

from cars import rates
from cars.views import events, orm, planted

FORM = {"engine": "engine", "name": "manufacturer", "location": "store"}


class Parameter(NamedTuple):
    """A number that a view takes in its query; ``value`` is what the index page suggests."""

    name: str
    unit: str
    least: int
    most: int
    value: int


CALLS = Parameter("calls", "", 1, rates.MOST_CALLS, 5)
BURN = Parameter("burn", "µs", 0, planted.MOST_BURN, 500)
WAIT = Parameter("wait", "ms", 0, planted.MOST_WAIT, 5)
QUERIES = Parameter("queries", "", 1, orm.MOST_QUERIES, 10)
SLOW = Parameter("wait", "ms", 0, planted.MOST_WAIT, 0)
LATE = Parameter("wait", "ms", 0, rates.MOST_WAIT, 20)
EVERY = Parameter("every", "s", 0, events.MOST_EVERY, 1)
SECONDS = Parameter("seconds", "s", 0, events.MOST_SECONDS, 3)
ASYNC_ITERATORS = (4, 2)  # since then StreamingHttpResponse takes them


class Entry(NamedTuple):
    """One view and method: where it is, how it runs and what it does, in a sentence."""

    method: str
    path: str
    does: str
    takes: tuple = ()
    status: int = 200  # of the answer
    since: tuple = ()  # the first Django it works on, (4, 2); on an older one it is a 500

    @property
    def kind(self):
        """Return "sync" or "async", as the last part of the path says."""
        return "async" if self.path.split("/")[-2].startswith("async") else "sync"


class Family(NamedTuple):
    """The variants that share a purpose."""

    name: str
    purpose: str
    entries: tuple


AS_WRITTEN = Family(
    "As written",
    "The article's work, unequal as it was: read no verdict off these pairs.",
    (
        Entry(
            "GET",
            "/as-written/cars/sync/",
            "Asks two questions for every car, walks them again, and answers nothing.",
        ),
        Entry("GET", "/as-written/cars/async/", "Does the same, then renders a template."),
        Entry(
            "POST",
            "/as-written/cars/sync/",
            "Creates one of each model, then adds the store to the car.",
        ),
        Entry(
            "POST",
            "/as-written/cars/async/",
            "Creates the store through the car, for Django 4.1 can't add it.",
        ),
        Entry(
            "GET",
            "/as-written/rates/sync/",
            "Asks the rates API with a new client that gives up after 5 s.",
        ),
        Entry(
            "GET",
            "/as-written/rates/async/",
            "Gathers one call by a new client that gives up after 50 s.",
        ),
    ),
)

SAME_WORK = Family(
    "Same work",
    "The same queries and the same answer, sync and async: these pairs can be compared.",
    (
        Entry(
            "GET",
            "/same-work/cars/sync/",
            "Asks two questions for every car, walks them again, and answers all it found.",
        ),
        Entry("GET", "/same-work/cars/async/", "Does exactly the same, awaiting each query."),
        Entry(
            "POST",
            "/same-work/cars/sync/",
            "Creates one of each model, links, updates, reads and deletes them.",
        ),
        Entry("POST", "/same-work/cars/async/", "Does exactly the same, awaiting each query."),
        Entry(
            "GET",
            "/same-work/rates/sync/",
            "Asks the rates API with a new client and sums up the year.",
        ),
        Entry("GET", "/same-work/rates/async/", "Does exactly the same, awaiting the answer."),
    ),
)

ADVISED = Family(
    "Advised",
    "What to write instead: the answers are those of “same work”.",
    (
        Entry("GET", "/advised/cars/sync/", "Asks two questions in all, however many the cars."),
        Entry("GET", "/advised/cars/async/", "Asks the same two questions, awaiting each."),
        Entry(
            "GET",
            "/advised/rates/sync/",
            "Makes the calls one after another with the process's one client.",
            takes=(CALLS, LATE),
        ),
        Entry(
            "GET",
            "/advised/rates/async/",
            "Gathers the calls, so that they wait side by side.",
            takes=(CALLS, LATE),
        ),
        Entry(
            "GET",
            "/advised/rates/async-in-turn/",
            "Awaits the calls one after another: async, yet none overlap.",
            takes=(CALLS, LATE),
        ),
    ),
)

PLAIN = Family(
    "Plain",
    "Next to no work of their own: these pairs tell servers apart.",
    (
        Entry("GET", "/plain/hello/sync/", "Says hello, and asks no database."),
        Entry("GET", "/plain/hello/async/", "Says the same hello."),
        Entry("GET", "/plain/query/sync/", "Asks one question: the first car and its engine."),
        Entry("GET", "/plain/query/async/", "Asks the same question, awaiting the answer."),
    ),
)

PLANTED = Family(
    "Planted",
    "Effects of a known size, to see whether a measurement finds them. The answer never tells.",
    (
        Entry(
            "GET",
            "/planted/sync/",
            "Burns so much CPU, then sleeps for so long.",
            takes=(BURN, WAIT),
        ),
        Entry(
            "GET",
            "/planted/async/",
            "Burns as much, which holds the event loop up, then awaits as long.",
            takes=(BURN, WAIT),
        ),
    ),
)

RELATION = Family(
    "Relation",
    "A store added to a car, in an async view: what “aadd”, of Django 4.2, saves.",
    (
        Entry("POST", "/relation/async-through/", "Creates the store through the car."),
        Entry("POST", "/relation/async-wrapped/", "Adds the store in a thread."),
        Entry("POST", "/relation/async-aadd/", "Awaits aadd; on Django 4.1 a 404."),
    ),
)

ORM = Family(
    "ORM",
    "The same queries in three forms; the first may wait in the database (PostgreSQL only).",
    (
        Entry("GET", "/orm/sync/", "Sends one query after another.", takes=(QUERIES, SLOW)),
        Entry("GET", "/orm/async/", "Awaits each query.", takes=(QUERIES, SLOW)),
        Entry(
            "GET",
            "/orm/async-coalesced/",
            "Sends all queries in one sync_to_async.",
            takes=(QUERIES, SLOW),
        ),
    ),
)

STREAMING = Family(
    "Streaming",
    "A year of rates passed through: fetched whole or as it comes, answered whole or as it comes. "
    "On Django 4.1 an async view that answers as it comes is a 500.",
    (
        Entry("GET", "/streaming/whole-whole/sync/", "Waits for all of it, then answers it."),
        Entry("GET", "/streaming/whole-whole/async/", "Does the same, awaiting it."),
        Entry("GET", "/streaming/whole-streamed/sync/", "Waits for all, then answers in pieces."),
        Entry(
            "GET",
            "/streaming/whole-streamed/async/",
            "Does the same, awaiting it.",
            since=ASYNC_ITERATORS,
        ),
        Entry("GET", "/streaming/streamed-whole/sync/", "Gathers the pieces, then answers all."),
        Entry("GET", "/streaming/streamed-whole/async/", "Does the same, awaiting each piece."),
        Entry("GET", "/streaming/streamed-streamed/sync/", "Passes each piece on as it comes."),
        Entry(
            "GET",
            "/streaming/streamed-streamed/async/",
            "Does the same, awaiting each piece.",
            since=ASYNC_ITERATORS,
        ),
    ),
)

EVENTS = Family(
    "Events",
    "Server-sent events that hardly ever come. On Django 4.1 the async view is a 500.",
    (
        Entry(
            "GET",
            "/events/sync/",
            "Sends an event at once, then a comment every so often, holding a thread.",
            takes=(EVERY, SECONDS),
        ),
        Entry(
            "GET",
            "/events/async/",
            "Sends the same, and holds none.",
            takes=(EVERY, SECONDS),
            since=ASYNC_ITERATORS,
        ),
    ),
)

PRIVATE = Family(
    "Private",
    "Here to be refused: a measurement that counted a redirect as an answer would be wrong.",
    (
        Entry(
            "GET",
            "/private/",
            "Redirects everybody to a login that the site doesn't have.",
            status=302,
        ),
    ),
)

FAMILIES = (
    *(AS_WRITTEN, SAME_WORK, ADVISED, PLAIN, PLANTED, RELATION),
    *(ORM, STREAMING, EVENTS, PRIVATE),
)
