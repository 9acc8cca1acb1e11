"""Stand-ins as a configuration declares them."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from whereasync.errors import BadInputError
from whereasync.model import StandIn, StandInRoute
from whereasync.upstreams.declared import read_stand_ins

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "https://api.example.com"


def read(text: str, directory: Path) -> Any:
    """Read what stands below [stand-ins] in a TOML file."""
    return read_stand_ins(tomllib.loads(text).get("stand-ins", {}), directory)


def test_all_that_can_be_said(tmp_path: Path) -> None:
    """Of an origin and its routes."""
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    found = read(
        """
        [stand-ins]
        recording = "checkout"

        [stand-ins."https://API.example.com:443"]
        latency = "20ms"
        connect = "exponential:30ms"
        [[stand-ins."https://API.example.com:443".routes]]
        path = "/items/{id}"
        json = {id = 1, tags = ["a"]}
        [[stand-ins."https://API.example.com:443".routes]]
        path = "/pay"
        method = "post"
        status = 201
        latency = "lognormal:80ms,0.5"
        body = "paid"
        headers = {X-Id = 7, Set-Cookie = ["a=1", "b=2"]}
        [[stand-ins."https://API.example.com:443".routes]]
        path = "/logo"
        file = "logo.png"
        [[stand-ins."https://API.example.com:443".routes]]
        path = "/gone"
        status = 204
        [[stand-ins."https://API.example.com:443".routes]]
        path = "/page"
        body = "<p>"
        headers = {content-type = "text/html"}
        """,
        tmp_path,
    )
    assert found.recording == "checkout"
    assert found.declared == (
        StandIn(
            origin=ORIGIN,
            connect="exponential:30ms",
            routes=(
                StandInRoute(
                    path="/items/{id}",
                    headers=(("Content-Type", "application/json"),),
                    body=b'{"id": 1, "tags": ["a"]}',
                    latency="20ms",
                ),
                StandInRoute(
                    path="/pay",
                    method="POST",
                    status=201,
                    headers=(
                        ("Content-Type", "text/plain; charset=utf-8"),
                        ("X-Id", "7"),
                        ("Set-Cookie", "a=1"),
                        ("Set-Cookie", "b=2"),
                    ),
                    body=b"paid",
                    latency="lognormal:80ms,0.5",
                ),
                StandInRoute(
                    path="/logo",
                    headers=(("Content-Type", "image/png"),),
                    body=b"\x89PNG",
                    latency="20ms",
                ),
                StandInRoute(path="/gone", status=204, latency="20ms"),
                StandInRoute(
                    path="/page",
                    headers=(("content-type", "text/html"),),
                    body=b"<p>",
                    latency="20ms",
                ),
            ),
        ),
    )


def test_nothing_said(tmp_path: Path) -> None:
    """Declares nothing."""
    assert read("", tmp_path).declared == ()


ROUTES = f"""[stand-ins."{ORIGIN}"]
latency = "20ms"
routes = [%s]
"""


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("[stand-ins]\nrecording = 1", "recording is no name"),
        ('[stand-ins."api.example.com"]', "is no origin"),
        ('[stand-ins."https://10.0.0.1"]\nroutes = 1', "is an address"),
        (f'[stand-ins]\n"{ORIGIN}" = 1', "is no table"),
        (f'[stand-ins."{ORIGIN}"]', "has no latency"),
        (f'[stand-ins."{ORIGIN}/v1"]\nroutes = [{{path = "/"}}]', "has a path and routes"),
        (f'[stand-ins."{ORIGIN}?a=1"]\nlatency = "1ms"', "is more than the origin"),
        (f'[stand-ins."{ORIGIN}"]\nroutes = []', "has no routes"),
        (f'[stand-ins."{ORIGIN}"]\nrouts = []', "there is no “routs”"),
        (f'[stand-ins."{ORIGIN}"]\nroutes = [{{path = "/"}}]', "has no latency"),
        (f'[stand-ins."{ORIGIN}"]\nlatency = 20\nroutes = [{{path = "/"}}]', "20 is no text"),
        (f'[stand-ins."{ORIGIN}"]\nlatency = "soon"\nroutes = [{{path = "/"}}]', "no duration"),
        (
            (ROUTES % '{path = "/"}').replace("latency", 'connect = "x:1ms"\nlatency'),
            "unknown distribution",
        ),
        (ROUTES % "7", "a route of .* is no table"),
        (ROUTES % "{status = 200}", "has no path"),
        (ROUTES % '{path = "x"}', "doesn't begin with a slash"),
        (ROUTES % '{path = "/", delay = 1}', "there is no “delay”"),
        (ROUTES % '{path = "/", method = "FETCH"}', "'FETCH' is no method"),
        (ROUTES % '{path = "/", status = 99}', "99 is no status"),
        (ROUTES % '{path = "/", status = true}', "True is no status"),
        (ROUTES % '{path = "/", status = "200"}', "is no status"),
        (ROUTES % '{path = "/", body = "a", json = 1}', "two bodies, body and json"),
        (ROUTES % '{path = "/", body = 1}', "body is no text"),
        (ROUTES % '{path = "/", json = 2026-01-01}', "that is no JSON"),
        (ROUTES % '{path = "/", json = nan}', "that is no JSON"),
        (ROUTES % '{path = "/", file = "missing.json"}', "missing.json can't be read: no such"),
        (ROUTES % '{path = "/", headers = 1}', "the headers are no table"),
        (ROUTES % '{path = "/", headers = {"a b" = "c"}}', "can't name a header"),
        (ROUTES % '{path = "/", headers = {a = "b\\r\\nc: d"}}', "is no line of text"),
        (ROUTES % '{path = "/", headers = {a = 1.5}}', "is no line of text"),
        (ROUTES % '{path = "/", headers = {content-length = "1"}}', "follows from the body"),
    ],
)
def test_what_cannot_be(text: str, telling: str, tmp_path: Path) -> None:
    """One line that names the entry, and a next step."""
    with pytest.raises(BadInputError, match=telling) as caught:
        read(text, tmp_path)
    assert "\n" not in caught.value.what
    assert caught.value.hint


def test_a_table_without_routes(tmp_path: Path) -> None:
    """Answers all that is asked below its URL; tables of one origin are one stand-in."""
    found = read(
        f"""
        [stand-ins."{ORIGIN}"]
        latency = "20ms"
        connect = "30ms"
        [stand-ins."https://API.example.com:443/rates/"]
        latency = "5ms"
        json = []
        """,
        tmp_path,
    )
    [stand_in] = found.declared
    assert (stand_in.origin, stand_in.connect) == (ORIGIN, "30ms")
    assert [(each.path, each.latency, each.body) for each in stand_in.routes] == [
        ("/*", "20ms", b""),
        ("/rates", "5ms", b"[]"),
        ("/rates/*", "5ms", b"[]"),
    ]


def test_the_nearest_name(tmp_path: Path) -> None:
    """Of a key that isn't known."""
    with pytest.raises(BadInputError) as caught:
        read(ROUTES % '{path = "/", staus = 200}', tmp_path)
    assert caught.value.hint == "did you mean status?"
