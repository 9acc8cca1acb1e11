"""Findings as GitHub's workflow commands: a line each, which becomes a note beside the code.

A newcomer would escape the message alone: in a property ``:`` and ``,`` end the value as well.
https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.model import Level

if TYPE_CHECKING:
    from whereasync.advise.review import Review
    from whereasync.model import Finding

COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
PROPERTY = {**DATA, **str.maketrans({":": "%3A", ",": "%2C"})}


def render(review: Review) -> str:
    """Return a command a finding, nothing where there are none."""
    return "".join(f"{_command(each)}\n" for each in review.findings)


def _command(finding: Finding) -> str:
    properties = {
        "file": finding.file,
        "line": str(finding.line or ""),
        "title": f"{finding.rule} {finding.name}",
    }
    written = ",".join(
        f"{name}={value.translate(PROPERTY)}" for name, value in properties.items() if value
    )
    message = f"{finding.message}. Next: {finding.next_step}.".translate(DATA)
    return f"::{COMMANDS[finding.level]} {written}::{message}"
