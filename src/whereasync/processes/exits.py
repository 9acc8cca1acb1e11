"""How a process ended that ended by itself: what its exit code says, and what to do about it.

A newcomer would show -9. Most of whoever reads that has never heard of it, and nobody wrote it:
where the kernel runs out of memory, it kills without a word.
"""

from __future__ import annotations

import signal

OURS_FAILED = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT")  # a process does that to itself


def describe_exit(code: int) -> tuple[str, str]:
    """Return what became of a process that ended with this code, and a next step, perhaps "".

    ``code`` is negative for a signal. “was killed by SIGKILL: out of memory?”, “ended with code 1”.
    """
    if code >= 0:
        return f"ended with code {code}", ""
    name = name_signal(-code)
    if name == "SIGKILL":
        return (
            "was killed by SIGKILL: out of memory?",
            "look for it: dmesg | grep -i oom; if it was, close what else runs, or give it more",
        )
    if name in OURS_FAILED:
        return (
            f"crashed with {name}: an extension module?",
            "find the line: PYTHONFAULTHANDLER=1 python manage.py check",
        )
    return f"was ended by {name}", "run the command again"


def name_signal(number: int) -> str:
    """Return “SIGKILL” for 9; a number that has no name here stays one."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
