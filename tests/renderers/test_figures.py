from __future__ import annotations

from typing import get_args

import pytest

from whereasync.document import Count, Figure, Interval, Rate, Ratio, Seconds, Share, Size
from whereasync.renderers import figures


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Seconds(0), "0 s"),
        (Seconds(3.2e-7), "0.32 µs"),
        (Seconds(812e-6), "812 µs"),
        (Seconds(0.000_999_6), "1.0 ms"),
        (Seconds(0.0034), "3.4 ms"),
        (Seconds(0.0382), "38 ms"),
        (Seconds(0.00996), "10 ms"),
        (Seconds(0.3951), "395 ms"),
        (Seconds(0.99949), "999 ms"),
        (Seconds(0.9996), "1.00 s"),
        (Seconds(2.394), "2.39 s"),
        (Seconds(38.14), "38.1 s"),
        (Seconds(119.9), "120 s"),
        (Seconds(154), "2 min 34 s"),
        (Seconds(-0.0004), "−400 µs"),
        (Seconds(-154.2), "−2 min 34 s"),
        (Seconds(0.39832, digits=5), "0.39832 s"),
        (Seconds(8.79098, digits=5), "8.79098 s"),
        (Seconds(-0.000_001, digits=2), "0.00 s"),
        (Ratio(1.324), "1.32×"),
        (Ratio(0.68), "0.68×"),
        (Ratio(0.996), "1.00×"),
        (Ratio(0.0449), "0.045×"),
        (Ratio(9.996), "10.0×"),
        (Ratio(45.26), "45.3×"),
        (Ratio(1234.5), "1,234×"),
        (Ratio(0), "0.00×"),
        (Interval(1.27, 1.381), "[1.27–1.38]"),
        (Interval(0.9, 12.34), "[0.90–12.3]"),
        (Count(1500), "1,500"),
        (Count(15.25, digits=1), "15.2"),
        (Count(-3), "−3"),
        (Count(-0.2), "0"),
        (Rate(0), "0/s"),
        (Rate(3.249), "3.25/s"),
        (Rate(16.52), "16.5/s"),
        (Rate(1240.4), "1,240/s"),
        (Share(0.92), "92 %"),
        (Share(1), "100 %"),
        (Share(0.0451), "4.5 %"),
        (Share(0), "0 %"),
        (Size(0), "0 B"),
        (Size(512), "512 B"),
        (Size(30_400), "30 kB"),
        (Size(999_600), "1.0 MB"),
        (Size(1_100_000), "1.1 MB"),
        (Size(151e6), "151 MB"),
        (Size(2.5e9), "2.5 GB"),
        (None, "–"),
        ("words - as they are", "words - as they are"),
    ],
)
def test_a_figure_is_written(figure: Figure | str | None, text: str) -> None:
    """Two or three significant digits, the unit that reads best, borders rounded upwards."""
    assert figures.write(figure) == text


def test_every_kind_of_figure_can_be_written() -> None:
    """A figure added to the document without a way to write it fails here."""
    for kind in get_args(Figure):
        assert figures.write(kind(*([1.0] * (2 if kind is Interval else 1))))


def test_what_is_no_figure_is_refused() -> None:
    """A bare float has no unit."""
    with pytest.raises(TypeError, match="float is no figure"):
        figures.write(1.5)  # type: ignore[arg-type]
