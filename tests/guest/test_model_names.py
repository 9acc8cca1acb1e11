"""Models by name, from a project of one application."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MODELS = """
from django.db import models

class Item(models.Model):
    slug = models.SlugField()
    owner = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
    tags = models.ManyToManyField("self")

class Old(models.Model):
    class Meta:
        managed = False

class Shown(Item):
    class Meta:
        proxy = True
"""
ASK = """
import json
from django.conf import settings
settings.configure(INSTALLED_APPS=["shop"])
import django
django.setup()
from whereasync_guest.model_names import name_models
print(json.dumps(name_models()))
"""


def test_a_model_is_named_with_its_columns(tmp_path: Path) -> None:
    """Not a proxy, which has its parent's table, nor one whose table is somebody else's."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "models.py").write_text(MODELS)
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert json.loads(said) == {"shop.Item": ["id", "slug", "owner"]}
