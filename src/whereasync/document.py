"""What a report says, free of any medium: headings, paragraphs, tables, lists, notes, code.

Numbers stay typed (``Seconds(0.038)``), because only a renderer knows how to write "38 ms".
A newcomer would put formatted figures into strings here: then no other format could show them well.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.model import Fault

# ---------------------------------------------------------------- figures


@dataclass(frozen=True, slots=True)
class Seconds:
    """A duration in seconds. ``digits`` prints it in seconds with so many decimals: 0.39832 s."""

    value: float
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much: 1.32 x."""

    value: float


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval of a ratio: [1.27-1.38]."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Count:
    """So many of something; ``digits`` decimals where it is an average."""

    value: float
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second."""

    value: float


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole: 0.92 is 92 %."""

    value: float


@dataclass(frozen=True, slots=True)
class Size:
    """So many bytes."""

    value: float


Figure: TypeAlias = Seconds | Ratio | Interval | Count | Rate | Share | Size


# ---------------------------------------------------------------- text


class Style(StrEnum):
    """What a span means; a renderer decides what that looks like."""

    PLAIN = "plain"
    STRONG = "strong"
    DIM = "dim"
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line. None is a figure that wasn't measured, shown as a dash."""

    content: str | Figure | None
    style: Style = Style.PLAIN


Text: TypeAlias = tuple[Span, ...]
Part: TypeAlias = Span | Figure | str | None
Line: TypeAlias = Part | tuple[Part, ...]  # what the constructors below take for one Text


def text(*parts: Part) -> Text:
    """Make one line of strings, figures and spans; None becomes a dash."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def strong(part: str | Figure | None) -> Span:
    """Emphasise."""
    return Span(part, Style.STRONG)


def dim(part: str | Figure | None) -> Span:
    """Put in the background."""
    return Span(part, Style.DIM)


def good(part: str | Figure | None) -> Span:
    """Mark what is well."""
    return Span(part, Style.GOOD)


def bad(part: str | Figure | None) -> Span:
    """Mark what is wrong."""
    return Span(part, Style.BAD)


def warning(part: str | Figure | None) -> Span:
    """Mark what to be careful with."""
    return Span(part, Style.WARNING)


def code(part: str) -> Span:
    """Mark what is typed, or a name from a program."""
    return Span(part, Style.CODE)


# ---------------------------------------------------------------- blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading below the document's title: level 2, or 3 below that."""

    text: Text
    level: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text."""

    text: Text


class Align(StrEnum):
    """Where a column's content stands."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column; figures read best to the right."""

    title: str
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns, a caption above and notes below. Every row has a cell for each column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    caption: str = ""
    notes: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        for number, cells in enumerate(self.rows, start=1):
            if len(cells) != len(self.columns):
                raise ValueError(
                    f"row {number} has {len(cells)} cells for {len(self.columns)} columns"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list of points."""

    items: tuple[Text, ...]


class NoteKind(StrEnum):
    """What a note is for."""

    CAVEAT = "caveat"
    FAULT = "fault"
    NEXT_STEP = "next step"
    ERROR = "error"  # what a reading of the project found, by its level
    WARNING = "warning"
    REMARK = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to know about what stands before it, with what to do about it in ``hint``."""

    kind: NoteKind
    text: Text
    hint: Text = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Lines to type or read as they are."""

    lines: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """A ratio with its interval, and what that means in words; the verdict's style colours both.

    A ratio of None is a row that is void or wasn't measured: words alone. ``low`` and ``high`` are
    None together, where there is no interval. All are ratios, above 0.
    """

    label: str
    verdict: Span
    ratio: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None) or (self.ratio is None and self.low):
            raise ValueError(f"row {self.label!r} has half an interval, or one without a ratio")
        if self.ratio is not None and self.ratio <= 0:
            raise ValueError(f"row {self.label!r} has the ratio {self.ratio}, which isn't above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """A forest plot: ratios below each other on one logarithmic axis with a mark at 1."""

    rows: tuple[ForestRow, ...]
    caption: str = ""


Block: TypeAlias = Heading | Paragraph | Table | Forest | Items | Note | Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report."""

    title: str
    blocks: tuple[Block, ...]


# ---------------------------------------------------------------- constructors


def heading(*parts: Part, level: int = 2) -> Heading:
    """Make a heading."""
    return Heading(text=text(*parts), level=level)


def paragraph(*parts: Part) -> Paragraph:
    """Make a paragraph of strings, figures and spans."""
    return Paragraph(text=text(*parts))


def left(title: str) -> Column:
    """Make a column of words."""
    return Column(title=title)


def right(title: str) -> Column:
    """Make a column of figures."""
    return Column(title=title, align=Align.RIGHT)


def table(
    columns: Iterable[Column],
    rows: Iterable[Iterable[Line]],
    *,
    caption: str = "",
    notes: Iterable[Line] = (),
) -> Table:
    """Make a table. A cell is a part, or a tuple of parts; ValueError where a row doesn't fit."""
    return Table(
        columns=tuple(columns),
        rows=tuple(tuple(_line(cell) for cell in cells) for cells in rows),
        caption=caption,
        notes=tuple(_line(note) for note in notes),
    )


def items(*lines: Line) -> Items:
    """Make a list, a part or a tuple of parts a point."""
    return Items(items=tuple(_line(line) for line in lines))


def caveat(*parts: Part, hint: Line = ()) -> Note:
    """Say what qualifies the figures above."""
    return Note(kind=NoteKind.CAVEAT, text=text(*parts), hint=_line(hint))


def next_step(*parts: Part) -> Note:
    """Say what to do next."""
    return Note(kind=NoteKind.NEXT_STEP, text=text(*parts))


def find(kind: NoteKind, *parts: Part, hint: Line) -> Note:
    """Say what was found in the project, and what to do about it."""
    return Note(kind=kind, text=text(*parts), hint=_line(hint))


def fault(found: Fault) -> Note:
    """Say what went wrong, and the way on."""
    return Note(kind=NoteKind.FAULT, text=_report(found), hint=_line(found.hint or ()))


def qualify(found: Fault) -> Note:
    """Say a caveat that a run recorded as a Fault."""
    return Note(kind=NoteKind.CAVEAT, text=_report(found), hint=_line(found.hint or ()))


def _report(found: Fault) -> Text:
    return text(f"{found.kind}: {found.detail}" if found.detail else found.kind)


def _line(line: Line) -> Text:
    return text(*line) if isinstance(line, tuple) else text(line)
