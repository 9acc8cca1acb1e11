"""What an exit code says: a signal by its name, with a next step."""

from __future__ import annotations

import signal

import pytest

from whereasync.processes.exits import describe_exit


@pytest.mark.parametrize(
    ("code", "what", "hint"),
    [
        (0, "ended with code 0", ""),
        (3, "ended with code 3", ""),
        (-signal.SIGKILL, "was killed by SIGKILL: out of memory?", "dmesg"),
        (-signal.SIGSEGV, "crashed with SIGSEGV: an extension module?", "PYTHONFAULTHANDLER=1"),
        (-signal.SIGTERM, "was ended by SIGTERM", "run the command again"),
        (-250, "was ended by signal 250", "run the command again"),
    ],
)
def test_an_exit_is_said_in_words(code: int, what: str, hint: str) -> None:
    """What has a next step names it."""
    said = describe_exit(code)
    assert said[0] == what
    assert hint in said[1]
    assert bool(said[1]) is bool(hint)
