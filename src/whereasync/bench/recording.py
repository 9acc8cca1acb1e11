"""One sequential pass over a project's requests, its outbound calls really made and recorded.

The project runs in a network of its own as always; only what it asks by HTTP gets out, through the
forwarder. A newcomer would throw the recording away when Ctrl-C comes: what was asked of a real
service isn't asked twice without need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from whereasync.model import Asked, RecordedPass, Recording
from whereasync.upstreams import recordings
from whereasync.upstreams.company import Wanted, keep_company

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from whereasync.model import Outcall, Request
    from whereasync.processes import Supervisor
    from whereasync.upstreams.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a pass needs from who knows the project and its network."""

    requests: tuple[Request, ...]
    # Serves the project in these surroundings; gives what asks it a request, for the status.
    serve: Callable[[Surroundings], AbstractContextManager[Callable[[Request], int]]]
    # Runs an argv in the project's network to its end; None: the project is in ours.
    open_doors: Callable[[Sequence[str | Path]], object] | None
    wanted: Wanted  # the project's own environment and site-packages
    # What the project called that nobody can stand in for, up to now.
    find_outcalls: Callable[[], tuple[Outcall, ...]] = tuple


def record(
    passage: Passage,
    supervisor: Supervisor,
    file: Path,
    now: datetime,
    tell: Callable[[Request], None] = lambda _: None,
) -> RecordedPass:
    """Ask the project each request once, in order, and write its outbound calls to ``file``.

    ``tell`` is called before each. Nothing is written where nothing went out. An interrupt writes
    what there is, marks the result as not whole, and doesn't go on.
    """
    wanted = replace(passage.wanted, is_recording=True)
    asked: list[Asked] = []
    is_whole = False
    with keep_company(wanted, supervisor, open_doors=passage.open_doors) as company:
        try:
            with passage.serve(company.surroundings) as ask:
                for request in passage.requests:
                    tell(request)
                    status = ask(request)
                    asked.append(
                        Asked(
                            method=request.method,
                            path=request.path,
                            status=status,
                            expected=request.status,
                        )
                    )
            is_whole = True
        except KeyboardInterrupt:
            pass  # the result says so
        company.child.stop()
        exchanges, account = company.recorded(), company.account()
    recording = Recording(made=f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", exchanges=exchanges)
    if exchanges:
        recordings.write(file, recording)
    return RecordedPass(
        file=str(file) if exchanges else "",
        recording=recording,
        account=account,
        asked=tuple(asked),
        outcalls=passage.find_outcalls(),
        is_whole=is_whole,
    )
