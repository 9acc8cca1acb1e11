"""Whether two answers say the same: what may differ is masked, the rest compared byte for byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from whereasync.model import Request

_SHOWN = 30  # bytes of a difference


def mask(body: bytes, request: Request) -> bytes:
    """Return an answer's body with all that the request declares volatile replaced by "…".

    BadInputError for a pattern that is no regular expression.
    """
    for pattern in request.volatile:
        try:
            body = re.sub(pattern.encode(), "…".encode(), body)
        except re.error as error:
            raise BadInputError(
                f"{pattern!r} is no regular expression: {error}", f"mend volatile of {request.path}"
            ) from None
    return body


def describe_difference(a: bytes, b: bytes) -> str:
    """Return where two bodies begin to differ, and what stands there."""
    pairs = zip(a, b, strict=False)
    place = next((i for i, (one, two) in enumerate(pairs) if one != two), min(len(a), len(b)))
    start = max(0, place - _SHOWN // 3)
    shown, seen = (text[start : start + _SHOWN] for text in (a, b))
    return f"at byte {place}, {shown!r} against {seen!r}"
