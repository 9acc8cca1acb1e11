"""A year of exchange rates, made up from a seed, in the shape of the article's API.

The size matters (parsing 1.1 MB costs a view some 24 ms of CPU), the figures don't: each currency
walks at random from a random start.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from random import Random

PATH = "/exchangerates_data/timeseries"
FIRST, LAST = date(2016, 1, 2), date(2017, 1, 1)  # both included: 366 days
BASE = "EUR"
CURRENCIES = tuple(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTC BTN BWP
    BYN BYR BZD CAD CDF CHF CLF CLP CNH CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR
    FJD FKP GBP GEL GGP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS IMP INR IQD IRR ISK JEP
    JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD
    MMK MNT MOP MRO MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
    QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STD SVC SYP SZL THB TJS TMT
    TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VEF VES VND VUV WST XAF XAG XAU XCD XDR XOF XPF YER
    ZAR ZMK ZMW ZWL
    """.split()  # noqa: SIM905 # a table reads better than 172 quoted words
)
SIZES = {"full": CURRENCIES, "small": ("CHF", "GBP", "JPY", "USD")}


def build_body(size: str, seed: int) -> bytes:
    """Return the answer for the whole year: 1.1 MB of JSON for "full", 30 kB for "small"."""
    answer = {
        "success": True,
        "timeseries": True,
        "start_date": FIRST.isoformat(),
        "end_date": LAST.isoformat(),
        "base": BASE,
        "rates": build_rates(SIZES[size], seed),
    }
    return json.dumps(answer, separators=(",", ":")).encode()


def build_rates(currencies: tuple[str, ...], seed: int) -> dict[str, dict[str, float]]:
    """Return day → currency → rate with six decimals; the same for the same seed.

    Only ``Random.random`` is drawn from: Python promises its sequence across versions.
    """
    random = Random(seed)  # noqa: S311 # repeatable on purpose
    rates = {currency: 10 ** (6 * random.random()) for currency in currencies}
    days = {}
    for offset in range((LAST - FIRST).days + 1):
        rates = {
            currency: rate * (0.99 + 0.02 * random.random()) for currency, rate in rates.items()
        }
        day = (FIRST + timedelta(days=offset)).isoformat()
        days[day] = {currency: round(rate, 6) for currency, rate in rates.items()}
    return days
