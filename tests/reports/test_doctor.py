"""The doctor's report: what is missing comes first."""

from __future__ import annotations

from whereasync.model import Diagnosis, Health, Symptom
from whereasync.renderers import render
from whereasync.reports.doctor import report

FINE = Symptom(subject="system", health=Health.GOOD, detail="Linux")
NOTE = Symptom(subject="configuration", health=Health.NOTE, detail="none", hint="whereasync init")
LACK = Symptom(
    subject="interpreter", health=Health.MISSING, detail="no Django", hint="--python PATH"
)


def show(*symptoms: Symptom) -> list[str]:
    """Return the report's lines on a terminal."""
    text = render(report(Diagnosis(symptoms=symptoms)), "terminal", width=80, colour=False)
    return [line for line in text.splitlines() if line.strip()]


def test_all_well_is_said_in_a_line() -> None:
    """A note doesn't change that."""
    lines = show(FINE, NOTE)
    assert lines[:2] == ["whereasync doctor", "This project can be measured."]
    assert lines[-2].split() == ["✓", "system", "Linux"]
    assert lines[-1].split() == ["!", "configuration", "none", "(whereasync", "init)"]


def test_what_is_missing_stands_above_with_what_mends_it() -> None:
    """And again in its place among the others."""
    lines = show(FINE, LACK, NOTE)
    assert lines[1:4] == [
        "One thing is missing before this project can be measured.",
        "fault: interpreter: no Django",
        "  next: --python PATH",
    ]
    assert lines[-2].split() == ["✗", "interpreter", "no", "Django"]
    assert show(LACK, LACK)[1].startswith("2 things are missing")
