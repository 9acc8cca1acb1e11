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
