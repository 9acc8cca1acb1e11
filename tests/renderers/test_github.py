"""GitHub's workflow commands, which end a value at a colon or a comma."""

from __future__ import annotations

import re

import pytest
from tests.reviews import find, make_review

from whereasync.model import Level
from whereasync.renderers import github


def parse(line: str) -> tuple[str, dict[str, str], str]:
    """Return command, properties and message as the runner reads them."""
    matched = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
    assert matched
    command, written, message = matched.groups()
    pairs = (pair.split("=", 1) for pair in written.split(","))
    return command, {name: unescape(value) for name, value in pairs}, unescape(message)


def unescape(text: str) -> str:
    """Take the escapes back, the percent sign last."""
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


@pytest.mark.parametrize(
    ("level", "command"),
    [(Level.ERROR, "error"), (Level.WARNING, "warning"), (Level.NOTE, "notice")],
)
def test_a_finding_is_a_command(level: Level, command: str) -> None:
    """Of its level, with its place."""
    written = github.render(make_review(find(level=level)))
    assert written == (
        f"::{command} file=shop/settings.py,line=4,title=WA001 middleware-chain"
        "::A is sync-only. Next: make it async.\n"
    )


def test_signs_that_end_something_are_escaped() -> None:
    """In a property more of them than in the message."""
    file, message = "a,b:c%2C\n.py", "90 %: a,\r\nb::c"
    [line] = github.render(make_review(find(file=file, message=message))).splitlines()
    assert "file=a%2Cb%3Ac%252C%0A.py," in line
    command, properties, told = parse(line)
    assert (command, properties["file"]) == ("warning", file)
    assert told == f"{message}. Next: make it async."


def test_without_a_place_there_is_none() -> None:
    """The host shows it for the run."""
    _, properties, _ = parse(github.render(make_review(find(file="", line=None))).rstrip("\n"))
    assert set(properties) == {"title"}


def test_each_finding_is_a_line_and_none_is_nothing() -> None:
    """What is waived isn't told."""
    assert len(github.render(make_review(find(), find())).splitlines()) == 2
    assert github.render(make_review()) == ""
