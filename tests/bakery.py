"""A small Django project of a user's, written into a directory, and the guest that is asked there.

It prints what a test wants to know by its own management commands, as a user's would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import whereasync_guest

if TYPE_CHECKING:
    from collections.abc import Mapping

GUEST = Path(whereasync_guest.__file__).parent.parent
# Asks as the host does, but in one process.
ALL = """
import json, os, sys
from pathlib import Path
from whereasync_guest.__main__ import main
answers = []
for command, order in json.loads(sys.argv[1]):
    Path(os.environ["WHEREASYNC_ORDER"]).write_text(json.dumps(order))
    code = main(command)
    answers.append([code, json.loads(Path(order["answer"]).read_text())])
print(json.dumps(answers))
"""
FILES = {
    "bakery/__init__.py": "",
    "bakery/migrations/__init__.py": "",
    "bakery/management/__init__.py": "",
    "bakery/management/commands/__init__.py": "",
    "bakery/settings.py": """
        SECRET_KEY = "x"
        ROOT_URLCONF = "bakery.urls"
        CONTRIB = ["auth", "contenttypes", "sessions"]
        INSTALLED_APPS = [*(f"django.contrib.{name}" for name in CONTRIB), "bakery"]
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "theirs.sqlite3"}}
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
        USE_TZ = True
        MIDDLEWARE = [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ]
    """,
    "bakery/models.py": """
        from django.db import models

        class Bread(models.Model):
            name = models.TextField()
    """,
    "bakery/migrations/0001_initial.py": """
        from django.db import migrations, models

        class Migration(migrations.Migration):
            dependencies = []
            operations = [
                migrations.CreateModel(
                    "Bread",
                    [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField())],
                )
            ]
    """,
    "bakery/management/commands/bake.py": """
        from django.contrib.auth.models import User
        from django.core.management.base import BaseCommand, CommandError

        from bakery.models import Bread

        class Command(BaseCommand):
            def add_arguments(self, parser):
                parser.add_argument("number", type=int)

            def handle(self, *, number, **options):
                if number < 0:
                    raise CommandError("there is no such bread")
                for each in range(number):
                    Bread.objects.create(name=f"loaf {each}")
                User.objects.get_or_create(username="anna")
    """,
    "bakery/views.py": """
        from django.http import JsonResponse
        from django.views import View

        from bakery.models import Bread

        def index(request):
            found = {"breads": Bread.objects.count(), "user": str(request.user)}
            return JsonResponse({**found, "method": request.method})

        def detail(request, pk):
            return JsonResponse({"view": "detail"})

        def other(request, pk):
            return JsonResponse({"view": "other"})

        class Oven(View):
            heat = 1

            def get(self, request):
                return JsonResponse({"view": "oven", "heat": self.heat})

        class Stove(View):
            heat = 2

            def get(self, request):
                return JsonResponse({"view": "stove", "heat": self.heat})

        def answer(self, request):
            return JsonResponse({"view": "answer", "heat": self.heat})
    """,
    "bakery/urls.py": """
        from functools import partial

        from django.contrib.auth.decorators import login_required
        from django.urls import include, path

        from bakery import views

        urlpatterns = [
            path("", views.index),
            path("bread/<int:pk>/", login_required(views.detail)),
            path("again/", include([path("<int:pk>/", partial(views.detail))])),
            path("oven/", views.Oven.as_view(heat=7)),
            path("stove/", views.Stove.as_view()),
        ]
    """,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bakery:
    """The project in a directory, and the guest asked there without a host."""

    directory: Path

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, or add to the settings what ``settings`` says."""
        for name, text in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))

    @property
    def ours(self) -> Path:
        """Where the database of ours lies."""
        return self.directory / "private" / "ours.sqlite3"

    def migrate(self, *seeds: str) -> None:
        """Make the database of ours, migrated, and seed it."""
        self.ours.parent.mkdir(exist_ok=True)
        self.ours.write_bytes(_migrated())
        if seeds:
            asked = self.ask_all(*((["manage", *seed.split()], {}) for seed in seeds))
            assert all(each.prepared for each in asked)

    def say(self, settings: str) -> None:
        """Add lines to the settings."""
        with (self.directory / "bakery" / "settings.py").open("a") as file:
            file.write(f"\n{dedent(settings)}\n")

    def tell(self, **order: Any) -> dict[str, Any]:
        """Return an order for the guest as the host writes it."""
        private = self.ours.parent
        private.mkdir(exist_ok=True)
        return {
            "settings": "bakery.settings",
            "answer": str(private / "answer.json"),
            "private": str(private),
            "databases": {"default": f"sqlite:///{self.ours}"},
            **order,
        }

    def ask(self, *arguments: str, env: Mapping[str, str] | None = None, **order: Any) -> Asked:
        """Ask the guest in a process of its own."""
        told = self.tell(**order)
        answer = Path(told["answer"])
        answer.unlink(missing_ok=True)
        ran = self.run(["-m", "whereasync_guest", *arguments], told, env)
        said = json.loads(answer.read_text()) if answer.exists() else {}
        return Asked(code=ran.returncode, out=ran.stdout, err=ran.stderr, answer=said)

    def ask_all(self, *asked: tuple[list[str], dict[str, Any]]) -> list[Asked]:
        """Ask the guest for commands one after the other in one process, which is quicker."""
        told = [(command, self.tell(**order)) for command, order in asked]
        ran = self.run(["-c", ALL, json.dumps(told)], told[0][1])
        assert ran.returncode == 0, ran.stderr
        answers = json.loads(ran.stdout.splitlines()[-1])
        return [Asked(code=code, out="", err="", answer=answer) for code, answer in answers]

    def run(
        self, arguments: list[str], order: dict[str, Any], env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Python in the project, with an order in its environment."""
        written = self.ours.with_name("order.json")
        written.write_text(json.dumps(order))
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.directory,
            env={
                **os.environ,
                "PYTHONPATH": str(GUEST),
                "WHEREASYNC_ORDER": str(written),
                **(env or {}),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the guest came to."""

    code: int
    out: str
    err: str
    answer: dict[str, Any]

    @property
    def printed(self) -> Any:
        """What the project's command printed as JSON, once it went well."""
        assert self.code == 0, self.answer or self.err
        return json.loads(self.out.splitlines()[-1])

    @property
    def prepared(self) -> dict[str, Any]:
        """What was prepared, once it went well."""
        assert self.code == 0, self.answer or self.err
        prepared: dict[str, Any] = self.answer["prepared"]
        return prepared

    @property
    def fault(self) -> tuple[str, str]:
        """What went wrong, and the hint; a line each."""
        assert self.code == 1, self.out
        what, hint = self.answer["fault"]["what"], self.answer["fault"]["hint"]
        assert "\n" not in what + hint
        return what, hint


def open_bakery(directory: Path) -> Bakery:
    """Write the project into a directory."""
    bakery = Bakery(directory=directory)
    bakery.write(FILES)
    return bakery


@cache
def _migrated() -> bytes:
    """Return the content of a migrated database, made once: Django's own migrations are slow."""
    with TemporaryDirectory() as directory:
        bakery = open_bakery(Path(directory))
        assert bakery.ask("migrate", "default").prepared
        return bakery.ours.read_bytes()
