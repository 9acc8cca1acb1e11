"""Management commands, logins and fills, in processes of a small project."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.bakery import Bakery, open_bakery

if TYPE_CHECKING:
    from pathlib import Path

# Asks the project in another process, as a server does later, with cookies from the order's file.
VISIT = """
    import json
    import os

    from django.core.management.base import BaseCommand
    from django.test import Client

    class Command(BaseCommand):
        def handle(self, **options):
            visits = json.loads(os.environ["VISITS"])
            print(json.dumps([visit(**each) for each in visits]))

    def visit(cookies, path="/", method="get", **headers):
        client = Client(enforce_csrf_checks=True)
        client.cookies.load(cookies)
        answer = getattr(client, method)(path, **headers)
        return answer.json() if answer.status_code == 200 else answer.status_code
"""


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    """Return a project that can be visited by a command."""
    bakery = open_bakery(tmp_path)
    bakery.write({"bakery/management/commands/visit.py": VISIT})
    return bakery


def visit(bakery: Bakery, *visits: dict[str, Any]) -> Any:
    """Ask the project, in another process, for pages."""
    return bakery.ask("manage", "visit", env={"VISITS": json.dumps(visits)}).printed


REDIS = "import redis; redis.Redis(port=1, retry=redis.retry.Retry(None, 0)).get('a')"
SESSIONS = {
    "database": "",
    "cache": """
        SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache",
                              "LOCATION": "redis://localhost:1"}}
        SESSION_COOKIE_NAME = "crumb"
        CSRF_COOKIE_NAME = "seal"
        CSRF_HEADER_NAME = "HTTP_X_SEAL"
        ALLOWED_HOSTS = [".bakery.example"]
    """,
    "signed": """
        SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
        CSRF_USE_SESSIONS = True
    """,
}


@pytest.mark.parametrize("settings", SESSIONS.values(), ids=SESSIONS)
def test_prepared(bakery: Bakery, settings: str) -> None:
    """Cookies log in and tokens let POST pass, in another process, whatever holds the sessions."""
    bakery.say(settings)
    bakery.migrate()
    order = {
        "users": ["anna", "boss"],
        "new_users": {"anna": {"is_staff": True}, "boss": {"is_superuser": True}},
        "fills": {
            "detail": {"pk": "Bread.objects.order_by('pk').last()", "name": "bakery.Bread.__name__"}
        },
    }
    _, asked = bakery.ask_all((["manage", "bake", "2"], {}), (["prepare"], order))
    prepared = asked.prepared
    assert prepared["filled"] == {"detail": {"pk": "2", "name": "Bread"}}
    header = prepared["csrf_header"]
    assert header == ("X-SEAL" if "seal" in settings else "X-CSRFTOKEN")
    names = {"crumb", "seal"} if "seal" in settings else {"sessionid", "csrftoken"}
    expected = {"sessionid"} if "signed" in settings else names
    assert set(prepared["cookies"]["anna"]) == expected
    sending = "HTTP_" + header.replace("-", "_")
    cookies, tokens = prepared["cookies"], prepared["tokens"]
    visits = [{"cookies": cookies[name]} for name in ("", "anna", "boss")]
    visits += [
        {"cookies": cookies[name], "method": "post", sending: tokens[name]} for name in ("", "anna")
    ]
    visits += [{"cookies": cookies["anna"], "method": "post", sending: "x" * 32}]
    answers = visit(bakery, *visits)
    assert [each["user"] for each in answers[:5]] == [
        "AnonymousUser",
        "anna",
        "boss",
        "AnonymousUser",
        "anna",
    ]
    assert answers[5] == 403
    with closing(sqlite3.connect(bakery.ours)) as ours:
        found = ours.execute("SELECT username, is_staff, is_superuser, password FROM auth_user")
        people = {name: (staff, boss, key[:1]) for name, staff, boss, key in found}
    assert people["boss"] == (0, 1, "!")
    assert people["anna"][:2] == (0, 0)  # she was there already
    assert not (bakery.directory / "theirs.sqlite3").exists()


def test_faults_of_preparing(bakery: Bakery) -> None:
    """A user that isn't there, an expression that fails or gives nothing: each is named."""
    bakery.write(
        {
            "more/__init__.py": "",
            "more/models.py": """
        from django.db import models

        class Bread(models.Model):
            class Meta:
                managed = False
    """,
        }
    )
    bakery.say('INSTALLED_APPS += ["more"]')
    bakery.migrate()
    orders: list[tuple[dict[str, Any], str, str]] = [
        ({"users": ["zoe"]}, "there is no user “zoe”", "seed command"),
        ({"fills": {"d": {"pk": "bakery.Bread.objects.first().pk"}}}, "pk of “d”: bakery", "such"),
        ({"fills": {"d": {"pk": "bakery.Bread.objects.first()"}}}, "gives None", "such an object"),
        (
            {"fills": {"d": {"pk": "Bread.objects.first()"}}},
            "is not defined",
            "bakery.Bread or more",
        ),
        ({"fills": {"d": {"pk": "Loaf.objects.first()"}}}, "'Loaf' is not defined", "their names"),
    ]
    asked = bakery.ask_all(*((["prepare"], order) for order, _, _ in orders))
    for each, (_, expected, expected_hint) in zip(asked, orders, strict=True):
        what, hint = each.fault
        assert expected in what
        assert expected_hint in hint


def test_users_that_cannot_be(bakery: Bakery) -> None:
    """Fields that don't fit, receivers that raise, backends without users: one line each."""
    bakery.migrate()
    misfit = {"users": ["zoe"], "new_users": {"zoe": {"shoe": 41}}}
    _, asked = bakery.ask_all((["manage", "bake", "1"], {}), (["prepare"], misfit))
    what, hint = asked.fault
    assert what.startswith("the user “zoe” can't be made: TypeError")
    assert "name the fields" in hint
    bakery.write(
        {
            "bakery/models.py": (bakery.directory / "bakery/models.py").read_text()
            + """
from django.contrib.auth.signals import user_logged_in

def refuse(**_):
    raise RuntimeError("nobody comes in")

user_logged_in.connect(refuse)
class NoUsers: pass
"""
        }
    )
    what, hint = bakery.ask("prepare", users=["anna"]).fault
    assert what == "“anna” can't be logged in: RuntimeError: nobody comes in"
    assert hint == "look at what user_logged_in calls"
    bakery.say("SECRET_KEY = ''")
    what, hint = bakery.ask("prepare", users=["anna"]).fault
    assert "can't be logged in: ImproperlyConfigured: The SECRET_KEY" in what
    assert 'environment = { SECRET_KEY = "…" }' in hint
    bakery.say('AUTHENTICATION_BACKENDS = ["bakery.models.NoUsers"]')
    what, _ = bakery.ask("prepare", users=["anna"]).fault
    assert what == "no backend of AUTHENTICATION_BACKENDS has get_user"
    bakery.say('INSTALLED_APPS = ["bakery"]\nMIDDLEWARE = []')
    bakery.write({"bakery/models.py": ""})
    refused, nobody = bakery.ask_all((["prepare"], {"users": ["anna"]}), (["prepare"], {}))
    assert refused.fault[0].startswith("the project logs nobody in")
    assert nobody.prepared["cookies"].keys() == {""}


def test_faults_of_commands(bakery: Bakery) -> None:
    """A command that fails, that isn't there or that exits is one line with a next step."""
    bakery.migrate()
    bakery.write(
        {
            "bakery/management/commands/leave.py": """
        import sys

        from django.core.management.base import BaseCommand

        class Command(BaseCommand):
            def add_arguments(self, parser):
                parser.add_argument("code", type=int)

            def handle(self, *, code, **options):
                sys.exit(code)
    """
        }
    )
    commands = ["bake -- -1", "bakee", "xyzzy", "leave 3", "leave 0"]
    asked = bakery.ask_all(*((["manage", *each.split()], {}) for each in commands))
    assert [each.fault for each in asked[:4]] == [
        (
            "bake -- -1 failed: there is no such bread",
            "try it by hand on an empty database: python manage.py bake -- -1",
        ),
        ("the project has no management command “bakee”", "did you mean bake?"),
        (
            "the project has no management command “xyzzy”",
            "python manage.py help lists them",
        ),
        (
            "leave 3 ended with code 3",
            "try it by hand on an empty database: python manage.py leave 3",
        ),
    ]
    assert asked[4].prepared


@pytest.mark.parametrize(
    ("operation", "expected", "place"),
    [
        ("migrations.RunSQL('SELECT a FROM nowhere')", "no such table", ""),
        ("migrations.RunPython(spoil)", "ValueError: bad flour", "0002_more.py, line 4"),
    ],
)
def test_failing_migration(bakery: Bakery, operation: str, expected: str, place: str) -> None:
    """The migration that fails is named, with its line where it is Python of the project's."""
    bakery.write(
        {
            "bakery/migrations/0002_more.py": f"""
        from django.db import migrations
        def spoil(apps, schema_editor):
            raise ValueError("bad flour")

        class Migration(migrations.Migration):
            dependencies = [("bakery", "0001_initial")]
            operations = [{operation}]
    """
        }
    )
    asked = bakery.ask("migrate", "default")
    what, hint = asked.fault
    assert what.startswith("the migration bakery.0002_more failed: ")
    assert expected in what
    assert hint.startswith("try it by hand on an empty database: python manage.py migrate")
    assert asked.answer["fault"]["where"].endswith(place)


@pytest.mark.parametrize(
    ("line", "expected", "expected_hint"),
    [
        (
            REDIS,
            "the project needs Redis here",
            "Redis where",
        ),
        ("cache.lock('a')", "calls lock of its cache", "never reaches your cache"),
    ],
)
def test_service_missing(bakery: Bakery, line: str, expected: str, expected_hint: str) -> None:
    """A project that needs Redis hears that name, and what can be configured."""
    if line == REDIS:
        pytest.importorskip("redis")
    bakery.say("""
        CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache",
                              "LOCATION": "redis://localhost:1"}}
    """)
    bakery.write(
        {
            "bakery/migrations/0002_more.py": f"""
        from django.core.cache import cache
        from django.db import migrations

        def warm(apps, schema_editor):
            {line}

        class Migration(migrations.Migration):
            dependencies = [("bakery", "0001_initial")]
            operations = [migrations.RunPython(warm)]
    """
        }
    )
    what, hint = bakery.ask("migrate", "default").fault
    assert what.startswith("the migration bakery.0002_more failed: ")
    assert expected in what
    assert expected_hint in hint


def test_cache_in_the_database(bakery: Bakery) -> None:
    """The table of a cache that lives in the database is made with the migrations."""
    backend = "django.core.cache.backends.db.DatabaseCache"
    bakery.say(f'CACHES = {{"default": {{"BACKEND": "{backend}", "LOCATION": "crumbs"}}}}')
    assert bakery.ask("migrate", "default").prepared
    with closing(sqlite3.connect(bakery.ours)) as ours:
        assert ours.execute("SELECT count(*) FROM crumbs").fetchall() == [(0,)]
