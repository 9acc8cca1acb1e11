from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from whereasync import document as doc
from whereasync.document import Block, Code, Count, Document, Interval, Part, Ratio, Seconds
from whereasync.renderers import render


def show(*blocks: Block) -> str:
    """Render blocks below a title, and return what stands below it."""
    text = render(Document(title="T", blocks=blocks), "markdown")
    assert text.startswith("# T\n\n")
    return text.removeprefix("# T\n\n")


def read(text: str) -> str:
    """Turn Markdown into HTML, as GitHub does: CommonMark and tables."""
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


def test_a_document_reads_from_top_to_bottom() -> None:
    """Each block in GitHub's notation."""
    text = show(
        doc.heading("Chapter 2"),
        doc.heading("GET", level=3),
        doc.paragraph("Async is ", doc.strong(Ratio(1.324)), " ", Interval(1.27, 1.38), "."),
        doc.items("one", ("two ", doc.code("x"))),
        doc.caveat("different work", hint="Look at chapter 2"),
        doc.next_step("Run it"),
        Code(lines="make demo\n", language="sh"),
    )
    assert text == (
        "## Chapter 2\n\n### GET\n\n"
        "Async is **1.32×** [1.27–1.38].\n\n"
        "- one\n- two `x`\n\n"
        "> **Caveat:** different work\\\n> **Next step:** Look at chapter 2\n\n"
        "> **Next step:** Run it\n\n"
        "```sh\nmake demo\n```\n"
    )


def test_a_table_is_githubs() -> None:
    """Caption above, alignment in the rule, notes below."""
    table = doc.table(
        [doc.left("view"), doc.right("in view")],
        [("get", Seconds(0.39832, digits=5)), ("a|b", None)],
        caption="As measured",
        notes=["n"],
    )
    assert show(table) == (
        "**As measured**\n\n"
        "| view | in view |\n| --- | ---: |\n"
        "| get | 0.39832 s |\n| a\\|b | – |\n\n"
        "n\n"
    )


def test_pipes_and_lines_in_cells_do_not_break_the_table() -> None:
    """Also inside code, where GitHub still splits cells at bare pipes."""
    table = doc.table([doc.left("a"), doc.left("b")], [("x\ny|z", doc.code("p|q"))])
    html = read(show(table))
    assert "<td>x y|z</td>" in html
    assert html.count("<td>") == 2
    assert "<code>p|q</code>" in html


@pytest.mark.parametrize(
    "text",
    [
        "__init__ and *args, **kwargs",
        "a_b_c, _x_",
        "<script>alert(1)</script>",
        "a < b & c &amp; d",
        "[text](https://example.org)",
        "[label]: https://example.org",
        "# no heading",
        "- no item",
        "+ no item",
        "> no quotation",
        "1. no item",
        "12) no item",
        "2. ",
        "`no code` \\ ~~no line~~",
        "[1.27–1.38]",
        "---",
        "***",
        "===",
    ],
)
def test_plain_text_stays_what_it_is(text: str) -> None:
    """A reader of the rendered page sees the very characters, in paragraphs and in points."""
    shown = text.strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert read(show(doc.paragraph(text))) == f"<p>{shown}</p>\n"
    assert read(show(doc.items(text))) == f"<ul>\n<li>{shown}</li>\n</ul>\n"


def test_readable_text_is_not_escaped_needlessly() -> None:
    """Names with underscores and intervals are pasted as they are."""
    text = "run_json at 1.32 [1.27-1.38] (64 clients), 3 < 4 - 1."
    assert show(doc.paragraph(text)) == text + "\n"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([doc.strong("a "), "b"], "**a** b"),
        ([doc.strong("a"), doc.strong(Count(2))], "**a2**"),
        ([doc.good("a"), doc.bad("b"), doc.warning(" c")], "**ab** *c*"),
        ([doc.dim("quiet"), doc.strong(" ")], "quiet"),
        ([doc.code("a`b")], "`` a`b ``"),
        ([doc.code("``")], "``` `` ```"),
        ([None], "–"),
    ],
)
def test_marks_stand_round_words(parts: list[Part], text: str) -> None:
    """No space inside a mark, neighbours share one, code may hold backticks."""
    assert show(doc.paragraph(*parts)) == text + "\n"


def test_code_that_holds_a_fence_gets_a_longer_one() -> None:
    """Markdown inside a code block doesn't end it."""
    assert show(Code(lines="```\nx\n```")) == "````\n```\nx\n```\n````\n"
