"""The page that lists every view and runs it at a click."""

from django.shortcuts import render
from django.views import View

from cars import catalogue
from cars.timing import timed


class Index(View):
    @timed
    def get(self, request):
        context = {"families": catalogue.FAMILIES, "form": catalogue.FORM}
        return render(request, "cars/index.html", context)
