"""Why no namespace can be had here, and what would change that.

The kernel only says "not permitted"; which of half a dozen settings says no must be looked up. Each
obstacle ends with the way on without the guard, for who knows that the project calls nobody.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from whereasync.errors import BadInputError

UNGUARDED = "--unguarded, if whatever the project calls may be called for real"
_SWITCHES = (  # a file, the value that forbids, what to type
    ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
    ("user/max_net_namespaces", "0", "sudo sysctl user.max_net_namespaces=10000"),
    ("user/max_mnt_namespaces", "0", "sudo sysctl user.max_mnt_namespaces=10000"),
    ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)
_CONTAINERS = ("/.dockerenv", "/run/.containerenv", "/var/run/secrets/kubernetes.io")
_CONTAINED = (
    "start the container with --cap-add SYS_ADMIN --security-opt apparmor=unconfined"
    " --security-opt seccomp=unconfined"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What stands in the way of a namespace."""

    why: str
    hint: str

    def refusal(self) -> BadInputError:
        """Return the error that ends the command."""
        return BadInputError(
            f"the project can't be kept from calling out here: {self.why}", self.hint
        )


def explain(error: OSError | str, sysctl: Path = Path("/proc/sys")) -> Obstacle:
    """Return the obstacle behind what the kernel said; ``sysctl`` is where its settings lie."""
    said = error if isinstance(error, str) else f"{error.strerror or error}"
    for name, forbidden, command in () if isinstance(error, str) else _SWITCHES:
        if _read(sysctl / name) == forbidden and _matters(name):
            setting = name.replace("/", ".")
            return Obstacle(
                why=f"the kernel's setting {setting} = {forbidden} forbids namespaces ({said})",
                hint=f"{command}, or {UNGUARDED}",
            )
    if not isinstance(error, str) and any(Path(mark).exists() for mark in _CONTAINERS):
        return Obstacle(
            why=f"this container may make no namespaces ({said})",
            hint=f"{_CONTAINED}, or say {UNGUARDED}",
        )
    return Obstacle(why=said, hint=UNGUARDED)


def _matters(setting: str) -> bool:
    """Only ordinary users are kept from user namespaces by the switches for them."""
    return os.geteuid() != 0 or "unprivileged" not in setting


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
