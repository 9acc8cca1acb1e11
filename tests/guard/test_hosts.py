from __future__ import annotations

import pytest

from whereasync.guard.hosts import ask_files_only, check_names, compose


def test_ours_come_first_and_theirs_say_nothing_of_them() -> None:
    """Or C code would take the machine's address as a second one."""
    theirs = "127.0.0.1\tlocalhost me # the machine\n10.0.0.7 API.example.com db  # a comment\n\n"
    assert compose(theirs, {"api.example.com": "127.0.0.2"}, "me").splitlines() == [
        "127.0.0.2 api.example.com",
        "127.0.0.1 localhost me",
        "10.0.0.7 db",
    ]


def test_the_machine_and_localhost_have_a_name_in_any_case() -> None:
    """Where a daemon knew them that isn't asked any more."""
    assert compose("", {}, "Me").splitlines() == ["127.0.0.1 localhost", "127.0.0.1 Me"]


@pytest.mark.parametrize("address", ["192.0.2.1", "::2", "0.0.0.0"])
def test_only_the_loopback_is_given_names(address: str) -> None:
    """Whatever else has an address lies outside."""
    with pytest.raises(ValueError, match="own"):
        check_names({"api.example.com": address})


def test_names_are_compared_in_lower_case_without_the_final_dot() -> None:
    """As the resolver does it."""
    assert check_names({"API.example.com.": "::1"}) == {"api.example.com": "::1"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("passwd: files\nhosts: mymachines resolve [!UNAVAIL=return] files\nx: y\n", None),
        ("passwd: files\nx: y", "passwd: files\nx: y\nhosts: files dns\n"),
    ],
)
def test_no_daemon_is_asked_for_a_name(before: str, after: str | None) -> None:
    """It would ask the network on our behalf, from outside."""
    assert ask_files_only(before) == (after or "passwd: files\nhosts: files dns\nx: y\n")
