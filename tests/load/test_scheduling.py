"""The load client's turns, as the kernel has them."""

from __future__ import annotations

import platform
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="sched_getattr's number"
)

# what the kernel says of a process of its own, before and after
LOOK = """
import ctypes, os
from whereasync.load.scheduling import Attributes, ask_for_short_turns

def look():
    seen = Attributes()
    assert ctypes.CDLL(None).syscall(315, 0, ctypes.byref(seen), ctypes.sizeof(seen), 0) == 0
    return seen

os.nice(3)
before = look()
print(ask_for_short_turns())
after = look()
print(before.runtime, after.runtime, after.policy == before.policy, after.nice == os.nice(0))
"""


@pytest.mark.skipif(
    [int(part) for part in re.findall(r"\d+", platform.release())[:2]] < [6, 12],
    reason="Linux before 6.12 ignores it",
)
def test_turns_become_short_and_the_rest_stays() -> None:
    """The kernel says so; policy and nice value are what they were."""
    said = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    taken, figures = said.stdout.split("\n")[:2]
    before, after, is_same_policy, is_same_nice = figures.split()
    assert taken == "True"
    assert int(after) == 100_000 != int(before)
    assert (is_same_policy, is_same_nice) == ("True", "True")
