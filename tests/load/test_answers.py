"""Whether two answers say the same."""

from __future__ import annotations

import pytest

from whereasync.errors import BadInputError
from whereasync.load.answers import describe_difference, mask
from whereasync.model import Request


def asking(*volatile: str) -> Request:
    """Return a request with these patterns."""
    return Request(path="/cars/", volatile=volatile)


def test_without_patterns_a_body_stays_as_it_is() -> None:
    """Byte for byte, whatever bytes."""
    body = bytes(range(256))
    assert mask(body, asking()) == body


def test_what_is_volatile_is_masked_wherever_it_stands() -> None:
    """Each pattern, as often as it is there; what is left still has to agree."""
    body = b'<input value="abc">at 12:03 and 12:04'
    assert mask(body, asking('value="[a-z]+"', r"\d\d:\d\d")) == ("<input …>at … and …".encode())


def test_answers_that_differ_in_what_is_volatile_alone_are_alike() -> None:
    """And in anything else they aren't."""
    request = asking(r"token=\w+")
    assert mask(b"token=one;x", request) == mask(b"token=three;x", request)
    assert mask(b"token=one;x", request) != mask(b"token=one;y", request)


def test_a_pattern_beyond_ascii_is_its_bytes() -> None:
    """Pages are UTF-8."""
    assert mask("prix: 3 €".encode(), asking("[0-9] €")) == "prix: …".encode()


def test_a_pattern_that_is_none_is_bad_input() -> None:
    """With the pattern and the request that has it."""
    with pytest.raises(BadInputError, match=r"'\(x' is no regular expression: ") as caught:
        mask(b"x", asking("(x"))
    assert caught.value.hint == "mend volatile of /cars/"


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (b"abc", b"abd", "at byte 2, b'abc' against b'abd'"),
        (b"abc", b"abcd", "at byte 3, b'abc' against b'abcd'"),
        (b"", b"x", "at byte 0, b'' against b'x'"),
        (
            b"0123456789" * 10 + b"A" + b"z" * 50,
            b"0123456789" * 10 + b"B" + b"z" * 50,
            "at byte 100, b'0123456789A" + "z" * 19 + "' against b'0123456789B" + "z" * 19 + "'",
        ),
    ],
)
def test_a_difference_is_shown_where_it_begins(a: bytes, b: bytes, said: str) -> None:
    """With ten bytes before it, thirty in all: enough to find it, short enough for a line."""
    assert describe_difference(a, b) == said
