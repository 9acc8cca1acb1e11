"""What is installed where the guest runs."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from whereasync_guest.distributions import find_versions

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_versions_are_those_of_the_interpreter() -> None:
    """Names are normalised; Python is among them."""
    found = find_versions()
    assert found["python"] == platform.python_version()
    assert found["django"] == metadata.version("django")
    assert found["typing-extensions"] == metadata.version("typing_extensions")


def test_the_first_on_the_path_counts_and_ours_dont(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it is imported; an egg says it in its metadata, a broken one nowhere."""
    for home, name in (("first", "Shop.Cart-1.0"), ("second", "shop_cart-2.0"), ("ours", "we-1")):
        (tmp_path / home / f"{name}.dist-info").mkdir(parents=True)
    egg = tmp_path / "first" / "old.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Name: Old_Thing\nVersion: 0.1\n")
    broken = tmp_path / "first" / "broken.egg-info"
    broken.mkdir()
    (broken / "PKG-INFO").write_text("Summary: nothing\n")
    homes = [str(tmp_path / home) for home in ("first", "second", "ours")]
    monkeypatch.setattr(sys, "path", homes)
    found = find_versions((homes[2],))
    del found["python"]
    assert found == {"shop-cart": "1.0", "old-thing": "0.1"}
