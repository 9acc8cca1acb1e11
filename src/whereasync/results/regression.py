"""Whether B is slower than A by more than was allowed: the question of ``--fail-if``. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whereasync.stats import Comparison


def is_slower(comparison: Comparison, worst: float) -> bool | None:
    """Return whether B is slower than A by more than ``worst`` (0.05 is 5 %); None if it is open.

    Decided by the whole interval, as verdicts are: it must lie below 1 ÷ (1 + worst), or above.
    """
    if comparison.low is None or comparison.high is None:
        return None
    limit = 1 / (1 + worst)
    if comparison.high < limit:
        return True
    if comparison.low > limit:
        return False
    return None
