"""``whereasync race`` on a project of the user's own: one whole race, and what can go wrong."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.bakery import Bakery, open_bakery
from tests.guarded import skip_without_namespaces

if TYPE_CHECKING:
    from conftest import Tool

pytestmark = pytest.mark.server

FILES = {
    "manage.py": """
        import os
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery.settings")
    """,
    "whereasync.toml": """
        seed = ["bake 2"]
        clients = [2]

        [[requests]]
        name = "bread"
        path = "/bread/{pk}/"
        fill = { pk = "Bread.objects.last()" }

        [stand-ins."http://rates.example.com"]
        latency = "5ms"
        body = "1.08"
    """,
    "bakery/shelf.py": """
        from urllib.request import urlopen

        from asgiref.sync import sync_to_async
        from django.contrib.auth.decorators import login_required
        from django.http import HttpResponse, HttpResponseRedirect

        from bakery.models import Bread

        @login_required
        def bread(request, pk):
            with urlopen("http://rates.example.com/latest") as answer:
                rate = answer.read().decode()
            name = Bread.objects.get(pk=pk).name
            return HttpResponse(f"{name} for {request.user.username} at {rate}")

        async def abread(request, pk):
            return await sync_to_async(bread)(request, pk)

        def burn(request):
            raise ValueError("it is burnt")
    """,
    "bakery/urls.py": """
        from django.urls import path

        from bakery import shelf, views

        urlpatterns = [
            path("", views.index),
            path("burn/", shelf.burn),
            path("bread/<int:pk>/", shelf.bread),
        ]
    """,
}
# The looks after two blocks instead of six: enough to see the whole, not to say who is faster.
HASTY = "from whereasync import cli, stats\nstats.LOOKS = (2,)\ncli.main()\n"
BROKEN = "bakery/migrations/0002_broken.py"


@pytest.fixture(scope="module", autouse=True)
def guarded() -> None:
    """Skip where there is no namespace to be had."""
    skip_without_namespaces()


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the project once, with a database of the user's."""
    bakery = open_bakery(tmp_path_factory.mktemp("bakery"))
    bakery.migrate("bake 1")
    bakery.ours.rename(bakery.directory / "theirs.sqlite3")
    shutil.rmtree(bakery.ours.parent)
    bakery.write(FILES)
    for cache in bakery.directory.rglob("__pycache__"):
        shutil.rmtree(cache)
    return bakery.directory


@pytest.fixture
def bakery(migrated: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> Bakery:
    """Give the project, where the command is run."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    shutil.copytree(migrated, tool.cwd, dirs_exist_ok=True)
    return Bakery(directory=tool.cwd)


def look(directory: Path) -> dict[str, bytes]:
    """Return what lies in the project, but for what the command printed and its own directory."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
        and path.suffix not in {".out", ".err"}
        and not path.is_relative_to(directory / ".whereasync")
    }


# ---------------------------------------------------------------- a whole race


def test_a_race_on_ones_own_project(tool: Tool, bakery: Bakery) -> None:
    """Filled, logged in, swapped and stood in for; nothing of the user's is written."""
    before = look(bakery.directory)
    ran = tool.run(
        *("race", "bread", "uvicorn@bread", "--as", "anna", "--budget", "90s", "--seed", "1"),
        *("--swap-b", "bakery.shelf.bread=bakery.shelf.abread", "--out", ".whereasync/run"),
        command=(sys.executable, "-c", HASTY),
    )
    assert ran.code == 0, ran.err
    text = " ".join(ran.out.split())
    for said in (
        "A: gunicorn,threads=16@/bread/3/ against B: uvicorn@/bread/3/",
        "bakery.settings, ",
        "; asked as anna",
        "at 2 clients, 2 blocks",
        "in B, bakery.shelf.abread answers in place of bakery.shelf.bread",
        "Ran in a network of its own",
    ):
        assert said in text
    assert "called out" not in text
    assert "no stand-in" not in text
    saved = tool.begun[0].saved(".whereasync/run")
    tasks = [task for block in saved["blocks"] for task in block["tasks"]]
    assert [(task["fault"], task["compared"]) for task in tasks] == [(None, 20), (None, 0)]
    assert "sessionid" not in str(saved)
    assert look(bakery.directory) == before


# ---------------------------------------------------------------- faults


def refuse(tool: Tool, *arguments: str, a: str = "/", b: str = "/") -> tuple[str, str]:
    """Return what was wrong and what to try; nothing was written, and no run is left."""
    before = look(tool.cwd)
    ran = tool.run("race", a, b, *arguments)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert look(tool.cwd) == before
    assert not list((tool.cwd / ".whereasync" / "runs").glob("*"))
    return ran.refusal


def test_what_keeps_the_project_from_being_imported(tool: Tool, bakery: Bakery) -> None:
    """It is said with its place: an exception, a variable, a call, a database of another kind."""
    settings = bakery.directory / "bakery" / "settings.py"
    whole = settings.read_text()
    bakery.write(DRIVER)
    mysql = "DATABASES['default']['ENGINE'] = 'django.db.backends.mysql'"
    for lines, what, hint in (
        (
            'raise RuntimeError("no licence")',
            "RuntimeError: no licence (bakery/settings.py",
            "check",
        ),
        ('import os; os.environ["BAKERY_KEY"]', "variable BAKERY_KEY is missing", "BAKERY_KEY ="),
        (
            "from urllib.request import urlopen; urlopen('http://oven.example.com')",
            "oven.example.com:80 is called, which isn't reachable here (bakery/settings.py",
            "[stand-ins]",
        ),
        (mysql, "“default” is MySQL", "PostgreSQL or SQLite"),
    ):
        settings.write_text(f"{whole}\n{lines}\n")
        said, advised = refuse(tool)
        assert what in said
        assert hint in advised


# What Django asks of the driver on import.
DRIVER = {
    "MySQLdb/__init__.py": "__version__, version_info = '2.2.7', (2, 2, 7, 'final', 0)\n",
    "MySQLdb/constants/__init__.py": "",
    "MySQLdb/constants/CLIENT.py": "def __getattr__(name):\n    return name\n",
    "MySQLdb/constants/FIELD_TYPE.py": "def __getattr__(name):\n    return name\n",
    "MySQLdb/converters.py": "conversions = {}\n",
}


def test_what_keeps_its_data_from_being_made(tool: Tool, bakery: Bakery) -> None:
    """A seed, a migration: whichever it was is named."""
    configuration = bakery.directory / "whereasync.toml"
    whole = configuration.read_text()
    configuration.write_text(whole.replace("bake 2", "bake -- -1"))
    said, advised = refuse(tool)
    assert "seed “bake -- -1”: " in said
    assert "there is no such bread" in said
    assert advised
    configuration.write_text(whole)
    bakery.write({BROKEN: MIGRATION})
    said, advised = refuse(tool)
    assert "0002_broken" in said
    assert "the flour is out" in said
    assert advised


MIGRATION = """
    from django.db import migrations

    def fail(apps, editor):
        raise ValueError("the flour is out")

    class Migration(migrations.Migration):
        dependencies = [("bakery", "0001_initial")]
        operations = [migrations.RunPython(fail)]
"""


@pytest.mark.parametrize(
    ("b", "what", "hint"),
    [
        ("bread", "B answers 302 to GET /bread/3/: it redirects to a login", "--as NAME"),
        ("/burn/", "B answers 500 to GET /burn/: ValueError: it is burnt", "mend the view"),
    ],
)
def test_what_only_a_server_knows(tool: Tool, bakery: Bakery, b: str, what: str, hint: str) -> None:
    """It is said before any load; what else it may be, the dry run's own tests know."""
    said, advised = refuse(tool, b=b)
    assert what in said
    assert hint in advised


def test_no_project_here(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one may be is said, and that the demo has one."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    said, advised = refuse(tool)
    assert "there is no Django project here" in said
    assert "--config" in advised
    assert "--demo" in advised


def test_a_python_that_is_too_old(tool: Tool, bakery: Bakery) -> None:
    """It is named with its version, before anything of the project's runs."""
    old = Path.home() / ".pyenv" / "versions"
    found = next((each / "bin" / "python" for each in sorted(old.glob("3.8.*"))), None)
    if found is None:
        pytest.skip("there is no Python 3.8 here")
    said, advised = refuse(tool, "--python", str(found))
    assert "3.8." in said
    assert "newer" in said
    assert "--python" in advised


# ---------------------------------------------------------------- ended from outside


@pytest.mark.parametrize("ending", ["kill -9", "Ctrl-C"])
def test_ended_while_it_is_prepared(tool: Tool, bakery: Bakery, ending: str) -> None:
    """Nothing lives or lies around: the fixture looks after that."""
    bakery.write(
        {
            BROKEN: MIGRATION.replace(
                'raise ValueError("the flour is out")', "import time; time.sleep(60)"
            )
        }
    )
    before = look(bakery.directory)
    begun = tool.start("race", "/", "/")
    begun.waits(lambda: begun.find("whereasync_guest", "migrate"), "a migration")
    if ending == "kill -9":
        begun.process.kill()
        begun.process.wait()
    else:
        begun.interrupt()
        assert begun.finish().code == 130
    assert look(bakery.directory) == before
