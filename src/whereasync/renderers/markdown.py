"""Document to GitHub's Markdown: for an issue, a pull request, a README.

Text is escaped, so that ``a|b`` stays in its cell and ``__init__`` isn't bold.
A newcomer would escape everything that can be: then the source, which people paste, is unreadable.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, assert_never

from whereasync.document import (
    Align,
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
    from collections.abc import Iterable

    from whereasync.document import Block, Document, Text

_MARKS = {Style.STRONG: "**", Style.GOOD: "**", Style.BAD: "**", Style.WARNING: "*"}
_SPECIAL = re.compile(
    r"[\\`*|~]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word an underscore means nothing
    r"|<(?=[\w/!?])|&(?=#?\w+;)"
    r"|(?<=\])(?=[(\[:])"
)
_START = re.compile(r"^(#{1,6}(?=\s|$)|[-+](?=\s|$)|-(?=[-\s]*$)|>|\d{1,9}(?=[.)](?:\s|$)))")
_WIDTH = 80  # columns of a drawing in a fence
_LABELS = {
    NoteKind.CAVEAT: "Caveat",
    NoteKind.FAULT: "Fault",
    NoteKind.NEXT_STEP: "Next step",
    NoteKind.ERROR: "Error",
    NoteKind.WARNING: "Warning",
    NoteKind.REMARK: "Note",
}


def render(document: Document) -> str:
    """Render a document; its title is the heading of level 1."""
    parts = [f"# {_escape(document.title)}", *map(_draw, document.blocks)]
    return "\n\n".join(parts) + "\n"


def _draw(block: Block) -> str:
    match block:
        case Heading():
            written = f"{'#' * block.level} {_line(block.text)}"
        case Paragraph():
            written = _guard(_line(block.text))
        case Items():
            written = "\n".join(f"- {_guard(_line(item))}" for item in block.items)
        case Note():
            written = _draw_note(block)
        case Code():
            written = _draw_code(block)
        case Table():
            written = _draw_table(block)
        case Forest():
            written = _draw_forest(block)
        case _:
            assert_never(block)
    return written


def _draw_note(block: Note) -> str:
    lines = [f"> **{_LABELS[block.kind]}:** {_line(block.text)}"]
    if block.hint:
        lines.append(f"> **{_LABELS[NoteKind.NEXT_STEP]}:** {_line(block.hint)}")
    return "\\\n".join(lines)


def _draw_code(block: Code) -> str:
    lines = block.lines.rstrip("\n")
    fence = _fence(lines, 3)
    return f"{fence}{block.language}\n{lines}\n{fence}"


def _draw_table(block: Table) -> str:
    parts = [f"**{_escape(block.caption)}**"] if block.caption else []
    lines = [
        _row(_escape(column.title) for column in block.columns),
        _row("---:" if column.align is Align.RIGHT else "---" for column in block.columns),
        *(_row(_line(cell) for cell in cells) for cells in block.rows),
    ]
    parts.append("\n".join(lines))
    parts.extend(_guard(_line(note)) for note in block.notes)
    return "\n\n".join(parts)


def _draw_forest(block: Forest) -> str:
    """Draw it as text in a fence: there alone every character is as wide as the next."""
    lines = [
        "".join(figures.write(span.content) for span in line).rstrip()
        for line in forest.lay_out(block, _WIDTH)
    ]
    drawn = _draw_code(Code(lines="\n".join(lines), language="text"))
    return f"**{_escape(block.caption)}**\n\n{drawn}" if block.caption else drawn


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


# ---------------------------------------------------------------- inline


def _line(text: Text) -> str:
    """Write spans; neighbours with the same mark share it, or GitHub would show the asterisks."""
    written = []
    for mark, spans in groupby(text, key=lambda span: _mark(span.style)):
        content = "".join(_flatten(figures.write(span.content)) for span in spans)
        written.append(_wrap(content, mark))
    return "".join(written).strip()


def _mark(style: Style) -> str:
    return "`" if style is Style.CODE else _MARKS.get(style, "")


def _wrap(content: str, mark: str) -> str:
    """Put the mark round the content, with the spaces at its ends outside."""
    inner = content.strip()
    if not mark or not inner:
        return _escape(content)
    before, after = content[: content.index(inner[0])], content[len(content.rstrip()) :]
    if mark == "`":
        fence = _fence(inner, 1)
        space = " " if "`" in inner else ""
        marked = f"{fence}{space}{inner}{space}{fence}".replace("|", "\\|")
    else:
        marked = f"{mark}{_escape(inner)}{mark}"
    return f"{before}{marked}{after}"


def _flatten(text: str) -> str:
    return " ".join(text.splitlines()) if "\n" in text else text


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda match: "\\" + match[0], text)


def _guard(line: str) -> str:
    """Keep a line that starts like a heading, a list or a quotation a line."""
    return _START.sub(lambda match: _escape_start(match[1]), line)


def _escape_start(start: str) -> str:
    return start + "\\" if start.isdigit() else "\\" + start


def _fence(text: str, least: int) -> str:
    """Find a run of backticks that is longer than any in the text."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)
