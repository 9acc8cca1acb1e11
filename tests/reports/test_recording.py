"""What a recorded pass says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whereasync.model import (
    Asked,
    Exchange,
    Outcall,
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
    assert "answered as they should" not in shown


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
    assert "1 of 2 requests weren't answered as they should be" in shown
    assert "whereasync doctor --requests" in shown
    assert "GET /report/" in shown
    assert "GET https://down.example/" in shown
    assert "connection refused" in shown
    assert "pinned.example" in shown
    assert "unknown_ca" in shown
    _, _, looked_up = shown.partition("Looked up")
    assert "mail.example" in looked_up
    assert "down.example" not in looked_up


def test_who_wants_a_login() -> None:
    """Is asked as somebody; a redirect that was expected is none."""
    asked = (
        Asked(method="GET", path="/old/", status=302, expected=302),
        Asked(method="GET", path="/me/", status=302),
        Asked(method="GET", path="/slow/", status=0),
    )
    shown = show(replace(FOUND, asked=asked))
    assert "2 of 3 requests weren't answered" in shown
    assert "whereasync record --as NAME" in shown
    assert "/old/" not in shown
    assert "no answer" in shown


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (StandInAccount(answered={"https://a.example": 2}), "Declared stand-ins answered"),
        (StandInAccount(refusals=(Refusal(host="a", reason="left", count=1),)), "Nothing could"),
        (StandInAccount(), "The only request made no outbound call"),
    ],
)
def test_why_there_is_no_recording(account: StandInAccount, said: str) -> None:
    """In each case another reason."""
    nothing = Recording(made="", exchanges=())
    assert said in show(replace(FOUND, file="", recording=nothing, account=account))


def test_what_was_refused() -> None:
    """With who called, and what is usually there."""
    calls = (
        Outcall(target="127.0.0.1:6379", where="shop/views.py, line 3", service="Redis"),
        Outcall(target="198.51.100.1:443"),
    )
    shown = show(replace(FOUND, outcalls=calls))
    assert "shop/views.py, line 3 calls `127.0.0.1:6379 (Redis)`" in shown
    assert "somebody calls `198.51.100.1:443`" in shown


@pytest.mark.parametrize(("count", "more"), [(10, ""), (13, "and 3 more")])
def test_long_lists_are_cut(count: int, more: str) -> None:
    """The rest is counted."""
    asked = tuple(Asked(method="GET", path=f"/{n}/", status=404) for n in range(count))
    shown = show(replace(FOUND, asked=asked))
    assert shown.count("GET /") == 10
    assert more in shown
    assert (" more" in shown.partition("Kept in")[0]) == bool(more)
