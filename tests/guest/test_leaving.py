"""How the guest's process ends: the project's threads don't keep it, a command's are waited for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.bakery import Bakery, open_bakery

if TYPE_CHECKING:
    from pathlib import Path

# Neither ends by itself: what keeps the process would keep it for ever.
THREADS = """
    import threading

    threading.Thread(target=threading.Event().wait).start()
"""
WORK = """
    import threading

    from django.core.management.base import BaseCommand

    class Command(BaseCommand):
        def handle(self, **options):
            self.goes = threading.Event()
            threading.Thread(target=self.work).start()
            self.goes.set()

        def work(self):
            self.goes.wait()
            threading.main_thread().join(0.2)  # by then the command has returned
            print('"it is done"', flush=True)
"""


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    """Return a project that starts a thread as it is imported."""
    bakery = open_bakery(tmp_path)
    bakery.write({"bakery/__init__.py": THREADS, "bakery/management/commands/work.py": WORK})
    bakery.migrate()
    return bakery


def test_a_thread_of_the_projects_import_keeps_nobody(bakery: Bakery) -> None:
    """Its answer is written, and its exit code said."""
    assert bakery.ask("inventory").answer["inventory"]["settings"] == "bakery.settings"
    bakery.say('raise RuntimeError("no licence")')
    what, _ = bakery.ask("inventory").fault
    assert what == "RuntimeError: no licence"


def test_a_command_that_left_a_thread_at_work_is_waited_for(bakery: Bakery) -> None:
    """As manage.py would: a seed that isn't done isn't one."""
    asked = bakery.ask("manage", "work")
    assert asked.printed == "it is done"
    assert json.dumps(asked.answer)
