from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

POSTGRESQL = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "name",
    "USER": "",
    "PASSWORD": "",
    "HOST": "",
    "PORT": "",
    "OPTIONS": {},
}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgres://me:a%40b@db.example:5433/name",
            {"USER": "me", "PASSWORD": "a@b", "HOST": "db.example", "PORT": "5433"},
        ),
        ("postgresql://me@[::1]/name", {"USER": "me", "HOST": "::1"}),
        ("postgres:///name?host=/run/a%20socket", {"HOST": "/run/a socket"}),
        ("postgres:///name?host=/run&port=5434", {"HOST": "/run", "PORT": "5434"}),
        ("postgres://h/name?sslmode=require", {"HOST": "h", "OPTIONS": {"sslmode": "require"}}),
        ("postgres://h/na%2Fme", {"HOST": "h", "NAME": "na/me"}),
    ],
)
def test_a_postgresql_url_becomes_djangos_setting(
    site: Callable[[str], Any], url: str, expected: dict[str, Any]
) -> None:
    """With a host, with a socket's directory, and with options for the driver."""
    parse = site("demosite.database_url").parse_database_url
    assert parse(url) == {**POSTGRESQL, **expected}


def test_an_sqlite_url_is_an_absolute_path(site: Callable[[str], Any]) -> None:
    """Percent signs are decoded there too."""
    parse = site("demosite.database_url").parse_database_url
    assert parse("sqlite:///var/my%20cars.db") == {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "/var/my cars.db",
    }


@pytest.mark.parametrize(
    "url",
    ["mysql://h/n", "postgres://h", "postgres://u:secret@h:port/n", "sqlite:", "sqlite://h/n", "x"],
)
def test_any_other_url_is_refused_without_repeating_a_password(
    site: Callable[[str], Any], url: str
) -> None:
    """The message shows what a URL looks like."""
    refused = site("django.core.exceptions").ImproperlyConfigured
    with pytest.raises(refused, match="DATABASE_URL") as caught:
        site("demosite.database_url").parse_database_url(url)
    assert "secret" not in str(caught.value)
