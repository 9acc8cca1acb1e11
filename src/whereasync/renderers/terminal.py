"""Document to terminal text, by rich: fits the width, colours where there is a terminal.

A table too wide wraps its headers, moves closer, wraps its cells, and at last becomes a list.
A newcomer would let rich shrink columns: it cuts figures in two and spares the longest header.
"""

from __future__ import annotations

import os
import shutil
import sys
from io import StringIO
from typing import TYPE_CHECKING, assert_never

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Line

from whereasync.document import (
    Code,
    Forest,
    Heading,
    Items,
    Note,
    NoteKind,
    Paragraph,
    Style,
    Table,
)
from whereasync.renderers import figures, forest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from whereasync.document import Block, Document, Text

_STYLES = {
    Style.PLAIN: "",
    Style.STRONG: "bold",
    Style.DIM: "dim",
    Style.GOOD: "green",
    Style.BAD: "red",
    Style.WARNING: "yellow",
    Style.CODE: "cyan",
}
_NOTES = {
    NoteKind.CAVEAT: "yellow",
    NoteKind.FAULT: "red",
    NoteKind.NEXT_STEP: "green",
    NoteKind.ERROR: "red",
    NoteKind.WARNING: "yellow",
    NoteKind.REMARK: "blue",
}
_WIDEST = 120  # longer lines are hard to read
_GLUE = "_"  # stands for the space in "38 ms" where cells are measured
_LONGEST = 40  # a longer word is a path, which may be broken
_GAPS = (2, 1)  # spaces between two columns of a table, and where there is little room


def render(document: Document, *, width: int | None = None, colour: bool | None = None) -> str:
    """Render a document in ``width`` columns; see ``renderers.render`` for what None means."""
    is_colourful = _is_colourful() if colour is None else colour
    console = Console(
        file=StringIO(),
        width=min(shutil.get_terminal_size().columns, _WIDEST) if width is None else width,
        force_terminal=is_colourful,
        color_system="standard" if is_colourful else None,
        no_color=False,
        highlight=False,
        legacy_windows=False,
        _environ={},  # what the caller says decides, and nothing else
    )
    with console.capture() as capture:
        console.print(Line(document.title, "bold"))
        for block in document.blocks:
            console.print()
            for part in _draw(block, console.width):
                console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()).rstrip() + "\n"


def _is_colourful() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _draw(block: Block, width: int) -> Iterator[RenderableType]:
    """Turn a block into what rich prints, below each other."""
    match block:
        case Heading():
            line = _line(block.text)
            line.stylize("bold underline" if block.level == 2 else "bold")
            yield line
        case Paragraph():
            yield _line(block.text)
        case Items():
            yield from (_hang("\N{BULLET} ", "", _line(item)) for item in block.items)
        case Note():
            yield from _draw_note(block)
        case Code():
            lines = Line(block.lines.rstrip("\n"), _STYLES[Style.CODE], overflow="fold")
            yield Padding(lines, (0, 0, 0, 4))
        case Table():
            yield from _draw_table(block, width)
        case Forest():
            yield from _draw_forest(block, width)
        case _:
            assert_never(block)


def _draw_note(block: Note) -> Iterator[RenderableType]:
    label = "next" if block.kind is NoteKind.NEXT_STEP else block.kind.value
    yield _hang(f"{label}: ", _NOTES[block.kind], _line(block.text))
    if block.hint:
        yield _hang("  next: ", _NOTES[NoteKind.NEXT_STEP], _line(block.hint))


def _draw_forest(block: Forest, width: int) -> Iterator[RenderableType]:
    if block.caption:
        yield Line(block.caption, "bold")
    yield from map(_line, forest.lay_out(block, width))


def _line(text: Text) -> Line:
    return Line.assemble(*((figures.write(span.content), _STYLES[span.style]) for span in text))


def _hang(label: str, style: str, line: Line) -> Grid:
    """Put a label before a line, and the line's further rows below its first."""
    grid = Grid.grid()
    grid.add_column(width=cell_len(label))
    grid.add_column(overflow="fold")
    grid.add_row(Line(label, style), line)
    return grid


# ---------------------------------------------------------------- tables


def _draw_table(block: Table, width: int) -> Iterator[RenderableType]:
    if block.caption:
        yield Line(block.caption, "bold")
    rows = [[_line(cell) for cell in cells] for cells in block.rows]
    fitting = _fit(block, rows, width)
    if fitting is None:
        yield from _list_rows(block, rows)
    else:
        yield _lay_out(block, rows, *fitting)
    for note in block.notes:
        line = _line(note)
        line.stylize("dim")
        yield line


def _fit(block: Table, rows: list[list[Line]], width: int) -> tuple[list[int], int] | None:
    """Find the columns' widths and the gap between them; None where not even wrapping helps."""
    titles = [column.title for column in block.columns]
    bodies = [_widest([cells[place].plain for cells in rows]) for place in range(len(titles))]
    whole = [max(*pair) for pair in zip(bodies, map(cell_len, titles), strict=True)]
    words = [_widest(title.split()) for title in titles]
    pieces = [min(_widest(_split(block, place)), _LONGEST) for place in range(len(titles))]
    headers_wrapped = [max(*pair) for pair in zip(bodies, words, strict=True)]
    words_wrapped = [max(*pair) for pair in zip(pieces, words, strict=True)]
    wide, tight = _GAPS
    for widths, floors, gap in (
        (whole, headers_wrapped, wide),
        (whole, headers_wrapped, tight),
        (headers_wrapped, words_wrapped, tight),
    ):
        room = width - gap * (len(titles) - 1)
        if sum(floors) <= room:
            return _shrink(widths, floors, room), gap
    return None


def _split(block: Table, place: int) -> list[str]:
    """Split a column into what must stay on one line: words, and figures with their units."""
    return [
        piece
        for cells in block.rows
        for piece in "".join(
            span.content
            if isinstance(span.content, str)
            else figures.write(span.content).replace(" ", _GLUE)
            for span in cells[place]
        ).split()
    ]


def _widest(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts), default=0)


def _shrink(widths: Sequence[int], floors: Sequence[int], room: int) -> list[int]:
    """Take from the widest column that may still give, until all of them have room."""
    shrunk = list(widths)
    while sum(shrunk) > room:
        giving = [place for place, size in enumerate(shrunk) if size > floors[place]]
        shrunk[max(giving, key=shrunk.__getitem__)] -= 1
    return shrunk


class _Title(Line):
    """A column's title, which stands above its figures where others take more lines."""

    vertical = "bottom"  # rich asks each cell for it


def _lay_out(block: Table, rows: list[list[Line]], widths: list[int], gap: int) -> Grid:
    grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0))
    for column, size in zip(block.columns, widths, strict=True):
        grid.add_column(
            _Title(column.title),
            justify=column.align.value,
            width=size,
            vertical="top",
            overflow="fold",
        )
    for cells in rows:
        grid.add_row(*cells)
    return grid


def _list_rows(block: Table, rows: list[list[Line]]) -> Iterator[RenderableType]:
    """Write each row as lines of "title: content", for a terminal too narrow for the table."""
    for number, cells in enumerate(rows):
        if number:
            yield ""
        for column, cell in zip(block.columns, cells, strict=True):
            yield Line.assemble((f"{column.title}: ", "dim"), cell)
