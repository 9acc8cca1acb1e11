"""What several options have in common: their types, and how to say what is wrong with one."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whereasync.config.values import parse_duration

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


class Number(click.ParamType[float]):
    """A number between two bounds."""

    name = "number"

    def __init__(self, low: float, high: float) -> None:
        """Take the bounds, both allowed."""
        self.low, self.high = low, high

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not self.low <= number <= self.high:
            self.fail(f"{value!r}: give a number, {self.low:g} to {self.high:,g}", param, ctx)
        return number


class Duration(click.ParamType[float]):
    """A length of time in seconds, typed ``90``, ``90s`` or ``5m``."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds."""
        seconds = parse_duration(str(value))
        if seconds is None:
            self.fail(f"{value!r} is no time: write 90s or 5m", param, ctx)
        return seconds


class Allowance(click.ParamType[float]):
    """How much slower B may be: ``slower:5%`` is 0.05."""

    name = "allowance"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the share."""
        typed = re.fullmatch(r"slower:([0-9]+(?:\.[0-9]+)?)\s*%", str(value).strip())
        if not typed:
            self.fail(f"{value!r} is no limit: write slower:5%", param, ctx)
        return float(typed[1]) / 100


SEED_BITS = 31


def find_typed(**names: str) -> str | None:
    """Return the first of those options that was typed: its parameter's name → how it is written.

    What a default or the environment gave doesn't count.
    """
    source = click.get_current_context().get_parameter_source
    typed = (
        written
        for name, written in names.items()
        if source(name) is click.core.ParameterSource.COMMANDLINE
    )
    return next(typed, None)


def run_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add ``--seed``, ``--out`` and ``--quiet`` to a command that measures."""
    for option in (
        click.option("--quiet", is_flag=True, help="No progress, only the result."),
        click.option(
            "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where to keep the run."
        ),
        click.option(
            "--seed", type=click.IntRange(0, 2**SEED_BITS - 1), help="Repeat a run's order."
        ),
    ):
        command = option(command)
    return command


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
