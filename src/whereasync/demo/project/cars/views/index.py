"""The page that lists every view and runs it at a click."""

from django.shortcuts import render
from django.views import View

from cars import catalogue, rates
from cars.timing import timed


class Index(View):
    @timed
    def get(self, request):
        context = {
            "families": catalogue.FAMILIES,
            "form": catalogue.FORM,
            "most_calls": rates.MOST_CALLS,
        }
        return render(request, "cars/index.html", context)
