"""Settings of a project that has everything that is hard to look at."""

from pathlib import Path

SECRET_KEY = "not a secret"
DEBUG = True
ALLOWED_HOSTS = ["nasty.example", "localhost"]
ROOT_URLCONF = "nasty.urls"
WSGI_APPLICATION = "nasty.wsgi.application"
LOGIN_URL = "enter"
USE_I18N = True
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
SESSION_COOKIE_NAME = "nasty_session"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions.apps.SessionsConfig",
    "django.contrib.messages",
    "rest_framework",
]
MIDDLEWARE = [
    "nasty.middleware.Unmarked",
    "django.middleware.security.SecurityMiddleware",
    "nasty.middleware.hybrid_outside",
    "nasty.middleware.OnlySync",
    "nasty.middleware.Declined",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "nasty.middleware.hybrid_inside",
    "nasty.middleware.Both",
    "nasty.middleware.AsyncHook",
]
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
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path("data") / "nasty.sqlite3",
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": None,
    },
    "archive": {
        "ENGINE": "nasty.backends.traced",
        "NAME": "archive",
        "HOST": "db.example",
        "PORT": 5433,
        "USER": "reader",
        "PASSWORD": "hunter2",
        "OPTIONS": {"pool": True},
        "CONN_MAX_AGE": "60",
        "TEST": {"MIRROR": "default"},
    },
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": [
            "redis://:hun@ter2@cache.example:6379/0",
            "rediss://user:hunter2@other.example?password=hunter2&db=1",
        ],
    },
    "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
