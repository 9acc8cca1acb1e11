"""What a request leaves behind while it runs, for whoever wants to know how far it came.

A line a step, in the file that TRAIL_FILE names: written at once and by a plain call, so that
nothing can cancel it. A request without ``?trail=`` leaves none.
"""

import os
import re
import time
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import BadRequest

from cars.views.planted import MOST_WAIT, number_in


class Trail(NamedTuple):
    """The request's name for its trail, and how long it was asked to wait."""

    name: str
    wait: float  # s

    @classmethod
    def of(cls, request):
        """Read the query; BadRequest says what is wrong with it."""
        name = request.GET.get("trail", "")
        if not re.fullmatch(r"[a-z0-9-]{0,80}", name):
            raise BadRequest(f"trail must be letters, digits and hyphens, not {name[:20]!r}")
        milliseconds = number_in(request, "wait", "a number of ms", float, MOST_WAIT)
        return cls(name, milliseconds / 1000)

    def mark(self, step):
        """Write that this step was reached, and when, by the clock that all processes share."""
        if self.name and settings.TRAIL_FILE:
            line = f"{self.name} {step} {time.monotonic():.6f}\n".encode()
            file = os.open(settings.TRAIL_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line)  # one call: lines of several threads never mix
            finally:
                os.close(file)
