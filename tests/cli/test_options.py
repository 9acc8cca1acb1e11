from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from whereasync.cli.options import FORMATS, Numbers, format_options
from whereasync.renderers import Format

CLIENTS = Numbers(1, 1_000, "clients")


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("8", (8,)),
        ("1,8,64", (1, 8, 64)),
        ("64,1,8", (64, 1, 8)),
        ("8,8,1,8", (8, 1)),
        (" 1, 8 ", (1, 8)),
        ("1_000", (1000,)),
        ("1", (1,)),
        ((1, 8), (1, 8)),
    ],
)
def test_lists_of_numbers_keep_their_order_and_lose_doubles(
    typed: object, numbers: tuple[int, ...]
) -> None:
    """Both bounds are allowed; a default that is a tuple already stays one."""
    assert CLIENTS.convert(typed, None, None) == numbers


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("x", "'x' is no number of clients"),
        ("", "'' is no number of clients"),
        ("1,,8", "'' is no number of clients"),
        ("1,8,", "'' is no number of clients"),
        ("1.5", "'1.5' is no number of clients"),
        ("1e2", "'1e2' is no number of clients"),
        ("1 8", "'1 8' is no number of clients"),
        ("0", "clients 0: choose 1 to 1,000"),
        ("8,-1", "clients -1: choose 1 to 1,000"),
        ("1001", "clients 1001: choose 1 to 1,000"),
        ("9" * 5000, "is no number of clients"),
    ],
)
def test_what_is_no_such_number_is_refused_by_name(typed: str, complaint: str) -> None:
    """One line that quotes the culprit."""
    with pytest.raises(click.BadParameter) as caught:
        CLIENTS.convert(typed, None, None)
    assert complaint in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "terminal False"),
        (["--json"], "terminal True"),
        (["--format", "json"], "json False"),
        (["--format", "markdown"], "markdown False"),
    ],
)
def test_a_command_gets_both_ways_to_choose_a_format(arguments: list[str], said: str) -> None:
    """``--json`` abbreviates ``--format json``."""

    @click.command()
    @format_options
    def command(format_: str, as_json: bool) -> None:
        click.echo(f"{format_} {as_json}")

    assert CliRunner().invoke(command, arguments).output == said + "\n"


def test_every_renderer_can_be_asked_for() -> None:
    """And JSON, which is the noun itself."""
    assert set(FORMATS) == {*Format, "json"}
