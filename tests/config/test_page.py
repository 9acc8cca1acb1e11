"""docs/configuration.md says what every key is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from whereasync.config import KEYS
from whereasync.config.recipes import ARM, RECIPE

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


@pytest.mark.parametrize(
    ("heading", "keys"),
    [("Configuration", KEYS), ("`[[requests]]`", RECIPE), ("`[arms]`", ARM)],
)
def test_every_key_is_on_the_page(heading: str, keys: dict[str, object]) -> None:
    """In the table below its heading, once."""
    sections = re.split(r"^#+ (.+)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    section = sections[sections.index(heading) + 1]
    assert sorted(re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)) == sorted(keys)
