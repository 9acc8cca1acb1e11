"""Bursts: so many requests sent at once, each over a connection of its own, then none.

The clock runs from the first one's sending to the last one's answer. A newcomer would race a closed
loop instead: there a slow answer delays the next request, and nobody ever waits in one queue.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from whereasync.load.http import NO_VIEW_TIME, Asker, LostAnswerError
from whereasync.load.users import NS
from whereasync.model import Burst, Request, Target  # noqa: TC001 # serial reads the schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BURSTS = "bursts.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volley:
    """One burst to send, and where."""

    burst: Burst  # yet without its times
    target: int  # index into Volleys.targets
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Volleys:
    """All bursts of one client process, in this order."""

    targets: tuple[Target, ...]
    volleys: tuple[Volley, ...]
    timeout: float = 30.0  # s until one request counts as lost


async def fire_all(volleys: Volleys) -> AsyncIterator[Burst]:
    """Yield each burst with its times; a fault stays in its own, and the others go on.

    Connections are kept for as long as their server keeps them; connecting is not timed.
    """
    askers: defaultdict[int, list[Asker]] = defaultdict(list)
    try:
        for volley in volleys.volleys:
            mine = askers[volley.target]
            target = volleys.targets[volley.target]
            while len(mine) < volley.burst.clients:
                mine.append(Asker(target, volleys.timeout))
            yield await _fire(mine[: volley.burst.clients], volley)
    finally:
        for asker in (each for mine in askers.values() for each in mine):
            asker.close()


async def _fire(askers: list[Asker], volley: Volley) -> Burst:
    asked = (asker.ask(volley.request) for asker in askers)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, LostAnswerError):
            return replace(volley.burst, fault=answer.fault)
        if isinstance(answer, BaseException):
            raise answer
    good = [answer for answer in answers if not isinstance(answer, BaseException)]
    in_view = [answer.view * NS for answer in good if answer.view != NO_VIEW_TIME]
    return replace(
        volley.burst,
        seconds=(max(each.done for each in good) - min(each.sent for each in good)) * NS,
        in_view=fmean(in_view) if in_view else None,
    )
