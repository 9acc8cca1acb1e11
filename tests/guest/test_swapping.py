"""Another view in a view's place, without touching the URLconf."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.bakery import Bakery, open_bakery

if TYPE_CHECKING:
    from pathlib import Path

# Swaps as a server does, then asks for pages.
TRY = """
    import json
    import os

    from django.core.management.base import BaseCommand
    from django.test import Client

    from whereasync_guest.swapping import swap

    class Command(BaseCommand):
        def handle(self, **options):
            swap(json.loads(os.environ["SWAPS"]))
            print(json.dumps([self.get(path) for path in json.loads(os.environ["PATHS"])]))

        def get(self, path):
            answer = Client(SERVER_NAME="localhost").get(path)
            return answer.json() if answer.status_code == 200 else answer.status_code
"""


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    """Return a project that swaps by a command."""
    bakery = open_bakery(tmp_path)
    bakery.write({"bakery/management/commands/swap.py": TRY})
    bakery.migrate()
    return bakery


def ask(bakery: Bakery, swaps: dict[str, str], *paths: str) -> Any:
    """Return what those paths answer, views swapped."""
    env = {"SWAPS": json.dumps(swaps), "PATHS": json.dumps(paths)}
    return bakery.ask("manage", "swap", env=env).printed


def test_unswapped(bakery: Bakery) -> None:
    """Without a swap the project answers as ever, so that the other tests can fail."""
    answers = ask(bakery, {}, "/bread/1/", "/again/1/", "/oven/")
    assert answers == [302, {"view": "detail"}, {"view": "oven", "heat": 7}]


def test_swapped_views(bakery: Bakery) -> None:
    """A function is replaced on every route, below decorators, partials and includes."""
    swaps = {"bakery.views.detail": "bakery.views.other", "bakery.views.Oven": "bakery.views.Stove"}
    answers = ask(bakery, swaps, "/bread/1/", "/again/1/", "/oven/")
    assert answers == [{"view": "other"}, {"view": "other"}, {"view": "stove", "heat": 7}]
    said = bakery.ask("prepare", swaps=swaps).prepared["said"]
    left_out = "bakery.views.other: what the URLconf wraps bakery.views.detail in is left out"
    assert [each for each in said if left_out in each]


def test_swapped_method(bakery: Bakery) -> None:
    """A method of a class of views is replaced in the class, so its options stay."""
    answers = ask(bakery, {"bakery.views.Oven.get": "bakery.views.answer"}, "/oven/", "/stove/")
    assert answers == [{"view": "answer", "heat": 7}, {"view": "stove", "heat": 2}]


FAULTS: list[tuple[dict[str, str], str]] = [
    ({"bakery.views.other": "bakery.views.detail"}, "no route serves bakery.views.other"),
    ({"bakery.views.missing": "bakery.views.other"}, "there is no bakery.views.missing"),
    ({"nowhere.at.all": "bakery.views.other"}, "there is no nowhere.at.all"),
    ({"bakery.views.detail": "bakery.broken.other"}, "bakery.broken.other can't be imported"),
]


def test_faults_of_swapping(bakery: Bakery) -> None:
    """A name that leads nowhere, or that no route serves, is a fault before any load."""
    bakery.write({"bakery/broken.py": "import a_package_that_nobody_has"})
    asked = bakery.ask_all(*((["prepare"], {"swaps": swaps}) for swaps, _ in FAULTS))
    for each, (_, expected) in zip(asked, FAULTS, strict=True):
        assert each.fault[0].startswith(expected)
        assert each.fault[1]
