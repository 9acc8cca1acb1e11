"""What a project's own code asked of the network, as the guest's fence wrote it down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcall:
    """A call to something that isn't ours, once for each place that made it."""

    target: str  # "api.stripe.com:443", "127.0.0.1:6379", "/run/redis.sock"
    where: str = ""  # "shop/billing.py, line 40"; empty: no Python was on the stack but Python's
    is_theirs: bool = False  # ``where`` is the project's own code, not a library's
    service: str = ""  # what that port is usually for: "Redis"
    is_refused: bool = True  # False: unguarded, so it went out

    @property
    def named(self) -> str:
        """The target as a reader knows it: "127.0.0.1:6379 (Redis)"."""
        return f"{self.target} ({self.service})" if self.service else self.target
