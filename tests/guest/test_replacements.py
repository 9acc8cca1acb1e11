"""Ours over the project's settings: nothing of the user's is written or reached."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from tests.bakery import Bakery, open_bakery

from whereasync_guest.replacements.databases import lead, lead_nowhere
from whereasync_guest.replacements.overlay import Overlay

if TYPE_CHECKING:
    from pathlib import Path

POSTGRES = "django.db.backends.postgresql"
SHOW = """
    import json
    import sys

    from django.conf import settings
    from django.core.management.base import BaseCommand

    class Command(BaseCommand):
        def add_arguments(self, parser):
            parser.add_argument("names", nargs="+")

        def handle(self, *, names, **options):
            print(json.dumps({name: getattr(settings, name) for name in names}))
"""


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    """Return a project that can show its settings."""
    bakery = open_bakery(tmp_path)
    bakery.write({"bakery/management/commands/show.py": SHOW})
    return bakery


# ---------------------------------------------------------------- databases


def test_led_to_ours() -> None:
    """Only the address is replaced; OPTIONS that lead elsewhere go, pool and search path stay."""
    theirs = {
        "ENGINE": POSTGRES,
        "NAME": "shop",
        "HOST": "/var/run/postgresql",
        "PORT": "5433",
        "USER": "shop",
        "PASSWORD": "theirs",
        "CONN_MAX_AGE": 60,
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {
            "pool": {"min_size": 2},
            "options": "-c search_path=shop",
            "service": "shop",
            "passfile": "/etc/pass",
            "sslmode": "verify-full",
            "assume_role": "shop_app",
        },
    }
    led = lead(theirs, "postgres://us:p%40ss@/whereasync_ab_race?host=%2Ftmp%2Fwa&keepalives=0")
    assert led == {
        "ENGINE": POSTGRES,
        "NAME": "whereasync_ab_race",
        "HOST": "/tmp/wa",
        "PORT": "",
        "USER": "us",
        "PASSWORD": "p@ss",
        "CONN_MAX_AGE": 60,
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {
            "pool": {"min_size": 2},
            "options": "-c search_path=shop",
            "keepalives": "0",
        },
    }


def test_led_over_tcp() -> None:
    """Host and port of a DSN are taken, and its own options."""
    led = lead({"ENGINE": POSTGRES}, "postgres://u:p@db.example:6432/d?sslmode=require")
    assert (led["HOST"], led["PORT"], led["NAME"]) == ("db.example", "6432", "d")
    assert led["OPTIONS"] == {"sslmode": "require"}


def test_led_to_a_file() -> None:
    """SQLite gets our path; a command that would attach another file is left out."""
    attaching = {"init_command": "ATTACH '/srv/theirs.db' AS t", "timeout": 5}
    led = lead({"ENGINE": "sqlite3", "OPTIONS": attaching}, "sqlite:////tmp/a b.sqlite3")
    assert (led["NAME"], led["OPTIONS"]) == ("/tmp/a b.sqlite3", {"timeout": 5})


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("django.db.backends.sqlite3", {"NAME": ":memory:", "HOST": ""}),
        (POSTGRES, {"HOST": "/private/nowhere"}),
        ("django_prometheus.db.backends.postgresql", {"HOST": "/private/nowhere"}),
        ("django.db.backends.mysql", {"HOST": "/private/nowhere"}),
        ("django.db.backends.oracle", {"ENGINE": "django.db.backends.dummy", "NAME": ""}),
    ],
)
def test_led_nowhere(engine: str, expected: dict[str, str]) -> None:
    """Without a DSN nothing of the user's can be opened, with the same engine where it can."""
    theirs = {"ENGINE": engine, "NAME": "shop", "HOST": "db", "OPTIONS": {"service": "shop"}}
    led = lead_nowhere(theirs, Overlay(None, "/private"))
    assert {"ENGINE": engine, **expected}.items() <= led.items()
    assert led["OPTIONS"] == {}


def test_asked_at_start(bakery: Bakery) -> None:
    """A project that asks its database as it starts is told so, with file and line."""
    bakery.write(
        {
            "bakery/apps.py": """
                from django.apps import AppConfig

                class Bakery(AppConfig):
                    name = "bakery"

                    def ready(self):
                        from bakery.models import Bread
                        Bread.objects.count()
            """
        }
    )
    asked = bakery.ask("inventory", databases={})
    what, hint = asked.fault
    assert what.startswith("the project asks its database while it starts: OperationalError: no")
    assert "catch OperationalError" in hint
    assert asked.answer["fault"]["where"].endswith("apps.py, line 9")
    assert not (bakery.directory / "theirs.sqlite3").exists()


def test_database_brought_back(bakery: Bakery) -> None:
    """A project that sets its database again as it starts is stopped before it asks it."""
    bakery.write(
        {
            "bakery/models.py": """
                from django.conf import settings
                settings.DATABASES["default"]["NAME"] = "theirs.sqlite3"
            """
        }
    )
    what, _ = bakery.ask("migrate", "default").fault
    assert what == "the project's settings bring their own database “default” back in"
    assert not (bakery.directory / "theirs.sqlite3").exists()


def test_asked_by_settings(bakery: Bakery) -> None:
    """Connections that settings made are forgotten: what comes later is asked of ours."""
    bakery.say("""
        CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        from django.db import connections
        connections.settings
        DATABASES["second"] = DATABASES["default"]
    """)
    bakery.write(
        {
            "bakery/management/commands/show.py": """
        import json

        from django.core.management.base import BaseCommand
        from django.db import connections

        class Command(BaseCommand):
            def handle(self, **options):
                names = {each.alias: each.settings_dict["NAME"] for each in connections.all()}
                print(json.dumps(names))
    """
        }
    )
    led = bakery.ask("manage", "show").printed
    assert led["default"].endswith("private/ours.sqlite3")
    assert led["second"] == ":memory:"


# ---------------------------------------------------------------- all the others


def test_everything_else(bakery: Bakery) -> None:
    """Caches, sessions, mail, files, logs, tasks and layers become private; each is said."""
    bakery.say("""
        import logging.handlers

        BACKENDS = "django.core.cache.backends."
        CACHES = {
            "default": {"BACKEND": BACKENDS + "redis.RedisCache", "LOCATION": "redis://localhost",
                        "KEY_PREFIX": "shop", "OPTIONS": {"db": 3}},
            "memory": {"BACKEND": BACKENDS + "locmem.LocMemCache", "LOCATION": "mine"},
            "files": {"BACKEND": BACKENDS + "filebased.FileBasedCache", "LOCATION": "theirs"},
            "table": {"BACKEND": BACKENDS + "db.DatabaseCache", "LOCATION": "cache_table"},
            "none": {"BACKEND": BACKENDS + "dummy.DummyCache"},
        }
        SESSION_ENGINE = "redis_sessions.session"
        SESSION_FILE_PATH = "theirs"
        EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        MEDIA_ROOT = "theirs"
        FILE_UPLOAD_TEMP_DIR = "theirs"
        STORAGES = {
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "invoices": {"BACKEND": "django.core.files.storage.FileSystemStorage",
                         "OPTIONS": {"location": "theirs"}},
            "staticfiles": {"BACKEND": "django.core.files.storage.FileSystemStorage",
                            "OPTIONS": {"location": "theirs"}},
        }
        CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}
        TASKS = {"default": {"BACKEND": "django_tasks.backends.database.DatabaseBackend"}}
        ALLOWED_HOSTS = ["bakery.example"]
        SECURE_SSL_REDIRECT = True
        LOGGING = {
            "version": 1,
            "handlers": {
                "file": {"class": "logging.FileHandler", "filename": "theirs.log", "mode": "w"},
                "system": {"class": "logging.handlers.SysLogHandler", "level": "ERROR",
                           "address": "/dev/log"},
            },
            "root": {"handlers": ["file", "system"]},
        }
        theirs = logging.handlers.RotatingFileHandler("early.log", mode="w")
    """)
    for name in ("theirs.log", "early.log"):
        (bakery.directory / name).write_text("of yesterday")
    names = ["CACHES", "SESSION_ENGINE", "EMAIL_BACKEND", "MEDIA_ROOT", "FILE_UPLOAD_TEMP_DIR"]
    names += ["STORAGES", "CHANNEL_LAYERS", "TASKS", "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT"]
    asked = bakery.ask("manage", "show", *names, "LOGGING")
    shown, private = asked.printed, bakery.directory / "private"
    backends = "django.core.cache.backends."
    assert shown["CACHES"] == {
        "default": {
            "BACKEND": f"{backends}locmem.LocMemCache",
            "LOCATION": "whereasync-default",
            "KEY_PREFIX": "shop",
        },
        "memory": {"BACKEND": f"{backends}locmem.LocMemCache", "LOCATION": "mine"},
        "files": {
            "BACKEND": f"{backends}filebased.FileBasedCache",
            "LOCATION": str(private / "caches" / "files"),
        },
        "table": {"BACKEND": f"{backends}db.DatabaseCache", "LOCATION": "cache_table"},
        "none": {"BACKEND": f"{backends}dummy.DummyCache"},
    }
    assert shown["SESSION_ENGINE"] == "django.contrib.sessions.backends.db"
    assert shown["EMAIL_BACKEND"] == "django.core.mail.backends.dummy.EmailBackend"
    assert shown["MEDIA_ROOT"] == str(private / "media")
    assert shown["FILE_UPLOAD_TEMP_DIR"] == str(private / "uploads")
    locations = {name: each.get("OPTIONS") for name, each in shown["STORAGES"].items()}
    assert locations == {
        "default": None,
        "invoices": {"location": str(private / "storages" / "invoices")},
        "staticfiles": {"location": "theirs"},
    }
    assert shown["CHANNEL_LAYERS"]["default"] == {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    assert (
        shown["TASKS"]["default"]["BACKEND"] == "django_tasks.backends.immediate.ImmediateBackend"
    )
    assert shown["ALLOWED_HOSTS"] == ["bakery.example", "127.0.0.1", ".localhost"]
    assert shown["SECURE_SSL_REDIRECT"] is False
    assert shown["LOGGING"]["handlers"]["system"] == {
        "class": "logging.NullHandler",
        "level": "ERROR",
    }
    assert {each.name for each in (private / "logs").iterdir()} == {"theirs.log", "early.log"}
    for name in ("theirs.log", "early.log"):
        assert (bakery.directory / name).read_text() == "of yesterday"
    assert not (bakery.directory / "theirs").exists()
    assert asked.prepared["said"] == [
        "sessions: in the database instead of redis_sessions.session",
        "cache “default”: each process's own memory instead of RedisCache",
        "e-mail: goes nowhere",
        "channel layers: in each process's memory (default)",
        "uploads: MEDIA_ROOT is an empty directory of whereasync's, yours isn't read or written",
        "uploads: storage “invoices” is an empty directory of whereasync's",
        "logging: handler “system” sends nothing",
        "Django's tasks: run at once, within the request",
        "SECURE_SSL_REDIRECT is off: requests are plain HTTP",
    ]


def test_caches_kept(bakery: Bakery) -> None:
    """Caches that are private already stay, session files move, and tasks can be dropped."""
    bakery.say("""
        CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
        SESSION_ENGINE = "django.contrib.sessions.backends.file"
        TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}
        ALLOWED_HOSTS = ["*"]
    """)
    names = ["CACHES", "SESSION_FILE_PATH", "TASKS", "ALLOWED_HOSTS"]
    shown = bakery.ask("manage", "show", *names, keep_caches=True, tasks="drop").printed
    assert shown["CACHES"]["default"]["BACKEND"].endswith("RedisCache")
    assert shown["SESSION_FILE_PATH"] == str(bakery.directory / "private" / "sessions")
    assert shown["TASKS"]["default"]["BACKEND"] == "django.tasks.backends.dummy.DummyBackend"
    assert shown["ALLOWED_HOSTS"] == ["*"]


def test_a_cache_of_the_projects_own_that_nobody_shares_stays(bakery: Bakery) -> None:
    """With one that holds things in its place the project would do less work than it does."""
    bakery.write(
        {
            "bakery/shelves.py": "from django.core.cache.backends.dummy import DummyCache\n"
            "class OwnDummyCache(DummyCache): pass\nclass DummyOfRedis: pass\n"
        }
    )
    names = ("shelves.OwnDummyCache", "shelves.DummyOfRedis", "shelves.NoDummy")
    bakery.say(
        f"names = {names!r}\n"
        "CACHES = {name: {'BACKEND': f'bakery.{name}'} for name in names}\n"
        "CACHES['default'] = CACHES[names[0]]"
    )
    shown = bakery.ask("manage", "show", "CACHES").printed["CACHES"]
    kept = [shown[name]["BACKEND"].rpartition(".")[2] for name in ("default", *names)]
    assert kept == ["OwnDummyCache", "OwnDummyCache", "LocMemCache", "LocMemCache"]


def test_mailers(bakery: Bakery) -> None:
    """Where MAILERS is set, as in Django 6.1, all of them lead nowhere and no other is set."""
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    bakery.say(f'MAILERS = {{"default": {{}}, "news": {{"BACKEND": "{smtp}"}}}}')
    shown = bakery.ask("manage", "show", "MAILERS", "EMAIL_BACKEND").printed
    nowhere = {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    assert shown == {"MAILERS": {"default": nowhere, "news": nowhere}, "EMAIL_BACKEND": smtp}


def test_handlers_of_this_process() -> None:
    """The guest alone redirects log files; a test that imports it doesn't."""
    assert not hasattr(logging.FileHandler.__init__, "__wrapped__")


# ---------------------------------------------------------------- foreign settings, Celery


def test_dynaconf(bakery: Bakery) -> None:
    """Settings that dynaconf keeps are replaced too, even where it merges what it is given."""
    pytest.importorskip("dynaconf")
    bakery.say("""
        DATABASES["default"]["OPTIONS"] = {"timeout": 3}
        CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache",
                              "LOCATION": "redis://localhost"}}
        import django.db  # as the models of a plugin do: it keeps Django's own settings
        import dynaconf
        settings = dynaconf.DjangoDynaconf(__name__, MERGE_ENABLED_FOR_DYNACONF=True)
    """)
    bakery.write(
        {
            "bakery/management/commands/show.py": """
        import json

        import django
        from django.conf import settings
        from django.core.management.base import BaseCommand
        from django.db import connection

        import bakery.settings

        class Command(BaseCommand):
            def handle(self, **options):
                found = [settings, django.conf.settings, bakery.settings]
                names = [each.DATABASES["default"]["NAME"] for each in found]
                caches = [dict(each.CACHES["default"]) for each in found]
                print(json.dumps([names, caches, connection.settings_dict["OPTIONS"],
                                  connection.settings_dict["NAME"],
                                  type(settings).__module__]))
    """
        }
    )
    names, caches, options, asked, module = bakery.ask("manage", "show").printed
    assert [asked, *names] == [str(bakery.ours)] * 4
    assert (
        caches
        == [
            {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "LOCATION": "whereasync-default",
            }
        ]
        * 3
    )
    assert (options, module) == ({"timeout": 3}, "dynaconf.base")


def test_configurations(bakery: Bakery) -> None:
    """A class of django-configurations is the settings; without its name a hint says what to do."""
    pytest.importorskip("configurations")
    bakery.write(
        {
            "bakery/classes.py": """
        from configurations import Configuration

        from bakery import settings

        class Dev(Configuration):
            SECRET_KEY = "x"
            ROOT_URLCONF = settings.ROOT_URLCONF
            INSTALLED_APPS = settings.INSTALLED_APPS
            DATABASES = settings.DATABASES
            EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    """
        }
    )
    order: dict[str, Any] = {"settings": "bakery.classes"}
    chosen = {"DJANGO_CONFIGURATION": "Dev"}
    shown = bakery.ask("manage", "show", "DATABASES", "EMAIL_BACKEND", env=chosen, **order).printed
    assert shown["DATABASES"]["default"]["NAME"].endswith("private/ours.sqlite3")
    assert shown["EMAIL_BACKEND"] == "django.core.mail.backends.dummy.EmailBackend"
    what, hint = bakery.ask("manage", "show", "DATABASES", **order).fault
    assert "django-configurations" in what
    assert "DJANGO_CONFIGURATION" in hint


CELERY = """
    from celery import Celery, shared_task

    app = Celery("bakery", broker="redis://localhost:1/0", backend="redis://localhost:1/0")

    @app.task
    def bake():
        return "baked"

    @shared_task
    def sell():
        return "sold"
"""
SEND = """
    import json

    from django.core.management.base import BaseCommand

    class Command(BaseCommand):
        def handle(self, **options):
            from bakery.celery import app, bake, sell

            results = [bake.delay(), sell.delay(), app.send_task("elsewhere")]
            print(json.dumps([[type(each).__name__, each.state] for each in results]))
"""
EAGER, PENDING = ["EagerResult", "SUCCESS"], ["AsyncResult", "PENDING"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("tasks", "found", "expected"),
    [
        ("eager", "early", [EAGER, EAGER, PENDING]),
        ("drop", "early", [PENDING, PENDING, PENDING]),
        ("eager", "late", [PENDING, PENDING, PENDING]),
    ],
)
def test_celery(bakery: Bakery, tasks: str, found: str, expected: list[list[str]]) -> None:
    """Celery's tasks run at once or are dropped, and no broker or result backend is asked.

    Those of an application that comes after the start are dropped.
    """
    pytest.importorskip("celery")
    bakery.write(
        {"bakery/celery.py": CELERY, "bakery/management/commands/send.py": SEND}
        | ({"bakery/models.py": "from bakery import celery"} if found == "early" else {})
    )
    asked = bakery.ask("manage", "send", tasks=tasks)
    assert asked.printed == expected
    said = {"eager": "run at once, within the request", "drop": "dropped"}[tasks]
    assert (f"Celery's tasks: {said}" in asked.prepared["said"]) == (found == "early")
