"""``whereasync demo``: the experiment on this machine, or, with ``--serve``, to click through."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whereasync import __version__
from whereasync.cli.options import Numbers, format_options
from whereasync.cli.progress import watch
from whereasync.cli.report import derive_results, show
from whereasync.errors import BadInputError
from whereasync.model import Status

if TYPE_CHECKING:
    from whereasync.bench import Service, Setting
    from whereasync.bench.serving import Wish
    from whereasync.demo.experiment import Choices
    from whereasync.model import Arm
    from whereasync.results import Results
    from whereasync.servers import App
    from whereasync.store import RunDirectory

NEEDED = ("django", "psycopg", "httpx", "aiohttp")  # modules of the extra [demo]
SEED_BITS = 31


@click.command()
@click.option("--quick", "length", flag_value="quick", help="At most 60 seconds.")
@click.option("--full", "length", flag_value="full", help="Every cell, up to 24 blocks.")
@click.option(
    "--objects",
    type=Numbers(1, 1_000_000, "objects"),
    default="50,500,1500",
    show_default=True,
    help="Objects of each model in chapter 1.",
)
@click.option(
    "--clients",
    type=Numbers(1, 1000, "clients"),
    help="Clients at once in chapters 2 and 3.  [default: 1,8,64; 1 with --quick]",
)
@click.option(
    "--chapter",
    "chapters",
    type=Numbers(1, 4, "chapter"),
    default="1,2,3,4",
    show_default=True,
    help="Chapters to measure; 4 sums up 2 and 3.",
)
@click.option(
    "--database",
    metavar="URL",
    help="embedded (the default), postgres://… (only databases of our own are made in it), sqlite:",
)
@click.option(
    "--server",
    metavar="SERVER[,KEY=VALUE…]",
    help="Server of chapter 1, and the only candidate of its kind in chapter 2.",
)
@click.option(
    "--rates",
    type=click.Choice(["full", "small"]),
    help="Size of the API's answer: 1.1 MB or 30 kB. Default: full in chapter 1, then small.",
)
@click.option("--api-url", metavar="URL", help="Call the real service in chapter 1, 6 times.")
@click.option(
    "--api-key", envvar="WHEREASYNC_API_KEY", metavar="KEY", help="Your key for --api-url."
)
@click.option("--seed", type=click.IntRange(0, 2**SEED_BITS - 1), help="Repeat a run's order.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where to keep the run."
)
@click.option("--serve", is_flag=True, help="Measure nothing; serve the project to click through.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of --serve.  [default: a free one]"
)
@click.option("--quiet", is_flag=True, help="No progress, only the result.")
@format_options
def demo(
    length: str | None,
    objects: tuple[int, ...],
    clients: tuple[int, ...] | None,
    chapters: tuple[int, ...],
    database: str | None,
    server: str | None,
    rates: str | None,
    api_url: str | None,
    api_key: str | None,
    seed: int | None,
    out: Path | None,
    serve: bool,
    port: int | None,
    format_: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Repeat "Django 4.1: Where To Apply Async" here, then fairly, then say what to change."""
    _require_extra()
    setting = _setting(database, _real(api_url, api_key))
    arm = _arm(server, setting.app)
    if serve:
        from whereasync.bench.serving import Wish

        wish = Wish(arm=arm, objects=min(objects), rates=rates or "full", port=port)
        return _serve(setting, wish, quiet=quiet)
    from whereasync.databases.address import Kind, parse_address
    from whereasync.demo.experiment import Choices

    is_sqlite = parse_address(database).kind is Kind.SQLITE
    choices = Choices(
        length=length or "default",
        objects=objects,
        clients=clients,
        chapters=(*chapters, 2, 3) if 4 in chapters else chapters,
        server=arm,
        rates=rates,
        seed=secrets.randbits(SEED_BITS) if seed is None else seed,
        writers=1 if is_sqlite else None,
    )
    asked = {
        name: str(value)
        for name, value in click.get_current_context().params.items()
        if value is not None and name not in ("api_key", "database")
    }
    return _measure(choices, setting, asked, out, "json" if as_json else format_, quiet=quiet)


def _require_extra() -> None:
    from importlib.util import find_spec

    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        raise BadInputError(
            f"the demo needs {', '.join(lacking)}, not installed here",
            "pip install 'whereasync[demo]'",
        )


def _setting(database: str | None, real: Service | None) -> Setting:
    from whereasync.bench import Setting
    from whereasync.databases.address import parse_address
    from whereasync.demo import PROJECT
    from whereasync.servers import App

    parse_address(database)  # a URL that can't be is said before anything starts
    app = App(
        python=Path(sys.executable),
        directory=PROJECT,
        wsgi="demosite.wsgi:application",
        asgi="demosite.asgi:application",
    )
    return Setting(app=app, database=database, real=real)


def _real(url: str | None, key: str | None) -> Service | None:
    from whereasync.bench import Service

    if url is None:
        return None
    if not key:
        raise BadInputError(
            "--api-url needs your key for that service",
            "set WHEREASYNC_API_KEY, or give --api-key",
        )
    if not url.startswith(("http://", "https://")):
        raise BadInputError(f"{url!r} is no http:// or https:// URL", "give --api-url https://…")
    return Service(url=url, key=key)


def _arm(text: str | None, app: App) -> Arm | None:
    from whereasync.servers import parse_arm_server, require

    if text is None:
        return None
    arm = parse_arm_server(text)
    require(arm, app.python)
    return arm


def _measure(
    choices: Choices,
    setting: Setting,
    asked: dict[str, str],
    out: Path | None,
    format_: str,
    *,
    quiet: bool,
) -> int:
    """Run the experiment, show what came of it, and return the exit code."""
    from datetime import UTC, datetime

    from whereasync import bench, machine, store
    from whereasync.demo.experiment import build
    from whereasync.model import Run

    now = datetime.now(UTC)
    begun = Run(
        command="demo",
        tool=__version__,
        started=now.isoformat(timespec="seconds"),
        seed=choices.seed,
        status=Status.RUNNING,
        options=asked,
        machine=machine.describe(),
    )
    directory = store.create("demo", out, now)
    try:
        with watch(quiet=quiet) as observer:
            bench.run(build(choices), setting, begun, directory, observer)
    except BadInputError:
        directory.discard()
        raise
    except BaseException:
        _show_partly(directory, format_, quiet=quiet)
        raise
    results = derive_results(directory)
    show(results, format_)
    _say_where(directory.path, quiet=quiet)
    return 0 if is_whole(results) else 3


def _show_partly(directory: RunDirectory, format_: str, *, quiet: bool) -> None:
    """Show what was measured before it was cut short; nothing, if that is nothing."""
    try:
        results = derive_results(directory)
    except BadInputError:  # it ended before its first save, or the directory was taken away
        directory.discard()
        return
    sent = [clocks for row in results.article for clocks in row.clocks.values()]
    if results.cells or any(clocks.client for clocks in sent):
        show(results, format_)
        _say_where(directory.path, quiet=quiet)
    elif results.run.status is not Status.FAILED:
        directory.discard()


def _say_where(path: Path, *, quiet: bool) -> None:
    if not quiet:
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        click.echo(f"Kept in {shown}; show it again: whereasync report {shown}", err=True)


def is_whole(results: Results) -> bool:
    """Tell whether all that was asked for has a result: no void cell, no failed row, no fault."""
    from whereasync.stats import Verdict

    return (
        not results.run.faults
        and all(row.ours for row in results.article)
        and all(each.comparison.verdict is not Verdict.VOID for each in results.cells)
        and all(point.chosen or not point.fault for point in results.run.sweep)
    )


def _serve(setting: Setting, wish: Wish, *, quiet: bool) -> int:
    """Serve the project until Ctrl-C, which is the way to end it and so no error."""
    from whereasync.bench.serving import serve

    try:
        with watch(quiet=quiet) as observer, serve(setting, wish, observer) as served:
            for line in served.lines:
                click.echo(line)
            served.wait()
    except KeyboardInterrupt:
        click.echo("whereasync: stopped", err=True)
    return 0
