from __future__ import annotations

import pytest
from rich.cells import cell_len

from whereasync import document as doc
from whereasync.document import Document, Forest, ForestRow, Span
from whereasync.renderers import render
from whereasync.renderers.forest import Axis, choose_ends, find_bar

FASTER, DOUBT = doc.good("async is faster"), doc.warning("inconclusive")


def row(
    ratio: float | None,
    low: float | None = None,
    high: float | None = None,
    *,
    label: str = "8 clients",
    verdict: Span = DOUBT,
) -> ForestRow:
    """Make a row."""
    return ForestRow(label=label, ratio=ratio, low=low, high=high, verdict=verdict)


TYPICAL = Forest(
    caption="Throughput, async to sync",
    rows=(
        row(0.83, 0.78, 0.88, label="1 client", verdict=doc.bad("async is slower")),
        row(1.02, 0.97, 1.07, label="4 clients"),
        row(1.32, 1.27, 1.38, label="8 clients", verdict=FASTER),
        row(None, label="32 clients", verdict=doc.bad("void: client saturated")),
        row(1.81, 1.66, 1.97, label="64 clients", verdict=FASTER),
    ),
)
EXTREME = Forest(
    rows=(
        row(13.0, 12.1, 14.2, label="1 client", verdict=FASTER),
        row(0.03, 0.02, 0.05, label="8 clients", verdict=doc.bad("async is slower")),
        row(1.0, 0.002, 500.0, label="16 clients"),
        row(1.1, label="32 clients"),
    )
)
EQUAL = Forest(rows=(row(1.0, 1.0, 1.0, verdict=Span("same")),))
BLOCKS = {"typical": TYPICAL, "extreme": EXTREME, "equal": EQUAL}


def show(block: Forest, *, width: int = 80, colour: bool = False) -> str:
    """Render a forest in a terminal, and return what stands below the title."""
    text = render(Document(title="T", blocks=(block,)), "terminal", width=width, colour=colour)
    return text.partition("\n\n")[2]


def test_typical_ratios_stand_on_an_axis_of_round_numbers() -> None:
    """Bars left or right of the mark at 1, figures and words beside them."""
    assert (
        show(TYPICAL)
        == """\
Throughput, async to sync
            0.5×           1×             2×
            ┴───────────────┼──────────────┴
  1 client            ─●──  │                 0.83× [0.78–0.88]  async is slower
 4 clients                 ─●─                1.02× [0.97–1.07]  inconclusive
 8 clients                  │    ─●─          1.32× [1.27–1.38]  async is faster
32 clients                  │                 void: client saturated
64 clients                  │          ──●──  1.81× [1.66–1.97]  async is faster
"""
    )


def test_where_there_is_less_room_the_axis_gives_way() -> None:
    """60 columns are enough for one line a row."""
    assert (
        show(TYPICAL, width=60)
        == """\
Throughput, async to sync
            0.5× 1×   2×
            ┴─────┼────┴
  1 client      ● │       0.83× [0.78–0.88]  async is slower
 4 clients       ─●       1.02× [0.97–1.07]  inconclusive
 8 clients        │─●     1.32× [1.27–1.38]  async is faster
32 clients        │       void: client saturated
64 clients        │   ●─  1.81× [1.66–1.97]  async is faster
"""
    )


def test_where_there_is_hardly_any_room_words_and_bar_stand_below_each_other() -> None:
    """The scale is below the last bar then, next to which it is read."""
    assert (
        show(TYPICAL, width=44)
        == """\
Throughput, async to sync
1 client  0.83× [0.78–0.88]  async is slower
              ──●──   │
4 clients  1.02× [0.97–1.07]  inconclusive
                     ─●──
8 clients  1.32× [1.27–1.38]  async is
faster
                      │      ─●─
32 clients  void: client saturated
                      │
64 clients  1.81× [1.66–1.97]  async is
faster
                      │              ───●───
┴─────────────────────┼────────────────────┴
0.5×                 1×                   2×
"""
    )


def test_extreme_ratios_are_all_on_the_axis_and_wide_intervals_run_off() -> None:
    """An arrow says that an interval goes on; a ratio without one is a dot alone."""
    assert (
        show(EXTREME, width=100)
        == """\
            0.02×    0.1× 0.2×  0.5×  1×   2×    5×   10× 20×
            ┴──────────┴────┴─────┴────┼────┴─────┴────┴────┴
  1 client                             │                 ●─     13.0× [12.1–14.2]    async is faster
 8 clients  ───●───                    │                       0.030× [0.020–0.050]  async is slower
16 clients  ←──────────────────────────●────────────────────→   1.00× [0.0020–500]   inconclusive
32 clients                             │●                       1.10×                inconclusive
"""
    )


def test_equal_sides_are_a_dot_on_the_mark() -> None:
    """The axis never shrinks to nothing."""
    assert (
        show(EQUAL)
        == """\
           0.8×                 1×                1.25×
           ┴─────────────────────┼────────────────────┴
8 clients                        ●                       1.00× [1.00–1.00]  same
"""
    )


def test_no_rows_are_a_scale() -> None:
    """Nothing measured is no error."""
    assert (
        show(Forest(rows=()), width=44)
        == """\
  0.8×               1×              1.25×
  ┴───────────────────┼──────────────────┴
"""
    )


@pytest.mark.parametrize("name", BLOCKS)
def test_markdown_has_the_same_lines_in_a_fence(name: str) -> None:
    """Caption above; GitHub shows them in a font whose characters are all equally wide."""
    block = BLOCKS[name]
    drawn = show(Forest(rows=block.rows)).rstrip("\n")
    caption = f"**{block.caption}**\n\n" if block.caption else ""
    text = render(Document(title="T", blocks=(block,)), "markdown")
    assert text == f"# T\n\n{caption}```text\n{drawn}\n```\n"


def test_a_bar_has_its_verdicts_colour() -> None:
    """The mark at 1 and the scale are in the background."""
    text = show(TYPICAL, colour=True)
    assert "\x1b[31m─●──\x1b[0m" in text
    assert "\x1b[32m─●─\x1b[0m" in text
    assert "\x1b[33m─●─\x1b[0m" in text
    assert "\x1b[32masync is faster\x1b[0m" in text
    assert "\x1b[2m                │          \x1b[0m\x1b[32m──●──" in text


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("width", [16, 24, 40, 53, 60, 61, 79, 120])
def test_nothing_is_wider_than_the_terminal_and_no_figure_is_lost(name: str, width: int) -> None:
    """At any width all figures and words are there."""
    text = show(BLOCKS[name], width=width)
    assert max(map(cell_len, text.splitlines())) <= width
    wide = show(BLOCKS[name], width=120)
    words = {word for word in wide.split() if any(map(str.isalnum, word))}
    scale = set(wide.splitlines()[bool(BLOCKS[name].caption)].split())
    assert words - scale <= set(text.split())


@pytest.mark.parametrize(
    ("rows", "ends"),
    [
        ([], (0.8, 1.25)),
        ([row(None)], (0.8, 1.25)),
        ([row(1.25)], (0.8, 1.25)),
        ([row(1.1, 1.0, 1.26)], (0.8, 2)),
        ([row(1.32, 1.27, 1.38)], (0.8, 2)),
        ([row(0.5, 0.5, 0.5)], (0.5, 1.25)),
        ([row(2.0)], (0.8, 2)),
        ([row(13.0)], (0.8, 20)),
        ([row(0.03)], (0.02, 1.25)),
        ([row(1.0, 0.01, 100.0)], (0.5, 2)),
        ([row(3000.0), row(0.0004)], (0.0002, 5000)),
    ],
)
def test_the_ends_of_the_axis_are_round(rows: list[ForestRow], ends: tuple[float, float]) -> None:
    """They hold 1 and every ratio; an interval stretches them by a factor of 2 at most."""
    assert choose_ends(rows) == pytest.approx(ends)


@pytest.mark.parametrize("width", [11, 20, 49])
def test_only_what_holds_1_touches_the_mark(width: int) -> None:
    """However coarse the columns, a bar beside the mark stays beside it."""
    axis = Axis(low=0.5, high=2, width=width)
    above, below = find_bar(row(1.02, 1.01, 1.03), axis), find_bar(row(0.98, 0.97, 0.99), axis)
    across = find_bar(row(1.01, 0.99, 1.03), axis)
    assert above
    assert below
    assert across
    assert (above.start, above.dot, above.end) == (axis.one + 1,) * 3
    assert (below.start, below.dot, below.end) == (axis.one - 1,) * 3
    assert across.start <= axis.one <= across.end


def test_swapping_the_sides_mirrors_the_bar() -> None:
    """The axis is logarithmic: 2 is as far from 1 as a half."""
    axis = Axis(low=0.5, high=2, width=41)
    bar, mirrored = find_bar(row(1.4, 1.3, 3.0), axis), find_bar(row(1 / 1.4, 1 / 3, 1 / 1.3), axis)
    assert bar
    assert mirrored
    assert (bar.start, bar.dot, bar.end) == (
        40 - mirrored.end,
        40 - mirrored.dot,
        40 - mirrored.start,
    )
    assert (bar.runs_off_low, bar.runs_off_high) == (False, True)
    assert (mirrored.runs_off_low, mirrored.runs_off_high) == (True, False)


def test_a_ratio_at_the_end_of_a_tiny_axis_stays_on_it() -> None:
    """Not even an axis without room on one side of 1 lets a bar leave it."""
    axis = Axis(low=0.8, high=20_000, width=11)
    assert axis.one == 0
    below = find_bar(row(0.9, 0.85, 0.95), axis)
    assert below
    assert (below.start, below.dot, below.end) == (0, 0, 0)
