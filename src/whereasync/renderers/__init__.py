"""Document to str: one file a format, and ``figures`` for how numbers are written in all of them.

A renderer is a pure function of the document, its width and whether colours are wanted.
A newcomer would print here: only the ``cli`` prints.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from whereasync.document import Document


class Format(StrEnum):
    """What a document can become. JSON isn't here: that is the noun itself, by ``serial``."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"


def render(
    document: Document, format_: str, *, width: int | None = None, colour: bool | None = None
) -> str:
    """Render a document; the text ends in one newline.

    ``width`` (columns) and ``colour`` matter to the terminal only. None takes what the terminal has
    (colours only where stdout is one, and NO_COLOR isn't set). An unknown format is a
    BadInputError.
    """
    if format_ == Format.TERMINAL:
        from whereasync.renderers import terminal

        return terminal.render(document, width=width, colour=colour)
    if format_ == Format.MARKDOWN:
        from whereasync.renderers import markdown

        return markdown.render(document)
    raise BadInputError(
        f"There is no format {format_!r} for a document.", f"Take one of: {', '.join(Format)}"
    )
