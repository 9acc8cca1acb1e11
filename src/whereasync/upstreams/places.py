"""The files through which the stand-ins' process and the tool speak with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """Where they lie: a directory of ours, private to one process of stand-ins."""

    directory: Path

    @property
    def job(self) -> Path:
        """What the process is told."""
        return self.directory / "job.json"

    @property
    def ready(self) -> Path:
        """There once it listens."""
        return self.directory / "ready.json"

    @property
    def account(self) -> Path:
        """What it saw up to now."""
        return self.directory / "account.json"

    @property
    def authority(self) -> Path:
        """Its authority's certificate, PEM."""
        return self.directory / "authority.pem"

    @property
    def recorded(self) -> Path:
        """The exchanges of a recording under way, one a line."""
        return self.directory / "recorded.jsonl"

    @property
    def doors(self) -> Path:
        """The Unix socket on which listening sockets are handed out."""
        return self.directory / "doors"
