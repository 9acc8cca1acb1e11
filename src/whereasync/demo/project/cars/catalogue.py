"""The views as data, for the index page. A test holds this list against the URLs.

Adding a view means adding it here and in ``urls.py``.
"""

from typing import NamedTuple

FORM = {"engine": "engine", "name": "manufacturer", "location": "store"}


class Entry(NamedTuple):
    """One view and method: where it is, how it runs and what it does, in a sentence."""

    method: str
    path: str
    does: str
    takes_calls: bool = False

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
            takes_calls=True,
        ),
        Entry(
            "GET",
            "/advised/rates/async/",
            "Gathers the calls, so that they wait side by side.",
            takes_calls=True,
        ),
        Entry(
            "GET",
            "/advised/rates/async-in-turn/",
            "Awaits the calls one after another: async, yet none overlap.",
            takes_calls=True,
        ),
    ),
)

FAMILIES = (AS_WRITTEN, SAME_WORK, ADVISED)
