"""Asks each arm once before any load: what can't be raced is the user's to mend, and said at once.

Two answers of each side, one request at a time. A newcomer would let the race find a 404 by itself:
it would, after a minute of starting servers, as a void cell.
"""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.load.answers import describe_difference, mask
from whereasync.load.http import FORM
from whereasync.servers import find_complaint, telling_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whereasync.bench.stage import Stage
    from whereasync.model import Experiment, Request, Side
    from whereasync.servers import Endpoint

TIMEOUT = 60.0  # s; the first answer may load half the project
SAFE = ("GET", "OPTIONS")  # RFC 9110 9.2.1; Django asks no token for these
REDIRECTS = (301, 302, 303, 307, 308)
LOG = 400  # lines of a log to look for an error in
_LOGIN = re.compile(  # as words: a blog-index, authors, auth-tokens are none
    r"(?<![a-z])(?:(?:log|sign)[-_]?in(?![a-z])|(?:o?auth(?:enticate|ori[sz]e)?|sso)(?![a-z_-]))",
    re.IGNORECASE,
)


def check(stage: Stage, experiment: Experiment) -> None:
    """Ask every side; BadInputError for what it answers, or if the sides answer differently."""
    stage.observer.stage("ask each arm once")
    arms = {role: candidates[0] for role, candidates in experiment.candidates.items()}
    pairs = dict.fromkeys((cell.a, cell.b, cell.is_same_work) for cell in experiment.cells)
    patience = min(TIMEOUT, experiment.budget or TIMEOUT)
    asker = Asker(patience=patience, catalogue=stage.project.catalogue)
    with stage.launch_all(arms, "ask") as endpoints:
        for a, b, is_same_work in pairs:
            bodies = [_ask_twice(endpoints, side, asker) for side in (a, b)]
            if is_same_work:
                _check_alike(bodies[0], bodies[1])


def check_stacks(stage: Stage, experiment: Experiment) -> None:
    """Serve the project on each stack and ask it all; BadInputError names the stack that can't."""
    for role, stack in experiment.stacks.items():
        stage.observer.stage(f"try stack {stack.name}")
        sides = [side for cell in experiment.cells for side in (cell.a, cell.b)]
        arm = experiment.candidates[role][0]
        asker = Asker(catalogue=stage.project.catalogue)
        try:
            with stage.launch_all({role: arm}, "try") as endpoints:
                for side in dict.fromkeys(side for side in sides if side.role == role):
                    asker.ask(endpoints[role], side)
        except WhereAsyncError as error:
            raise BadInputError(
                f"the project doesn't run on stack {stack.name}: {error.what}",
                f"change one of {' '.join(stack.requirements)}",
            ) from error


def _ask_twice(endpoints: Mapping[str, Endpoint], side: Side, asker: Asker) -> tuple[bytes, bytes]:
    endpoint = endpoints[side.role]
    first, second = (asker.ask(endpoint, side) for _ in range(2))
    return mask(first, side.request), mask(second, side.request)


def _check_alike(a: tuple[bytes, bytes], b: tuple[bytes, bytes]) -> None:
    if a[0] == a[1] == b[0] == b[1]:
        return
    if a[0] != a[1]:
        who, place = "A answers differently each time", describe_difference(*a)
    elif b[0] != b[1]:
        who, place = "B answers differently each time", describe_difference(*b)
    else:
        who, place = "A and B answer differently", describe_difference(a[0], b[0])
    raise BadInputError(
        f"{who}: {place}",
        "make both do the same work, name what may differ with --volatile REGEX, "
        "or give --different-work",
    )


def write_head(request: Request) -> dict[str, str]:
    """Return the headers of a request that gets a connection of its own."""
    form = {"Content-Type": FORM} if request.body else {}
    return {**form, **dict(request.headers), "Connection": "close"}


class RefusedError(BadInputError):
    """An answer that isn't what was expected: its status, and whether it asks for a login."""

    def __init__(self, what: str, hint: str, *, status: int, wants_login: bool) -> None:
        """Take both beside what every error has."""
        super().__init__(what, hint)
        self.status = status
        self.wants_login = wants_login


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Asks one request at a time, and says of an answer that isn't right what to do."""

    patience: float = TIMEOUT  # s
    catalogue: str  # the command that shows what can be asked for

    def ask(self, endpoint: Endpoint, side: Side) -> bytes:
        """Return the body of a good answer."""
        request = side.request
        connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=self.patience)
        try:
            connection.request(
                request.method,
                request.path,
                body=request.body.encode() or None,
                headers=write_head(request),
            )
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            said = find_complaint(endpoint.child.tail(LOG))
            raise BadInputError(
                f"{side.label} gives no answer to {request.method} {request.path}: {error}",
                f"its server's log says: {said}"
                if said
                else "ask it by hand, and see whether it ends",
            ) from error
        finally:
            connection.close()
        if answer.status != request.status:
            raise self._refuse(side, answer, endpoint)
        return body

    def _refuse(
        self, side: Side, answer: http.client.HTTPResponse, endpoint: Endpoint
    ) -> RefusedError:
        """Say what an unexpected status means, and what to do about it."""
        request, status = side.request, answer.status
        location = answer.getheader("Location", "")
        page = location.partition("?")[0]
        expect = f"expect it with --status {status}"
        wants_login = status in REDIRECTS and bool(_LOGIN.search(page))
        match status:
            case 301 | 308 if (
                page.endswith("/") and page.rstrip("/") == request.path.partition("?")[0]
            ):
                more, hint = f"it redirects to {location}", f"race {location}"
            case _ if wants_login:
                more = f"it redirects to a login, {location}"
                hint = "ask as a user of the project's: --as NAME; or send a session: --header …"
            case 301 | 302 | 303 | 307 | 308:
                more, hint = f"it redirects to {location}", f"race {location}, or {expect}"
            case 400:
                more = ""
                hint = f'if it minds the host, name one: host = "shop.example.com"; or {expect}'
            case 404:
                more, hint = "", f"check the path; {self.catalogue} lists what there is"
            case 405:
                more = f"the view takes {answer.getheader('Allow') or 'other methods'}"
                hint = "give one of these: --method"
            case 403 if request.method in SAFE:
                more, hint = "", "send who may see it: --header 'Cookie: sessionid=…'"
            case 403:
                more = ""
                hint = f"if it takes {request.method}, Django wants a CSRF token, or csrf_exempt"
            case _ if status >= 500:
                more = telling_line(endpoint.child.tail(LOG))
                is_ours = "whereasync:" in more  # a call that was refused: the line says what to do
                hint = "" if is_ours else "mend the view first"
            case _:
                more, hint = "", f"send what it needs, or {expect}"
        what = f"{side.label} answers {status} to {request.method} {request.path}"
        said = f"{what}: {more}" if more else what
        return RefusedError(said, hint, status=status, wants_login=wants_login)
