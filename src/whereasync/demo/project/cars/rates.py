"""The exchange-rate API: what to ask for, and what to answer from what comes back.

Asking is left to the views, for how they ask is what is compared. Parsing a year of rates (1.1 MB)
is CPU work, and on an event loop everybody waits for it: no client makes that go away.
"""

from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import BadRequest, ImproperlyConfigured

PERIOD = {"start_date": "2016-01-02", "end_date": "2017-01-01"}
MOST_CALLS = 50
MOST_WAIT = 20_000  # ms; clients.py gives a call up after 30 s


class Figures(NamedTuple):
    """What one time series comes to."""

    days: int
    currencies: int
    total: float

    @classmethod
    def of(cls, series):
        """Sum up one parsed answer, reading every rate in it."""
        days = series["rates"].values()
        return cls(
            days=len(days),
            currencies=len({currency for day in days for currency in day}),
            total=sum(sum(day.values()) for day in days),
        )


def url(wait=""):
    """Return the address of a year of rates; ``wait`` asks the stand-in for so many ms."""
    if not settings.RATES_URL:
        raise ImproperlyConfigured("Set RATES_URL to the address of an exchange-rate API.")
    query = {**PERIOD, "wait": wait} if wait else PERIOD
    return f"{settings.RATES_URL}?{urlencode(query)}"


def headers():
    return {"apikey": settings.RATES_KEY}


def answer(figures):
    """Return the JSON of one or more calls' figures."""
    return {
        "calls": len(figures),
        "days": sum(each.days for each in figures),
        "currencies": max(each.currencies for each in figures),
        "total": round(sum(each.total for each in figures), 2),
    }


def calls_asked_for(request):
    """Return the number in ``?calls=``, 1 by default; BadRequest unless it is 1 … 50."""
    asked = request.GET.get("calls", "1")
    try:
        calls = int(asked)
    except ValueError:
        calls = 0
    if not 1 <= calls <= MOST_CALLS:
        raise BadRequest(f"calls must be a whole number from 1 to {MOST_CALLS}, not {asked[:20]!r}")
    return calls


def wait_asked_for(request):
    """Return what ``?wait=`` says, in ms, "" by default; BadRequest unless it is 0 … 20,000."""
    asked = request.GET.get("wait", "")
    try:
        wait = float(asked or 0)
    except ValueError:
        wait = -1
    if not 0 <= wait <= MOST_WAIT:  # so written, it refuses nan too
        raise BadRequest(f"wait must be a number of ms from 0 to {MOST_WAIT}, not {asked[:20]!r}")
    return asked
