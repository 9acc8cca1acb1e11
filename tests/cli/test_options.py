from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from whereasync.cli.options import (
    FORMATS,
    SEED_BITS,
    Allowance,
    Duration,
    Numbers,
    format_options,
    run_options,
)
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
    ("typed", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        (" 90 s ", 90.0),
        ("0.5s", 0.5),
        ("1.5m", 90.0),
        ("5m", 300.0),
        ("5min", 300.0),
        ("2h", 7200.0),
        (90, 90.0),
        (90.5, 90.5),
    ],
)
def test_a_time_has_a_unit_or_is_in_seconds(typed: object, seconds: float) -> None:
    """A default that is a number already means seconds, too."""
    assert Duration().convert(typed, None, None) == seconds


@pytest.mark.parametrize(
    "typed", ["", "x", "s", "-5", "-5s", "0", "0.0s", "1,5m", "5d", "5 m m", "1e3", "nan", "inf"]
)
def test_what_is_no_time_is_refused(typed: str) -> None:
    """Nor is none of it; one line that quotes it and says how to write one."""
    with pytest.raises(click.BadParameter) as caught:
        Duration().convert(typed, None, None)
    assert caught.value.message == f"{typed!r} is no time: write 90s or 5m"


@pytest.mark.parametrize(
    ("typed", "share"),
    [
        ("slower:5%", 0.05),
        ("slower:0.5%", 0.005),
        ("slower:0%", 0.0),
        ("slower:5 %", 0.05),
        (" slower:100% ", 1.0),
    ],
)
def test_an_allowance_is_a_share(typed: str, share: float) -> None:
    """None at all is one, too: B must not be slower."""
    assert Allowance().convert(typed, None, None) == pytest.approx(share)


@pytest.mark.parametrize(
    "typed", ["", "5%", "slower", "slower:", "slower:5", "slower:-5%", "faster:5%"]
)
def test_what_is_no_allowance_is_refused(typed: str) -> None:
    """A share without its unit could be five times as much."""
    with pytest.raises(click.BadParameter) as caught:
        Allowance().convert(typed, None, None)
    assert caught.value.message == f"{typed!r} is no limit: write slower:5%"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "None None False"),
        (["--seed", "7", "--out", "here", "--quiet"], "7 here True"),
        (["--seed", str(2**SEED_BITS - 1)], f"{2**SEED_BITS - 1} None False"),
        (["--seed", str(2**SEED_BITS)], None),
        (["--seed", "-1"], None),
    ],
)
def test_a_command_that_measures_takes_seed_place_and_silence(
    arguments: list[str], said: str | None
) -> None:
    """A seed has 31 bits, as those that are drawn."""

    @click.command()
    @run_options
    def command(seed: int | None, out: object, quiet: bool) -> None:
        click.echo(f"{seed} {out} {quiet}")

    done = CliRunner().invoke(command, arguments)
    assert (done.output == f"{said}\n") is (said is not None)
    assert done.exit_code == (0 if said else 2)


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
