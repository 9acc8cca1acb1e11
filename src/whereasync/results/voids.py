"""What takes a cell's figures away: signs that the client, and not the arm, made them. Pure.

Each gives a Fault with the way on. A newcomer would show
such figures all the same, "for orientation"; they would be quoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.model import Fault, Void

if TYPE_CHECKING:
    from whereasync.load.punctuality import Punctuality
    from whereasync.load.throughput import Yield
    from whereasync.model import Cell

CLIENT_LIMIT = 0.8  # of a core; beyond it the load client may have been the bottleneck
LITTLE_LIMIT = 0.05  # how far the requests in flight may be from the number of clients
LAG_LIMIT = 0.001  # s at p99, from a request's intended time to its sending
BLOCKED_LIMIT = 0.01  # of the requests may find all connections busy
SUSTAINED_LIMIT = 0.95  # of what is offered must be done


def find_void(cell: Cell, side: Yield) -> Fault | None:
    """Return what voids one side of a block, None where nothing does."""
    if not side.completions:
        return _void(
            Void.NOTHING_COMPLETED,
            f"no request was done in {side.window:.1f} s",
            "race fewer clients, or look at the server's log",
        )
    if cell.rate is not None:  # its client spares no CPU to be on time, and no user is always busy
        return None
    if side.client_share > CLIENT_LIMIT:
        return _void(
            Void.CLIENT_SATURATED,
            f"the load client used {side.client_share:.0%} of its core",
            "race fewer clients, or a view that does more",
        )
    if abs(side.in_flight / cell.clients - 1) > LITTLE_LIMIT:
        return _void(
            Void.LITTLES_LAW,
            f"{side.in_flight:.2f} requests were in flight, not {cell.clients}",
            "close what else runs, and measure again",
        )
    return None


def find_delay(cell: Cell, side: Punctuality) -> Fault | None:
    """Return what voids one side of the open loop over all its blocks, None where nothing does."""
    if side.blocked > BLOCKED_LIMIT:
        return _void(
            Void.NOT_SUSTAINED,
            f"{side.blocked:.0%} of the requests found all {cell.clients} connections busy",
            "lower --rate, or allow more connections: --clients",
        )
    if side.lost:
        return _void(
            Void.NOT_SUSTAINED,
            f"{side.intended - side.answered} of {side.intended} requests got no answer in time",
            "lower --rate",
        )
    if side.sustained < SUSTAINED_LIMIT:
        return _void(
            Void.NOT_SUSTAINED,
            f"of {cell.rate:g} requests/s the server did {side.sustained:.0%}",
            "lower --rate",
        )
    if side.lag_p99 > LAG_LIMIT:
        return _void(
            Void.SEND_LAG,
            f"1 in 100 requests was sent {1000 * side.lag_p99:.1f} ms late or more",
            "close what else runs, or lower --rate",
        )
    return None


def _void(kind: Void, detail: str, hint: str) -> Fault:
    return Fault(kind=kind, detail=detail, hint=hint)
