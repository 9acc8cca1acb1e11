"""What the project's own settings say, taken before ours are laid over them."""

from __future__ import annotations

from typing import Any


def declare(settings: Any) -> dict[str, Any]:
    """Return the fields of the host's ``Inventory`` that settings alone decide; no password."""
    del settings
    return {"databases": [], "caches": []}
