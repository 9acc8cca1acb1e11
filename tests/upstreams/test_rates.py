"""The stand-in's year of exchange rates."""

from __future__ import annotations

import json
import re

import pytest

from whereasync.upstreams.rates import CURRENCIES, SIZES, build_body


@pytest.mark.parametrize(("size", "low", "high"), [("full", 1.05e6, 1.15e6), ("small", 28e3, 32e3)])
def test_size(size: str, low: float, high: float) -> None:
    """The answers are as long as they are said to be."""
    assert low < len(build_body(size, seed=1)) < high


@pytest.mark.parametrize("size", SIZES)
def test_shape(size: str) -> None:
    """The answer has the API's shape: 366 days, every currency, positive rates."""
    answer = json.loads(build_body(size, seed=1))
    rates = answer.pop("rates")
    assert answer == {
        "success": True,
        "timeseries": True,
        "start_date": "2016-01-02",
        "end_date": "2017-01-01",
        "base": "EUR",
    }
    assert len(rates) == 366
    assert (min(rates), max(rates)) == ("2016-01-02", "2017-01-01")
    assert all(tuple(day) == SIZES[size] for day in rates.values())
    assert all(rate > 0 for day in rates.values() for rate in day.values())


def test_decimals() -> None:
    """No rate has more than six decimals."""
    assert not re.search(rb"\.[0-9]{7}", build_body("full", seed=1))


def test_seeded() -> None:
    """The same seed gives the same bytes, another seed others."""
    assert build_body("small", seed=1) == build_body("small", seed=1)
    assert build_body("small", seed=1) != build_body("small", seed=2)


def test_codes() -> None:
    """Currencies are unlike each other, and written as ISO 4217 does."""
    assert len(set(CURRENCIES)) == len(CURRENCIES) == 172
    assert all(re.fullmatch("[A-Z]{3}", code) for code in CURRENCIES)
