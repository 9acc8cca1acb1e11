from __future__ import annotations

import subprocess
import sys

import pytest

from whereasync import document as doc
from whereasync.document import Document, Interval, Ratio
from whereasync.errors import BadInputError
from whereasync.renderers import Format, render

REPORT = Document(title="Made fair", blocks=(doc.paragraph(Ratio(1.32), Interval(1.27, 1.38)),))


@pytest.mark.parametrize("form", list(Format))
def test_every_format_renders_and_ends_in_one_newline(form: Format) -> None:
    """Each format of the table has its renderer, also by its bare name."""
    text = render(REPORT, form, width=80, colour=False)
    assert "1.32×[1.27–1.38]\n" in text
    assert text == text.rstrip() + "\n"
    assert text == render(REPORT, form.value, width=80, colour=False)


@pytest.mark.parametrize("form", list(Format))
def test_what_is_no_block_is_refused(form: Format) -> None:
    """A block that a renderer forgot fails aloud, it isn't left out of the report."""
    with pytest.raises(AssertionError, match="stray"):
        render(Document(title="T", blocks=("stray",)), form)  # type: ignore[arg-type]


def test_an_unknown_format_names_the_known_ones() -> None:
    """The hint lists what can be typed."""
    with pytest.raises(BadInputError, match="'pdf'") as caught:
        render(REPORT, "pdf")
    assert caught.value.hint == "Take one of: terminal, markdown"


def test_a_format_is_imported_only_when_it_is_asked_for() -> None:
    """Rich costs a command that renders nothing no time at its start."""
    script = "import sys, whereasync.renderers; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
