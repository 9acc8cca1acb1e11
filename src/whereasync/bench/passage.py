"""The user's own project on its recorded pass: made ready first, then served with the doors open.

Whoever enters is inside the guard already; the forwarder is outside it. A newcomer would let what
happens once out as well: migrations, the seed and logins would be called for real and recorded.
"""

from __future__ import annotations

import http.client
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from whereasync.bench.asking import list_requests
from whereasync.bench.dryrun import write_head
from whereasync.bench.recording import Passage
from whereasync.guard.outcalls import read_outcalls
from whereasync.processes import supervised
from whereasync.servers import launch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from whereasync.bench.own import OwnProject, OwnSetting
    from whereasync.model import Arm, Request
    from whereasync.processes import Supervisor
    from whereasync.servers import Endpoint
    from whereasync.upstreams.company import Wanted
    from whereasync.upstreams.surroundings import Surroundings

NAME = "recorded"  # of the databases' copy
PATIENCE = 60.0  # s for one answer; a stream that doesn't end is left then
_OPENED = 30.0  # s
_BLOCK = 1 << 16
# gunicorn refuses a line of that length by itself: it is up, and the project wasn't asked.
_NOWHERE = "/" + "-" * 8190


@contextmanager
def make_ready(setting: OwnSetting, wanted: Wanted, arm: Arm, user: str = "") -> Iterator[Passage]:
    """Make the project ready on data of ours, and give its pass while the context lasts.

    ``wanted`` says how real services are reached. ``user`` asks for what names nobody; he is among
    the setting's. This process is inside the guard. BadInputError for what can't be made ready.
    """
    with supervised() as supervisor, setting.bring_up(supervisor) as project:
        project.prepare()
        project.dismiss_company()  # the recorder's sockets will be where its are
        asked = (
            replace(each, user=each.user if each.recipe else user)
            for each in list_requests(project.inventory, setting.config)
        )
        yield Passage(
            requests=tuple(project.complete_request(each) for each in asked),
            serve=partial(_serve, project, arm, supervisor),
            open_doors=partial(_open_doors, supervisor),
            wanted=wanted,
            find_outcalls=partial(read_outcalls, project.guest.directory),
        )


def _open_doors(supervisor: Supervisor, argv: Sequence[str | Path]) -> None:
    supervisor.run(argv, name="doors", deadline=_OPENED)


@contextmanager
def _serve(
    project: OwnProject, arm: Arm, supervisor: Supervisor, surroundings: Surroundings
) -> Iterator[Callable[[Request], int]]:
    home = project.setting.surround(surroundings)
    served = replace(
        project,
        guest=replace(project.guest, home=home),
        order=replace(project.order, answers_names=True),
    )
    env = served.copy(NAME, NAME)
    try:
        with launch(
            arm, served.app, supervisor, env=env, path=_NOWHERE, is_trusted=False
        ) as endpoint:
            yield partial(ask, endpoint)
    finally:
        served.drop(NAME)


def ask(endpoint: Endpoint, request: Request, patience: float = PATIENCE) -> int:
    """Ask once and return the status, 0 where no answer comes within ``patience`` s."""
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=patience)
    end = time.monotonic() + patience
    try:
        connection.request(
            request.method,
            request.path,
            body=request.body.encode() or None,
            headers=write_head(request),
        )
        answer = connection.getresponse()
        while answer.read1(_BLOCK) and time.monotonic() < end:
            pass
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
    return answer.status
