"""``whereasync init``: writes a configuration from what the project is."""

from __future__ import annotations

from typing import Any

import click

from whereasync.cli.own import go_inside, unguarded_option
from whereasync.cli.project import project_argument, project_options, read_asked


@click.command()
@project_argument
@click.option("--force", is_flag=True, help="Write over a whereasync.toml that is there.")
@project_options
@unguarded_option
def init(force: bool, unguarded: bool, **_: Any) -> None:
    """Write a commented whereasync.toml for the project in PATH, or here.

    It is filled from the project: its database, the routes that are asked for by themselves, and
    requests for those with parameters.
    """
    from whereasync.project.drafting import write_config

    go_inside(unguarded=unguarded)
    written = write_config(read_asked(), force=force)
    click.echo(
        f"Wrote {written.file}: {_count(written.plain, 'route')} without parameters; of "
        f"{written.parametrised} with parameters, {written.filled} filled by a guess."
    )
    click.echo("Next: look through it, then whereasync doctor")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
