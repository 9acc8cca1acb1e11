"""What every command on a project of one's own takes: which one, its Python, its settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from whereasync.project.opening import Asked


def project_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add ``--python``, ``--settings`` and ``--config`` to a command; ``read_asked`` reads them."""
    for option in (
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            metavar="PATH",
            help="The project's directory, or its configuration file.  [default: looked for here]",
        ),
        click.option(
            "--settings", metavar="MODULE", default="", help="Its settings: shop.settings."
        ),
        click.option(
            "--python", metavar="PATH", default="", help="Its interpreter, or its environment."
        ),
    ):
        command = option(command)
    return command


def project_argument(command: Callable[..., object]) -> Callable[..., object]:
    """Add ``[PATH]``, which says the same as ``--config``."""
    return click.argument("path", required=False, type=click.Path(path_type=Path))(command)


def read_asked() -> Asked:
    """Return what the present command's ``project_options`` took."""
    from whereasync.project.opening import Asked

    typed = click.get_current_context().params
    path = typed.get("path")
    if path and typed["config"]:
        raise BadInputError("PATH and --config both name the project", "leave one out")
    return Asked(where=path or typed["config"], python=typed["python"], settings=typed["settings"])
