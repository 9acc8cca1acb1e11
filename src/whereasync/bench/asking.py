"""The dry run of a whole project: every request once, on data of ours, before any load.

What is configured must be answered as configured. A route that is asked for by itself may want a
login or what only its user knows: that is said, and nothing is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.bench.dryrun import Asker
from whereasync.bench.own import complete_request
from whereasync.config.routes import list_plain, write_path, write_request
from whereasync.errors import WhereAsyncError
from whereasync.model import Health, Request, Side, Symptom
from whereasync.processes import supervised
from whereasync.servers import launch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.bench.own import OwnProject, OwnSetting
    from whereasync.model import Arm, Config, Inventory
    from whereasync.servers import Endpoint

PATIENCE = 30.0  # s for one answer
ROLE = "asked"
SUBJECT = "requests"


def list_requests(inventory: Inventory, config: Config) -> tuple[Request, ...]:
    """Return what is configured, then each route without parameters that isn't among it."""
    configured = tuple(write_request(each, config) for each in config.requests)
    known = {each.path for each in configured}
    paths = (write_path(route) for route in list_plain(inventory.routes))
    plain = dict.fromkeys(path for path in paths if path and path not in known)
    return (*configured, *(Request(path=path) for path in plain))


def ask_all(setting: OwnSetting, arm: Arm, requests: Sequence[Request]) -> Iterator[Symptom]:
    """Bring the project up by that arm, ask it each request, and yield what came of it."""
    try:
        with supervised() as supervisor, setting.bring_up(supervisor) as project:
            project.prepare()
            env = project.copy(ROLE, ROLE)
            app = project.app
            with launch(arm, app, supervisor, env=env, is_trusted=False) as endpoint:
                asker = Asker(patience=PATIENCE, catalogue="whereasync init")
                yield from _ask(project, asker, endpoint, requests)
            yield from (
                Symptom(subject="calls", health=Health.NOTE, detail=each.detail, hint=each.hint)
                for each in project.find_caveats()
            )
    except WhereAsyncError as error:
        yield Symptom(
            subject=SUBJECT, health=Health.MISSING, detail=error.what, hint=error.hint or "mend it"
        )


def _ask(
    project: OwnProject, asker: Asker, endpoint: Endpoint, requests: Sequence[Request]
) -> Iterator[Symptom]:
    failed = []
    for request in requests:
        complete = complete_request(request, project.prepared)
        try:
            asker.ask(endpoint, Side(role=ROLE, request=complete, label="the project"))
        except WhereAsyncError as error:
            health = Health.MISSING if request.recipe else Health.NOTE
            failed.append(
                Symptom(subject=SUBJECT, health=health, detail=error.what, hint=error.hint)
            )
    answered = len(requests) - len(failed)
    health = Health.GOOD if requests else Health.NOTE
    said = f"{answered} of {len(requests)} answered as expected"
    yield Symptom(subject=SUBJECT, health=health, detail=said)
    yield from failed
