"""What the host asks of the guest: a JSON file whose path is in the environment.

The environment reaches every process that a server starts; arguments would not. The same shape is
``Order`` in the host's model, and a test writes it there and reads it here.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VARIABLE = "WHEREASYNC_ORDER"


@dataclass(frozen=True)
class Order:
    """How to enter the project; the host's model says what each field means."""

    settings: str
    answer: str
    private: str
    paths: tuple[str, ...] = ()
    overlay: tuple[str, ...] = ()
    databases: dict[str, str] = field(default_factory=dict)
    wsgi: str = ""
    asgi: str = ""
    swaps: dict[str, str] = field(default_factory=dict)
    answers_names: bool = False
    keep_caches: bool = False
    tasks: str = "eager"
    users: tuple[str, ...] = ()
    new_users: dict[str, dict[str, Any]] = field(default_factory=dict)
    fills: dict[str, dict[str, str]] = field(default_factory=dict)


def read_order() -> Order:
    """Return the order of this process; KeyError where nobody gave one."""
    told = json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
    fields = Order.__dataclass_fields__
    return Order(**{name: value for name, value in told.items() if name in fields})
