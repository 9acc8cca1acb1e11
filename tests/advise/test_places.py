"""Where in the settings' source a thing stands."""

from __future__ import annotations

from whereasync.advise.places import Place, look_up
from whereasync.model import SourceText

LIVE = SourceText(
    path="live.py",
    text="""from .base import *
CONN_MAX_AGE = 1
DATABASES["default"]["ATOMIC_REQUESTS"] = True
""",
)
BASE = SourceText(
    path="base.py",
    text="""MIDDLEWARE = [
    "a.B",
    "c.D",
]
MIDDLEWARE += ["a.B"]
DATABASES = {
    "default": {"CONN_MAX_AGE": 60, **{}},
    "other": parse(conn_health_checks=True),
}
""",
)


def test_a_string_is_found_where_it_counts() -> None:
    """The last line of the first module that has it."""
    places = look_up([LIVE, BASE])
    assert places.of_string("c.D") == Place(file="base.py", line=3)
    assert places.of_string("a.B") == Place(file="base.py", line=5)


def test_a_setting_is_found_however_it_is_written() -> None:
    """A name, a key of a dictionary, a subscript, a keyword argument."""
    places = look_up([LIVE, BASE])
    assert places.of_key("MIDDLEWARE") == Place(file="base.py", line=5)
    assert places.of_key("CONN_MAX_AGE") == Place(file="live.py", line=2)
    assert places.of_key("ATOMIC_REQUESTS") == Place(file="live.py", line=3)
    assert places.of_key("nothing", "conn_health_checks") == Place(file="base.py", line=8)


def test_what_is_not_found_stands_in_the_settings_module() -> None:
    """Settings may come from anywhere."""
    places = look_up([LIVE, BASE])
    assert places.of_string("x") == Place(file="live.py") == places.of_key("x")
    assert look_up([]).of_key("x") == Place()


def test_a_module_that_this_python_cannot_parse_is_passed_over() -> None:
    """It runs in the project's own."""
    broken = SourceText(path="live.py", text="match = = 1")
    assert look_up([broken, BASE]).of_string("c.D") == Place(file="base.py", line=3)
