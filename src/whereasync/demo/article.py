"""What the 2022 article "Django 4.1: Where To Apply Async" published, as data.

Seconds of the in-view clock, three runs averaged, to all the digits that it gives. Its ratios are
time ratios, async ÷ sync: above 1, async was slower. The opposite of a race's throughput ratio.
"""

from whereasync.model import Figures

TITLE = "Django 4.1: Where To Apply Async"
STACK = "Python 3.9, Django 4.1, PostgreSQL 13.6, psycopg2 2.9.3, Hypercorn 0.14.1"
OBJECTS = (50, 500, 1500)

GET = {
    50: Figures(async_seconds=0.39832, sync_seconds=0.29502, ratio=1.35),
    500: Figures(async_seconds=3.67973, sync_seconds=2.39427, ratio=1.54),
    1500: Figures(async_seconds=8.79098, sync_seconds=6.26344, ratio=1.40),
}
POST = Figures(async_seconds=0.07699, sync_seconds=0.08299, ratio=0.93)
API = Figures(async_seconds=2.23437, sync_seconds=3.30023, ratio=0.68)
