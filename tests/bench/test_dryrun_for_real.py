"""What Django itself answers to a race that can't be: one server of the demo's project."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import pytest
from tests import synthetic

from whereasync import bench
from whereasync.bench import dryrun
from whereasync.cli.measuring import demo_setting
from whereasync.errors import BadInputError
from whereasync.model import Arm, Interface, Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from whereasync.bench import Observer, Stage
    from whereasync.bench.stage import Project
    from whereasync.servers import Endpoint

GUNICORN = Arm(server="gunicorn", interface=Interface.WSGI)
HELLO = Request(path="/plain/hello/sync/")
CARS = Request(path="/as-written/cars/sync/", method="PUT")  # csrf_exempt: the view sees it


class Nobody:
    """Hears nothing."""

    def stage(self, what: str) -> None:
        """Not what is being done."""

    def expect(self, seconds: float) -> None:
        """Not how long it will take."""

    def notice(self, what: str) -> None:
        """Not what is said before."""


@dataclass(frozen=True)
class Up:
    """A stage whose only server is up already, for both arms."""

    endpoint: Endpoint
    observer: Observer
    project: Project

    @contextmanager
    def launch_all(self, *_: object) -> Iterator[dict[str, Endpoint]]:
        """Give it to each role."""
        yield {"a": self.endpoint, "b": self.endpoint}


REFUSED = (
    (HELLO, Request(path="/nope/"), "B answers 404 to GET /nope/", "check the path"),
    (
        *(HELLO, Request(path="/plain/hello/sync")),
        "B answers 301 to GET /plain/hello/sync: it redirects to /plain/hello/sync/",
        "race /plain/hello/sync/",
    ),
    (
        *(HELLO, Request(path="/private/")),
        "B answers 302 to GET /private/: it redirects to a login, /accounts/login/?next=/private/",
        "send a session: --header …",
    ),
    (
        *(HELLO, Request(path="/plain/query/sync/")),
        "A and B answer differently: at byte 0, b'hello\\n' against b'{\"car\": 1",
        "--volatile REGEX, or give --different-work",
    ),
    (
        *(CARS, CARS),
        "A answers 405 to PUT /as-written/cars/sync/: the view takes GET, POST",
        "give one of these: --method",
    ),
    (
        *(replace(HELLO, method="DELETE"), HELLO),
        "A answers 403 to DELETE /plain/hello/sync/",
        "Django wants a CSRF token",
    ),
    (
        *(HELLO, Request(path="/planted/sync/?burn=x")),
        "B answers 400 to GET /planted/sync/?burn=x",
        "expect it with --status 400",
    ),
)


@pytest.mark.server
def test_what_django_refuses_is_said_before_any_load(tmp_path: Path) -> None:
    """Each in one line with the next step, and whoever answers alike may race."""
    directory, begun = synthetic.begin(tmp_path / "run", synthetic.two_arms())
    said: list[BadInputError] = []

    def play(stage: Stage) -> None:
        stage.project.load_race(1)
        with stage.launch_all({"a": GUNICORN}, "ask") as endpoints:
            up = cast("Stage", Up(endpoints["a"], stage.observer, stage.project))
            check(up, HELLO, HELLO)
            for a, b, _, _ in REFUSED:
                with pytest.raises(BadInputError) as refused:
                    check(up, a, b)
                said.append(refused.value)

    bench.perform(play, demo_setting("sqlite:"), begun, directory, Nobody(), budget=None)
    for error, (_, _, what, hint) in zip(said, REFUSED, strict=True):
        assert error.what.startswith(what)
        assert hint in error.hint
        assert "\n" not in error.what + error.hint


def check(up: Stage, a: Request, b: Request) -> None:
    """Ask both sides of a race between these requests."""
    planned = synthetic.two_arms()
    [cell] = planned.cells
    sides = {"a": replace(cell.a, request=a), "b": replace(cell.b, request=b)}
    dryrun.check(up, replace(planned, cells=(replace(cell, **sides),)))
