"""What a GET of *same work* and of *advised* says about the cars.

They must answer the same bytes for the same data, however they asked the database: so there is one
place that builds the answer. It holds whatever was asked, lest a query be left out unnoticed.
"""

from django.http import JsonResponse

from cars.models import CarParts


def late_parts():
    """Return the parts called "engine" that have a car whose maker's number is above 20."""
    return CarParts.objects.filter(engine__contains="engine", car__manufacturer_id__gt=20)


def row(number, location, engine):
    """Return what is said about one car; None stands for a store or a part that isn't there."""
    return {"car": number, "store": location, "parts": engine}


def answer(rows, walk):
    """Return the rows of all cars, and the stores that a second walk came by."""
    return JsonResponse({"cars": rows, "walk": walk})
