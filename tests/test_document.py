from __future__ import annotations

import pytest

from whereasync import document as doc
from whereasync.document import Align, Count, NoteKind, Ratio, Span, Style
from whereasync.model import Fault


def test_a_line_is_made_of_strings_figures_spans_and_nothing() -> None:
    """None is kept as what wasn't measured; a span keeps its style."""
    assert doc.text("at ", Ratio(1.32), doc.strong("64"), None) == (
        Span("at "),
        Span(Ratio(1.32)),
        Span("64", Style.STRONG),
        Span(None),
    )


@pytest.mark.parametrize("style", [style for style in Style if style is not Style.PLAIN])
def test_every_style_has_a_constructor_of_its_name(style: Style) -> None:
    """doc.good("x") is a span in the style good, and so on."""
    assert getattr(doc, style.value)("x") == Span("x", style)


def test_a_table_takes_parts_and_tuples_of_parts_as_cells() -> None:
    """A bare None, a string, a figure and a mixture all become cells."""
    table = doc.table(
        [doc.left("view"), doc.right("clients")],
        [("get", Count(8)), (("a", doc.dim("b")), None)],
        caption="Cells",
        notes=["one", ("two ", Count(2))],
    )
    assert [column.align for column in table.columns] == [Align.LEFT, Align.RIGHT]
    assert table.rows == (
        (doc.text("get"), doc.text(Count(8))),
        (doc.text("a", doc.dim("b")), doc.text(None)),
    )
    assert table.notes == (doc.text("one"), doc.text("two ", Count(2)))


def test_a_row_that_does_not_fit_its_columns_is_refused() -> None:
    """A report with a forgotten cell fails where it is written, not in a renderer."""
    with pytest.raises(ValueError, match="row 2 has 1 cells for 2 columns"):
        doc.table([doc.left("a"), doc.left("b")], [("1", "2"), ("3",)])


def test_notes_say_what_they_are_for() -> None:
    """Caveats and faults carry a hint, a next step is one."""
    assert doc.caveat("noisy", hint="wait") == doc.Note(
        kind=NoteKind.CAVEAT, text=doc.text("noisy"), hint=doc.text("wait")
    )
    assert doc.caveat("noisy").hint == ()
    assert doc.next_step("Run ", doc.code("x")).kind is NoteKind.NEXT_STEP


def test_a_recorded_fault_becomes_a_note() -> None:
    """Its kind and detail are said, its hint is the way on."""
    found = Fault(kind="status", detail="500 instead of 200", hint="Look at the log")
    note = doc.fault(found)
    assert note.kind is NoteKind.FAULT
    assert note.text == doc.text("status: 500 instead of 200")
    assert note.hint == doc.text("Look at the log")
    assert doc.qualify(found).kind is NoteKind.CAVEAT
    assert doc.qualify(Fault(kind="swap in use", detail="")).text == doc.text("swap in use")
    assert doc.fault(Fault(kind="status", detail="500")).hint == ()


def test_headings_points_and_paragraphs() -> None:
    """The constructors give the blocks that they are named after."""
    assert doc.heading("Made ", "fair", level=3).level == 3
    assert doc.paragraph("x", None).text == doc.text("x", None)
    assert doc.items("one", ("two", None)).items == (doc.text("one"), doc.text("two", None))


@pytest.mark.parametrize(
    ("ratio", "low", "high"),
    [(1.3, 1.2, None), (1.3, None, 1.4), (None, 1.2, 1.4), (0.0, None, None), (-1.0, None, None)],
)
def test_a_forests_row_is_whole(ratio: float | None, low: float | None, high: float | None) -> None:
    """Half an interval, one without its ratio, and what has no logarithm can't be drawn."""
    with pytest.raises(ValueError, match="row '8 clients' has"):
        doc.ForestRow(label="8 clients", verdict=Span("x"), ratio=ratio, low=low, high=high)
