"""What was seen of a request whose client left, and of the same one whose client stayed."""

from __future__ import annotations

from dataclasses import dataclass, field

from whereasync.model.failures import Fault
from whereasync.model.requests import Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What one request left behind. Times are s after its mark "begun"."""

    marks: dict[str, float] = field(default_factory=dict)  # step → when it was first reached
    active: float | None = None  # when its query was last seen running in the database
    rows: int | None = None  # it wrote; None where no database was looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One request whose client left in the middle, beside one whose client stayed.

    A step that is missing says something only because the one who stayed came by it.
    """

    role: str  # the stack; "" where there is but one
    server: str
    interface: Interface
    case: str  # a name of ``demo.leaving.CASES``
    trial: int
    left_after: float | None = None  # s after "begun"
    left: Trail | None = None
    stayed: Trail | None = None
    fault: Fault | None = None
