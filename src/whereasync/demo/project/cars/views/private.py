"""A page for users only, on a site that has none: everybody is sent to a login.

A redirect is fast. A load client that took it for the page would call it a fast page.
"""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views import View

from cars.timing import timed


class Private(View):
    @timed
    @method_decorator(login_required)
    def get(self, _request):
        return HttpResponse("for users only\n", content_type="text/plain; charset=utf-8")
