"""What several options have in common: lists of numbers, and how to say what is wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = ("terminal", "markdown", "json")


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers between two bounds, separated by commas: ``1,8,64``."""

    name = "numbers"

    def __init__(self, low: int, high: int, what: str) -> None:
        """Take the bounds, both allowed, and what one number counts."""
        self.low, self.high, self.what = low, high, what

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the numbers in the order given, each once."""
        if isinstance(value, tuple):
            return value
        found = []
        for part in str(value).split(","):
            try:
                number = int(part.replace("_", ""))
            except ValueError:
                self.fail(f"{part.strip()!r} is no number of {self.what}", param, ctx)
            if not self.low <= number <= self.high:
                bounds = f"{self.low:,} to {self.high:,}"
                self.fail(f"{self.what} {number}: choose {bounds}", param, ctx)
            found.append(number)
        return tuple(dict.fromkeys(found))


def format_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add ``--format`` and ``--json`` to a command."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
        click.option(
            "--format",
            "format_",
            type=click.Choice(FORMATS),
            default="terminal",
            show_default=True,
            help="How to show the result.",
        ),
    ):
        command = option(command)
    return command
