"""Which declared route answers."""

from __future__ import annotations

import pytest

from whereasync.errors import BadInputError
from whereasync.model import StandInRoute
from whereasync.upstreams.matching import compile_routes, match


def answering(routes: list[str], method: str, target: str) -> str | None:
    """Return which of the routes, each written METHOD PATH or PATH, answers."""
    patterns = compile_routes(
        StandInRoute(path=each.split()[-1], method=each.split()[0] if " " in each else "")
        for each in routes
    )
    found = match(patterns, method, target)
    return None if found is None else f"{found.method} {found.path}".strip()


@pytest.mark.parametrize(
    ("routes", "target", "answers"),
    [
        (["/items/{id}", "/items/new"], "/items/new", "/items/new"),
        (["/items/{id}", "/items/new"], "/items/7", "/items/{id}"),
        (["/items/{id}"], "/items/", None),
        (["/items/{id}"], "/items/7/parts", None),
        (["/items/{id}"], "/items/a%2Fb", None),  # decoded, as a server sees its path
        (["/*", "/items/*", "/items/{id}"], "/items/7", "/items/{id}"),
        (["/*", "/items/*", "/items/{id}"], "/items/7/8", "/items/*"),
        (["/*", "/items/*", "/items/{id}"], "/", "/*"),
        (["/{a}/b", "/a/{b}"], "/a/b", "/a/{b}"),
        (["/{name}", "/{name}.json"], "/x.json", "/{name}.json"),
        (["/s", "/s?page=2"], "/s?page=2&q=x", "/s?page=2"),
        (["/s", "/s?page=2"], "/s?page=3", "/s"),
        (["/s?page=2"], "/s", None),
        (["/a.b"], "/axb", None),
        (["/caf%C3%A9"], "/caf%c3%a9", "/caf%C3%A9"),
        (["/first/{a}", "/first/{b}"], "/first/1", "/first/{a}"),
    ],
)
def test_the_most_specific_answers(routes: list[str], target: str, answers: str | None) -> None:
    """Whatever the order in which they are written; of equals the first."""
    assert answering(routes, "GET", target) == answers
    if answers != "/first/{a}":
        assert answering(routes[::-1], "GET", target) == answers


@pytest.mark.parametrize(
    ("method", "answers"),
    [("POST", "POST /a"), ("GET", "/a"), ("HEAD", "/a")],
)
def test_a_named_method_goes_first(method: str, answers: str) -> None:
    """And the one without answers the rest."""
    assert answering(["/a", "POST /a"], method, "/a") == answers


def test_get_answers_head_and_nothing_else() -> None:
    """As servers do."""
    assert answering(["GET /a"], "HEAD", "/a") == "GET /a"
    assert answering(["GET /a"], "POST", "/a") is None
    assert answering(["HEAD /a"], "GET", "/a") is None


@pytest.mark.parametrize("path", ["items", "", "/a/*/b", "/a*b", "/{id", "/id}", "/{1}", "/**"])
def test_no_path(path: str) -> None:
    """Is said in a line, with how to write one."""
    with pytest.raises(BadInputError, match="the path") as caught:
        compile_routes([StandInRoute(path=path)])
    assert caught.value.hint
