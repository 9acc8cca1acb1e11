"""How a project is served, and which of its views are async, as far as anything says."""

from __future__ import annotations

import pytest
from tests.inventories import evidence, inventory, route, view

from whereasync.advise import Serving
from whereasync.advise.evidence import name_async

WEB = {"wsgi": "gunicorn shop.wsgi\n", "asgi": "uvicorn shop.asgi:app\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Procfile": WEB["wsgi"]}, Serving.WSGI),
        ({"Procfile": WEB["asgi"]}, Serving.ASGI),
        ({"Procfile": WEB["asgi"], "start.sh": WEB["wsgi"]}, Serving.BOTH),
        ({"Procfile.dev": WEB["asgi"]}, Serving.UNKNOWN),
        ({"Makefile": "python manage.py runserver"}, Serving.UNKNOWN),
        ({}, Serving.UNKNOWN),
    ],
)
def test_the_commands_decide(files: dict[str, str], expected: Serving) -> None:
    """Those for developers don't count."""
    assert evidence(inventory(), files).serving is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"asgi": ""}, Serving.WSGI),
        ({"asgi": "", "wsgi": ""}, Serving.UNKNOWN),
        ({"installed_apps": ("daphne", "shop"), "asgi": ""}, Serving.ASGI),
        ({"installed_apps": ("channels",), "versions": {"channels": "3.0.5"}}, Serving.ASGI),
        ({"installed_apps": ("channels",), "versions": {"channels": "4.1.0"}}, Serving.UNKNOWN),
    ],
)
def test_without_commands_the_project_itself_may_tell(
    fields: dict[str, object], expected: Serving
) -> None:
    """A project without an ASGI entry point is served by WSGI; one with daphne isn't."""
    assert evidence(inventory(**fields)).serving is expected


def test_a_view_counts_once() -> None:
    """However many routes lead to it."""
    made = inventory(view(), view(), view("shop.views.home", is_async=False))
    assert [each.name for each in evidence(made).views] == ["shop.views.detail", "shop.views.home"]
    assert [each.name for each in evidence(made).async_views] == ["shop.views.detail"]


def test_an_async_view_has_names_in_tests() -> None:
    """Its route's name, and its path if that is all of it."""
    routes = (
        route("/feed/", view(), name="feed"),
        route("^old/$", view()),
        route("/home/", view("shop.views.home", is_async=False), name="home"),
    )
    assert name_async(inventory(routes=routes)) == {"/feed/", "feed"}
