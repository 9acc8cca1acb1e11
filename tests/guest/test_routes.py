"""Every URL pattern, with its full path: beside what Django's own resolver says of the project."""

from __future__ import annotations

import re
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from whereasync_guest.routes import Leaf, _describe, _walk

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Asking

LOCALE = "MIDDLEWARE = ['django.middleware.locale.LocaleMiddleware']\n"
SETTINGS = "SECRET_KEY = 'x'\nROOT_URLCONF = 'urls'\n"


def test_no_pattern_is_lost_and_none_is_there_twice(
    inventory: dict[str, Any], walked: dict[str, Any]
) -> None:
    """As often each as reverse() knows it."""
    ours = Counter(route["template"] for route in inventory["routes"])
    assert ours == Counter(walked["templates"])
    assert len(inventory["routes"]) > 80


def test_a_path_leads_to_the_view_of_that_name(
    inventory: dict[str, Any], walked: dict[str, Any]
) -> None:
    """Django resolves each path without parameters to the first pattern that has it."""
    names: dict[str, str] = {}
    for route in inventory["routes"]:
        names.setdefault(route["template"], route["name"])
    found = {path: name for path, name in walked["found"].items() if names[path]}
    assert found == {path: names[path] for path in found}
    assert len(found) > 40


def test_a_regular_expression_matches_what_it_says_a_request_writes(
    inventory: dict[str, Any],
) -> None:
    """Whatever was joined, included, anchored in the middle or named twice."""
    values = {"year": "2026", "pk": "7", "section": "a", "_0": "1", "_1": "2", "url": "x"}
    values |= {"tenant": "t", "format": "json", "app_label": "auth"}
    expressions = [each for each in inventory["routes"] if each["path"].startswith("^")]
    for route in expressions:
        assert re.search(route["path"], route["template"].format(**values)), route
    assert len(expressions) > 10


@pytest.mark.parametrize(
    ("name", "path", "template", "parameters"),
    [
        ("shop:item", "/shop/item/<int:pk>/", "/shop/item/{pk}/", {"pk": "int"}),
        (
            "tenant:item",
            "/<str:tenant>/shop/item/<int:pk>/",
            "/{tenant}/shop/item/{pk}/",
            {"tenant": "str", "pk": "int"},
        ),
        (
            "tenant:year",
            "^/(?P<tenant>[^/]+)/shop/year/(?P<year>[0-9]{4})/$",
            "/{tenant}/shop/year/{year}/",
            {"tenant": "str", "year": "regex"},
        ),
        (
            "old",
            r"^/old/(?P<section>\w+)/item/(?P<pk>[0-9]+)/$",
            "/old/{section}/item/{pk}/",
            {"section": "regex", "pk": "int"},
        ),
        ("pair", r"^/pair/(\d+)-(\d+)/$", "/pair/{_0}-{_1}/", {"_0": "regex", "_1": "regex"}),
        ("either", "^/(?:either/$|or/$)", "/either/", {}),
        ("anywhere", "^/.*?anywhere/$", "/anywhere/", {}),
        ("home", "/en/home/", "/en/home/", {}),
        ("api-1.0.0:read_thing", "/ninja/things/<int:number>", None, {"number": "int"}),
        ("rest:user-promote", "^/rest/users/(?P<pk>[^/.]+)/promote/$", None, {"pk": "regex"}),
    ],
)
def test_a_path_is_complete(
    by_name: dict[str, dict[str, Any]],
    name: str,
    path: str,
    template: str | None,
    parameters: dict[str, str],
) -> None:
    """With what it is included below, its converters, its namespaces, the language."""
    route = by_name[name]
    assert route["path"] == path
    assert template in {None, route["template"]}
    assert route["parameters"] == parameters


def test_a_group_named_twice_is_the_inner_ones() -> None:
    """Two groups of a name are no regular expression; Django passes the inner one on."""
    from django.urls.resolvers import RegexPattern

    chain = (RegexPattern(r"^(?P<pk>[^/]+)/"), RegexPattern(r"^(?P<pk>\w+)/$"))
    view = SimpleNamespace(callback=None, name=None)
    warnings: list[str] = []
    route = _describe(Leaf(chain, (), view), warnings)
    found = re.search(route["path"], "/7/seven/")
    assert found is not None
    assert found["pk"] == "seven"
    assert route["parameters"] == {"pk": "regex"}
    assert route["template"] == "/{pk}/{pk}/"


def test_urls_that_include_themselves_come_to_an_end() -> None:
    """And whatever is no pattern is left out, aloud."""
    leaf = SimpleNamespace(pattern="leaf/", callback=print)
    ring = SimpleNamespace(pattern="ring/", namespace="ring", url_patterns=[leaf, "stray"])
    ring.url_patterns.append(ring)
    warnings: list[str] = []
    found = list(_walk([ring], warnings))
    assert [(each.chain, each.namespaces) for each in found] == [(("ring/", "leaf/"), ("ring",))]
    assert warnings == [
        "'stray' among the URLs is no pattern of Django's: left out",
        "ring/ includes itself: looked at once",
    ]


def test_one_odd_view_is_a_warning_and_the_others_go_on(
    inventory: dict[str, Any], by_name: dict[str, dict[str, Any]]
) -> None:
    """Its route stays, without handlers."""
    said = "/trap/: its view can't be looked at: RuntimeError: nobody may look inside"
    assert said in inventory["warnings"]
    assert by_name["trap"]["handlers"] == []
    empty = [route["name"] for route in inventory["routes"] if not route["handlers"]]
    assert empty == ["trap"]


def test_an_expression_that_django_cant_write_is_a_warning() -> None:
    """The route stays; no request can be made up for it."""
    from django.urls.resolvers import RegexPattern

    warnings: list[str] = []
    view = SimpleNamespace(callback=None, name="odd")
    route = _describe(Leaf((RegexPattern(r"^(a)(?(1)b|c)$"),), (), view), warnings)
    assert (route["template"], route["parameters"]) == ("", {"_0": "regex"})
    assert warnings[0].startswith("^/(?:(a)(?(1)b|c)$): no request can be made for it: ")


@pytest.mark.parametrize(
    ("urls", "what", "hint"),
    [
        (
            "import os\nos.environ['SHOP_KEY']\n",
            "the URLs of urls can't be loaded: the environment variable SHOP_KEY is missing",
            'environment = { SHOP_KEY = "…" }',
        ),
        (
            "\nimport sys; sys.exit('no licence')\n",
            "the URLs of urls can't be loaded: the project ends its own process",
            "environment = { … }",
        ),
        ("\nurlpatterns = 1/0\n", "ZeroDivisionError: division by zero", "-m django check"),
    ],
)
def test_urls_that_raise_are_a_fault(
    ask: Asking, tmp_path: Path, urls: str, what: str, hint: str
) -> None:
    """With the line that raised, and a next step."""
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "urls.py").write_text(urls)
    fault = ask(tmp_path, "settings")["fault"]
    assert what in fault["what"]
    assert hint in fault["hint"]
    assert fault["where"] == "urls.py, line 2"


def test_settings_without_urls_are_a_fault(ask: Asking, tmp_path: Path) -> None:
    """Rather than Django's word about an attribute."""
    (tmp_path / "settings.py").write_text("SECRET_KEY = 'x'\n")
    fault = ask(tmp_path, "settings")["fault"]
    assert fault["what"] == "the settings have no ROOT_URLCONF"


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ("", "/en-us/hello/"),
        (LOCALE, "/en/hello/"),
        (
            f"{LOCALE}LANGUAGES = [('de', 'Deutsch')]\n",
            "/en-us/hello/",
        ),
    ],
)
def test_a_languages_prefix_is_that_of_who_asks_for_none(
    ask: Asking, tmp_path: Path, settings: str, path: str
) -> None:
    """LocaleMiddleware takes the nearest language that is there; without it the code is as is."""
    (tmp_path / "settings.py").write_text(f"{SETTINGS}USE_I18N = True\n{settings}")
    (tmp_path / "urls.py").write_text(
        "from django.conf.urls.i18n import i18n_patterns\n"
        "from django.urls import path\n"
        "urlpatterns = i18n_patterns(path('hello/', print))\n"
    )
    inventory = ask(tmp_path, "settings")["inventory"]
    assert [route["path"] for route in inventory["routes"]] == [path]
