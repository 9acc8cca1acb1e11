"""The cars, and one line of plain text for a bad request."""

from django.http import HttpResponseBadRequest
from django.urls import include, path


def handler400(_request, exception):
    """Say in one line what was wrong with the request."""
    return HttpResponseBadRequest(f"{exception}\n", content_type="text/plain; charset=utf-8")


urlpatterns = [
    path("", include("cars.urls")),
    path("leaving/", include("cars.views.leaving")),
]
