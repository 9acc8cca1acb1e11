"""What settings declare: databases, caches, and never a password."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from whereasync_guest.declared import declare_cache, declare_database, find_vendor, scrub


@pytest.mark.parametrize(
    ("engine", "vendor"),
    [
        ("django.db.backends.postgresql", "postgresql"),
        ("django.contrib.gis.db.backends.postgis", "postgresql"),
        ("django.contrib.gis.db.backends.spatialite", "sqlite"),
        ("django.db.backends.sqlite3", "sqlite"),
        ("django.db.backends.mysql", "mysql"),
        ("django.db.backends.oracle", "oracle"),
        ("django.db.backends.dummy", "unknown"),
        ("django_prometheus.db.backends.postgresql", "postgresql"),  # not installed here
        ("nowhere.backend", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_vendor_is_known_by_its_backend(engine: str, vendor: str) -> None:
    """Django's by name; another's by its name where it can't be imported."""
    assert find_vendor(engine) == vendor


def test_a_backend_made_from_djangos_is_of_its_vendor(inventory: dict[str, Any]) -> None:
    """Whatever it calls itself."""
    archive = inventory["databases"][1]
    assert (archive["engine"], archive["vendor"]) == ("nasty.backends.traced", "sqlite")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (Path("data") / "db.sqlite3", str(Path.cwd() / "data" / "db.sqlite3")),
        ("db.sqlite3", str(Path.cwd() / "db.sqlite3")),
        ("/var/db.sqlite3", "/var/db.sqlite3"),
        (":memory:", ":memory:"),
        ("file:shop?mode=memory", "file:shop?mode=memory"),
        (None, ""),
    ],
)
def test_an_sqlite_file_has_an_absolute_path(name: Any, expected: str) -> None:
    """Relative ones are relative to where the project runs."""
    told = {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
    assert declare_database("default", told)["name"] == expected


def test_a_database_without_options_has_djangos_defaults() -> None:
    """None of what it doesn't say."""
    assert declare_database("default", {"ENGINE": "django.db.backends.postgresql"}) == {
        "alias": "default",
        "engine": "django.db.backends.postgresql",
        "vendor": "postgresql",
        "name": "",
        "host": "",
        "port": "",
        "user": "",
        "conn_max_age": 0.0,
        "is_atomic": False,
        "has_pool": False,
        "mirror": "",
    }


@pytest.mark.parametrize(
    ("told", "seconds"), [(60, 60.0), ("60", 60.0), (None, None), ("never", 0.0)]
)
def test_the_age_of_a_connection_is_in_seconds(told: Any, seconds: float | None) -> None:
    """None is for ever; what is no number is what Django would refuse."""
    assert declare_database("default", {"CONN_MAX_AGE": told})["conn_max_age"] == seconds


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("redis://:s3cret@cache:6379/0", "redis://cache:6379/0"),
        ("redis://user:s3c@r/et@cache/0", "redis://cache/0"),
        ("redis://s3cret@cache/0", "redis://cache/0"),
        ("rediss://cache?password=s3cret&db=1", "rediss://cache?password=…&db=1"),
        ("host=db user=me password='s3cret thing' port=1", "host=db user=me password=… port=1"),
        ("https://cache/?access_token=s3cret", "https://cache/?access_token=…"),
        ("127.0.0.1:11211", "127.0.0.1:11211"),
        ("/var/cache", "/var/cache"),
    ],
)
def test_a_location_has_no_password(location: str, expected: str) -> None:
    """Nor a user name that may be a token."""
    assert scrub(location) == expected


def test_a_cache_can_have_several_locations() -> None:
    """Each without its password."""
    told = {"BACKEND": "b", "LOCATION": ("redis://:one@a/0", "redis://:two@b/0")}
    assert declare_cache("default", told)["location"] == "redis://a/0, redis://b/0"


def test_no_password_leaves_the_guest(inventory: dict[str, Any]) -> None:
    """The nasty project has three of them."""
    text = json.dumps(inventory)
    assert "hunter2" not in text
    assert "ter2" not in text
