"""What a recorded pass says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whereasync.model import (
    Asked,
    Exchange,
    RecordedPass,
    Recording,
    Refusal,
    StandInAccount,
    Unanswered,
)
from whereasync.renderers import render
from whereasync.reports.recording import report

EXCHANGES = tuple(
    Exchange(
        method="GET",
        url=f"https://api.example.com/{number}",
        status=200,
        text="x" * 1000,
        connect=0.03,
        latency=number / 100,
        transfer=0.01,
    )
    for number in range(1, 4)
)
FOUND = RecordedPass(
    file=".whereasync/recordings/calls.jsonl",
    recording=Recording(made="2026-11-23T21:00:00Z", exchanges=EXCHANGES),
    account=StandInAccount(names=("api.example.com",)),
    asked=(Asked(method="GET", path="/dashboard/", status=200),),
)


def show(found: RecordedPass) -> str:
    """Return the report as markdown, which wraps no line."""
    return render(report(found), "markdown")


def test_services_with_their_times() -> None:
    """One line each, however many calls."""
    shown = show(FOUND)
    [row] = [line for line in shown.splitlines() if "api.example.com" in line]
    assert [cell.strip() for cell in row.split("|")[1:-1]] == [
        "https://api.example.com",
        "3",
        "30 ms",
        "40 ms",
        "30 ms",
        "3.0 kB",
    ]
    assert ".whereasync/recordings/calls.jsonl" in shown
    assert "failed" not in shown


def test_nothing_went_out() -> None:
    """Is said, and no file is named."""
    shown = show(replace(FOUND, file="", recording=Recording(made="", exchanges=())))
    assert "made no outbound call by HTTP" in shown
    assert "Kept in" not in shown


def test_what_is_missing() -> None:
    """Each kind under a sentence of its own."""
    shown = show(
        replace(
            FOUND,
            asked=(*FOUND.asked, Asked(method="GET", path="/report/", status=500)),
            account=StandInAccount(
                unanswered=(
                    Unanswered(
                        method="GET",
                        url="https://down.example/",
                        count=1,
                        reason="connection refused",
                    ),
                ),
                refusals=(Refusal(host="pinned.example", reason="unknown_ca", count=2),),
                names=("api.example.com", "down.example", "pinned.example", "mail.example"),
            ),
            is_whole=False,
        )
    )
    assert "Interrupted" in shown
    assert "1 of 2 requests failed" in shown
    assert "GET /report/" in shown
    assert "GET https://down.example/" in shown
    assert "connection refused" in shown
    assert "pinned.example" in shown
    assert "unknown_ca" in shown
    _, _, looked_up = shown.partition("Looked up")
    assert "mail.example" in looked_up
    assert "down.example" not in looked_up


@pytest.mark.parametrize(("count", "more"), [(10, ""), (13, "and 3 more")])
def test_long_lists_are_cut(count: int, more: str) -> None:
    """The rest is counted."""
    asked = tuple(Asked(method="GET", path=f"/{n}/", status=404) for n in range(count))
    shown = show(replace(FOUND, asked=asked))
    assert shown.count("GET /") == 10
    assert more in shown
    assert (" more" in shown.partition("Kept in")[0]) == bool(more)
