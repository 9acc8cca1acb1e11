"""Settings as ``startproject`` writes them, with DEBUG off, so that times mean something.

What differs from one machine to the next comes from the environment: see README.md.
"""

import os
from pathlib import Path

from demosite.database_url import parse_database_url

BASE_DIR = Path(__file__).resolve().parent.parent

# Nothing is signed with it that anyone would want to forge: the site has no users.
SECRET_KEY = os.environ.get("SECRET_KEY", "the demo site has no secrets")

DEBUG = False

ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

# startproject's, without the admin and its static files.
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "cars",
]

# startproject's, all seven: what a request pays for them is part of the experiment.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# None at all: what remains is the view, its server and its database.
if os.environ.get("MIDDLEWARE") == "none":
    MIDDLEWARE = []

ROOT_URLCONF = "demosite.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

ASGI_APPLICATION = "demosite.asgi.application"
WSGI_APPLICATION = "demosite.wsgi.application"

DATABASES = {
    "default": {
        **parse_database_url(os.environ.get("DATABASE_URL") or f"sqlite://{BASE_DIR}/db.sqlite3"),
        "CONN_MAX_AGE": int(os.environ.get("CONN_MAX_AGE") or 0),
    }
}

# psycopg's own pool, of at most so many connections; it excludes CONN_MAX_AGE.
if os.environ.get("DATABASE_POOL"):
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": int(os.environ["DATABASE_POOL"]),
    }

# django-async-backend, which awaits the database itself instead of asking it in a thread.
if os.environ.get("DATABASE_ASYNC"):
    DATABASES["default"]["ENGINE"] = "django_async_backend.db.backends.postgresql"
    INSTALLED_APPS += ["django_async_backend"]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True

# Car.store is many-to-many with null=True, as the article declares it. null means nothing there.
SILENCED_SYSTEM_CHECKS = ["fields.W340"]

# The traceback of a 500 goes to stderr, and nothing else: a line a request would cost time.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}

# The exchange-rate API: a real one, or a stand-in.
RATES_URL = os.environ.get("RATES_URL", "")
RATES_KEY = os.environ.get("RATES_KEY", "")

# Where a request with ?trail= leaves a line a step; empty: nowhere.
TRAIL_FILE = os.environ.get("TRAIL_FILE", "")
