"""The dry run of a whole project: every request once, on data of ours, before any load.

What is configured must be answered as configured. A route that is asked for by itself may want a
login or what only its user knows: that is said, and nothing is missing. A newcomer would say it
of each route by itself: of a hundred that want a login, a reader needs one line.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync.bench.dryrun import Asker, RefusedError
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
NAMED = 3  # paths of those that are answered alike
FAILED = 500
_LEAVES = re.compile(r"(?<![a-z])(?:log|sign)[-_]?(?:out|off)(?![a-z])", re.IGNORECASE)


def list_requests(inventory: Inventory, config: Config, user: str = "") -> tuple[Request, ...]:
    """Return what is configured, then each route without parameters that isn't among it.

    Where nothing is said of who asks it is ``user``, as the project calls them.
    """
    written = (write_request(each, config) for each in config.requests)
    configured = tuple(replace(each, user=each.user or user) for each in written)
    known = {each.path for each in configured}
    paths = (write_path(route) for route in list_plain(inventory.routes))
    plain = dict.fromkeys(path for path in paths if path and path not in known)
    last = sorted(plain, key=lambda path: bool(_LEAVES.search(path)))  # or all others are anonymous
    return (*configured, *(Request(path=path, user=user) for path in last))


def ask_all(setting: OwnSetting, arm: Arm, requests: Sequence[Request]) -> Iterator[Symptom]:
    """Bring the project up by that arm, ask it each request, and yield what came of it."""
    try:
        with supervised() as supervisor, setting.bring_up(supervisor) as project:
            project.prepare()
            env = project.copy(ROLE, ROLE)
            app = project.app
            with launch(arm, app, supervisor, env=env, is_trusted=False) as endpoint:
                asker = Asker(patience=PATIENCE, catalogue="whereasync init")
                yield from _ask(project, asker, endpoint, requests, str(arm))
            yield from (
                Symptom(subject="calls", health=Health.NOTE, detail=each.detail, hint=each.hint)
                for each in project.find_caveats()
            )
    except WhereAsyncError as error:
        yield Symptom(
            subject=SUBJECT, health=Health.MISSING, detail=error.what, hint=error.hint or "mend it"
        )


def _ask(
    project: OwnProject, asker: Asker, endpoint: Endpoint, requests: Sequence[Request], by: str
) -> Iterator[Symptom]:
    failed: list[Symptom] = []
    alike: dict[tuple[int, bool], list[Request]] = {}
    for request in requests:
        complete = project.complete_request(request)
        try:
            asker.ask(endpoint, Side(role=ROLE, request=complete, label="the project"))
        except WhereAsyncError as error:
            if isinstance(error, RefusedError) and not request.recipe and error.status < FAILED:
                alike.setdefault((error.status, error.wants_login), []).append(request)
                continue
            health = Health.MISSING if request.recipe else Health.NOTE
            failed.append(
                Symptom(subject=SUBJECT, health=health, detail=error.what, hint=error.hint)
            )
    answered = len(requests) - len(failed) - sum(map(len, alike.values()))
    health = Health.GOOD if requests else Health.NOTE
    said = f"{answered} of {len(requests)} answered as expected, by {by}"
    yield Symptom(subject=SUBJECT, health=health, detail=said)
    yield from failed
    for (status, wants_login), asked in alike.items():
        hint = _hint(status, asked[0], wants_login=wants_login, is_only=not answered)
        yield _say_alike(status, asked, hint, wants_login=wants_login)


def _say_alike(
    status: int, requests: Sequence[Request], hint: str, *, wants_login: bool
) -> Symptom:
    """Return what is said of routes that nobody configured, and that are answered alike."""
    paths = [each.path for each in requests]
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    does = "redirect to a login" if wants_login else f"answer {status}"
    does = does if len(paths) > 1 else does.replace(" ", "s ", 1)
    return Symptom(
        subject=SUBJECT,
        health=Health.NOTE,
        detail=f"{len(paths)} {does}: {', '.join(paths[:NAMED])}{more}",
        hint=hint,
    )


def _hint(status: int, request: Request, *, wants_login: bool, is_only: bool) -> str:
    """Return what can be done; ``is_only`` where no route was answered as expected."""
    if not request.user and (wants_login or status in {401, 403}):
        return "ask as a user: --as NAME"
    if wants_login or status == 403:
        return "another user may: --as NAME"
    if status == 401:
        return "a session isn't enough: give its headers in [[requests]]"
    if status == 400 and is_only:  # else some view misses its parameters
        return 'if it minds the host, name one: host = "shop.example.com"'
    return ""
