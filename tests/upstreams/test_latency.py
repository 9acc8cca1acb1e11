"""How a stand-in's latency is written, read and drawn."""

from __future__ import annotations

import statistics
from random import Random

import pytest

from whereasync.errors import BadInputError
from whereasync.upstreams.latency import Latency, Shape, parse_latency


@pytest.mark.parametrize(
    ("text", "latency"),
    [
        ("20ms", Latency(shape=Shape.FIXED, seconds=0.02)),
        ("0ms", Latency(shape=Shape.FIXED, seconds=0.0)),
        ("1.5s", Latency(shape=Shape.FIXED, seconds=1.5)),
        ("exponential:20ms", Latency(shape=Shape.EXPONENTIAL, seconds=0.02)),
        ("lognormal:20ms,0.5", Latency(shape=Shape.LOGNORMAL, seconds=0.02, sigma=0.5)),
    ],
)
def test_read(text: str, latency: Latency) -> None:
    """Each form means one distribution, in seconds."""
    assert parse_latency(text) == latency


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no duration"),
        ("20", "no duration"),
        ("-5ms", "no duration"),
        ("20min", "no duration"),
        ("61s", "above 60 s"),
        ("normal:20ms", "unknown distribution, “normal”"),
        ("exponential:", "no duration"),
        ("exponential:20ms,0.5", "no duration"),
        ("lognormal:20ms", "no sigma"),
        ("lognormal:20ms,wide", "no sigma"),
        ("lognormal:20ms,-1", "no sigma"),
        ("lognormal:20ms,nan", "no sigma"),
    ],
)
def test_refused(text: str, what: str) -> None:
    """What can't be read is refused with how to write it."""
    with pytest.raises(BadInputError, match=what) as caught:
        parse_latency(text)
    assert "lognormal:20ms,0.5" in caught.value.hint


def test_fixed_draws() -> None:
    """A fixed latency is always itself."""
    latency = parse_latency("20ms")
    assert {latency.draw(Random(1)) for _ in range(5)} == {0.02}


def test_exponential_draws() -> None:
    """Exponential latencies have the mean they were given."""
    random, latency = Random(1), parse_latency("exponential:20ms")
    drawn = [latency.draw(random) for _ in range(20_000)]
    assert statistics.fmean(drawn) == pytest.approx(0.02, rel=0.05)
    assert statistics.stdev(drawn) == pytest.approx(0.02, rel=0.05)


def test_lognormal_draws() -> None:
    """Lognormal latencies have the median they were given."""
    random, latency = Random(1), parse_latency("lognormal:20ms,0.5")
    drawn = sorted(latency.draw(random) for _ in range(20_000))
    assert drawn[10_000] == pytest.approx(0.02, rel=0.05)
    assert drawn[16_827] == pytest.approx(0.02 * 2.71828**0.5, rel=0.05)  # one sigma above


@pytest.mark.parametrize("text", ["exponential:0ms", "lognormal:0ms,0.5"])
def test_zero_draws(text: str) -> None:
    """A latency of nothing is nothing, in every shape."""
    assert parse_latency(text).draw(Random(1)) == 0


def test_seeded() -> None:
    """The same seed draws the same latencies."""
    latency = parse_latency("exponential:20ms")
    first, second = Random(7), Random(7)
    assert [latency.draw(first) for _ in range(9)] == [latency.draw(second) for _ in range(9)]
