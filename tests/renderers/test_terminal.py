from __future__ import annotations

import os
import pty
import sys

import pytest
from rich.cells import cell_len

from whereasync import document as doc
from whereasync.document import (
    Block,
    Code,
    Count,
    Document,
    Interval,
    Ratio,
    Seconds,
    Table,
)
from whereasync.renderers import render

TABLE = doc.table(
    [
        doc.left("request"),
        doc.right("clients"),
        doc.right("throughput ratio, async to sync"),
        doc.left("verdict"),
        doc.right("in view"),
    ],
    [
        ("GET", Count(8), (Ratio(1.32), " ", Interval(1.27, 1.38)), "faster", Seconds(0.038)),
        ("API", Count(64), (Ratio(0.97), " ", Interval(0.91, 1.04)), "inconclusive", None),
    ],
    caption="Same work",
    notes=["Above 1, async is better."],
)


def show(*blocks: Block, width: int = 80, colour: bool = False) -> str:
    """Render blocks below a title, and return what stands below it."""
    text = render(Document(title="T", blocks=blocks), "terminal", width=width, colour=colour)
    title, _, rest = text.partition("\n")
    assert title in {"T", "\x1b[1mT\x1b[0m"}
    return rest


def test_a_document_reads_from_top_to_bottom() -> None:
    """An empty line between blocks, marks that need no colour."""
    text = show(
        doc.heading("Chapter 2: ", doc.code("GET")),
        doc.paragraph("Async is ", doc.strong(Ratio(1.324)), " ", Interval(1.27, 1.38), "."),
        doc.items("one", ("two ", Count(1500))),
        doc.caveat("different work", hint="Look at chapter 2"),
        doc.next_step("Run ", doc.code("whereasync demo --full")),
        Code(lines="make demo\n  ARGS=[bold]\n"),
    )
    assert text == (
        "\nChapter 2: GET\n"
        "\nAsync is 1.32× [1.27–1.38].\n"
        "\n• one\n• two 1,500\n"
        "\ncaveat: different work\n  next: Look at chapter 2\n"
        "\nnext: Run whereasync demo --full\n"
        "\n    make demo\n      ARGS=[bold]\n"
    )


def test_a_table_with_room_stands_on_one_line_a_row() -> None:
    """Figures to the right, words to the left, a dash for what wasn't measured."""
    assert show(TABLE) == (
        "\nSame work\n"
        "request  clients  throughput ratio, async to sync  verdict       in view\n"
        f"{'─' * 72}\n"
        "GET            8                1.32× [1.27–1.38]  faster          38 ms\n"
        "API           64                0.97× [0.91–1.04]  inconclusive        –\n"
        "Above 1, async is better.\n"
    )


def test_a_table_too_wide_wraps_its_headers_first() -> None:
    """The longest header gives way, no cell is broken."""
    assert show(TABLE, width=62) == (
        "\nSame work\n"
        "                      throughput ratio,\n"
        "request  clients          async to sync  verdict       in view\n"
        f"{'─' * 62}\n"
        "GET            8      1.32× [1.27–1.38]  faster          38 ms\n"
        "API           64      0.97× [0.91–1.04]  inconclusive        –\n"
        "Above 1, async is better.\n"
    )


def test_a_table_still_too_wide_wraps_cells_between_figures() -> None:
    """Columns stand closer, a figure stays whole with its unit, and a row begins on one line."""
    assert show(TABLE, width=48) == (
        "\nSame work\n"
        "                   throughput\n"
        "                 ratio, async                 in\n"
        "request clients       to sync verdict       view\n"
        f"{'─' * 48}\n"
        "GET           8         1.32× faster       38 ms\n"
        "                  [1.27–1.38]\n"
        "API          64         0.97× inconclusive     –\n"
        "                  [0.91–1.04]\n"
        "Above 1, async is better.\n"
    )


def test_a_table_without_hope_becomes_a_list() -> None:
    """On a very narrow terminal every cell is named by its column."""
    assert show(TABLE, width=30) == (
        "\nSame work\n"
        "request: GET\nclients: 8\n"
        "throughput ratio, async to\nsync: 1.32× [1.27–1.38]\n"
        "verdict: faster\nin view: 38 ms\n"
        "\n"
        "request: API\nclients: 64\n"
        "throughput ratio, async to\nsync: 0.97× [0.91–1.04]\n"
        "verdict: inconclusive\nin view: –\n"
        "Above 1, async is better.\n"
    )


@pytest.mark.parametrize("width", range(20, 101, 4))
def test_nothing_is_wider_than_the_terminal_and_no_figure_is_lost(width: int) -> None:
    """At any width every word and figure is there, whole, within the width."""
    text = show(TABLE, doc.paragraph("words " * 40), width=width)
    assert max(map(cell_len, text.splitlines())) <= width
    for word in ("GET", "64", "1.32×", "[1.27–1.38]", "inconclusive", "38 ms", "–"):
        assert word in text


@pytest.mark.parametrize("width", range(8, 20))
def test_neighbouring_figures_and_units_are_never_parted(width: int) -> None:
    """Rather than "38" above "ms", or "2.0+" above "0.5", the table becomes a list."""
    sums = (Count(2.0, 1), "+", Count(0.5, 1))
    text = show(
        doc.table([doc.left("a"), doc.right("b")], [("x y z", Seconds(0.038)), ("x", sums)]),
        width=width,
    )
    assert "38 ms" in text
    assert "2.0+0.5" in text


def test_empty_tables_and_bare_ones_are_drawn() -> None:
    """No row, no caption, no note: the header alone."""
    empty = Table(columns=(doc.left("view"), doc.right("n")), rows=())
    assert show(empty) == f"\nview  n\n{'─' * 7}\n"


def test_long_notes_hang_below_their_first_line() -> None:
    """The label stands alone to the left."""
    assert show(doc.caveat("one two three four"), width=20) == (
        "\ncaveat: one two\n        three four\n"
    )


def test_colours_mean_something_and_only_where_wanted() -> None:
    """Good is green; without colour no escape sequence is written at all."""
    block = doc.paragraph(doc.good("yes"), doc.bad("no"))
    assert "\x1b[32myes" in show(block, colour=True)
    assert "\x1b[31mno" in show(block, colour=True)
    assert show(block) == "\nyesno\n"


def test_marks_of_other_languages_are_text() -> None:
    """Neither rich's markup nor its emoji codes are interpreted."""
    assert show(doc.paragraph("[red]:smile:[/red] [/]")) == "\n[red]:smile:[/red] [/]\n"


def test_without_a_terminal_there_is_no_colour(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The width comes from COLUMNS, at most 120, and colours from nowhere."""
    monkeypatch.setenv("COLUMNS", "500")
    text = render(
        Document(title="T", blocks=(doc.paragraph(doc.good("word "), "word " * 99),)), "terminal"
    )
    assert "\x1b" not in text
    assert 100 < max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_colours_unless_it_refuses(
    environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real pseudo-terminal, NO_COLOR, and a dumb one."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    controller, terminal = pty.openpty()
    try:
        with open(terminal, "w", closefd=False) as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            text = render(Document(title="T", blocks=(doc.paragraph(doc.good("x")),)), "terminal")
    finally:
        os.close(controller)
        os.close(terminal)
    assert ("\x1b[32m" in text) is coloured


def test_a_long_path_is_broken_and_no_table_given_up_for_it() -> None:
    """The whole of it stays, on two lines."""
    path = "/srv/shop/.venv/lib/python3.12/site-packages/django/core/management/loaddata.py"
    columns = [doc.left("looked at"), doc.left("found")]
    text = show(doc.table(columns, [("requests", f"in {path}")]))
    assert "looked at: " not in text
    assert path in "".join(text.split())
