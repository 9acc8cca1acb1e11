"""How long a stand-in waits before it answers: written, read, drawn.

``20ms`` is fixed; ``exponential:20ms`` has that mean; ``lognormal:20ms,0.5`` that median and that
standard deviation of the logarithm. Pure, but for the random generator that is passed in.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from random import Random

USAGE = "write 20ms, exponential:20ms or lognormal:20ms,0.5 (median, sigma)"
LONGEST = 60.0  # s; more is a typing error
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")
_UNITS = {"ms": 1e-3, "s": 1.0}


class Shape(StrEnum):
    """How latencies are distributed."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """A distribution of waiting times."""

    shape: Shape
    seconds: float  # the value, the mean, or the median
    sigma: float = 0.0  # of the logarithm; lognormal only

    def draw(self, random: Random) -> float:
        """Return one waiting time in seconds."""
        if self.shape is Shape.EXPONENTIAL and self.seconds:
            return random.expovariate(1 / self.seconds)
        if self.shape is Shape.LOGNORMAL and self.seconds:
            return random.lognormvariate(math.log(self.seconds), self.sigma)
        return self.seconds


def parse_latency(text: str) -> Latency:
    """Read a latency as it is written on the command line; BadInputError says how to write it."""
    shape, colon, rest = text.partition(":")
    if not colon:
        return Latency(shape=Shape.FIXED, seconds=_seconds(text, text))
    if shape == Shape.EXPONENTIAL:
        return Latency(shape=Shape.EXPONENTIAL, seconds=_seconds(rest, text))
    if shape == Shape.LOGNORMAL:
        median, _, sigma = rest.partition(",")
        return Latency(
            shape=Shape.LOGNORMAL, seconds=_seconds(median, text), sigma=_sigma(sigma, text)
        )
    raise BadInputError(f"the latency “{text}” has an unknown distribution, “{shape}”", USAGE)


def _seconds(text: str, whole: str) -> float:
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise BadInputError(f"the latency “{whole}” has no duration like 20ms or 0.5s", USAGE)
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > LONGEST:
        raise BadInputError(f"the latency “{whole}” is above {LONGEST:.0f} s", USAGE)
    return seconds


def _sigma(text: str, whole: str) -> float:
    try:
        sigma = float(text)
    except ValueError:
        sigma = math.nan
    if not 0 <= sigma <= 3:  # a sigma of 3 has one wait in six above 20 medians
        raise BadInputError(f"the latency “{whole}” has no sigma between 0 and 3", USAGE)
    return sigma
