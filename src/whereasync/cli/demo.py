"""``whereasync demo``: the experiment on this machine, or, with ``--serve``, to click through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.measuring import (
    demo_setting,
    draw_seed,
    measure_experiment,
    require_extra,
    want,
)
from whereasync.cli.options import Numbers, find_typed, format_options, run_options
from whereasync.cli.progress import watch
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from whereasync.bench import Service
    from whereasync.bench.demonstration import Setting
    from whereasync.bench.serving import Wish
    from whereasync.model import Arm, Experiment
    from whereasync.results import Results
    from whereasync.servers import App

MEASURING = {  # parameters of a demo that measures, as they are written
    "quick": "--quick",
    "full": "--full",
    "clients": "--clients",
    "chapters": "--chapter",
    "api_url": "--api-url",
    "api_key": "--api-key",
    "seed": "--seed",
    "out": "--out",
    "format_": "--format",
    "as_json": "--json",
}
WHOLE = {  # parameters that mean nothing with --stack
    "objects": "--objects",
    "chapters": "--chapter",
    "server": "--server",
    "rates": "--rates",
    "api_url": "--api-url",
    "api_key": "--api-key",
    "serve": "--serve",
    "port": "--port",
}


@click.group(invoke_without_command=True, subcommand_metavar="[QUESTION]")
@click.pass_context
@click.option("--quick", is_flag=True, help="At most 60 seconds.")
@click.option("--full", is_flag=True, help="Every cell, up to 24 blocks.")
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
    help="Clients at once in chapters 2 and 3.  [default: 1,8,64; 1 with --quick; with --stack 16; "
    "4 with --quick; 1,8,32 with --full]",
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
@click.option(
    "--stack",
    "stacks",
    metavar="STACK",
    multiple=True,
    help="Instead: compare async on several stacks. article, lts, latest, or "
    "'python=3.12 django==5.1.* psycopg==3.2.* hypercorn==0.17.*'; give it several times.",
)
@click.option("--serve", is_flag=True, help="Measure nothing; serve the project to click through.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of --serve.  [default: a free one]"
)
@run_options
@format_options
def demo(
    context: click.Context,
    quick: bool,
    full: bool,
    objects: tuple[int, ...],
    clients: tuple[int, ...] | None,
    chapters: tuple[int, ...],
    database: str | None,
    server: str | None,
    rates: str | None,
    api_url: str | None,
    api_key: str | None,
    stacks: tuple[str, ...],
    seed: int | None,
    serve: bool,
    port: int | None,
    quiet: bool,
    **_: Any,  # how to keep and show the run: ``want`` reads it
) -> int | None:
    """Repeat "Django 4.1: Where To Apply Async" here, then fairly, then say what to change.

    With a QUESTION, measure the answer to that one instead.
    """
    if context.invoked_subcommand is not None:
        _require_none_typed(context)
        return None
    _check_company(serve=serve, quick=quick, full=full, on_stacks=bool(stacks))
    length = "quick" if quick else "full" if full else "default"
    require_extra()
    if stacks:
        from whereasync.cli.stacks import compare_stacks

        compared = compare_stacks(stacks, length, clients, database=database, seed=seed)
        return 0 if is_whole(compared) else 3
    setting = demo_setting(database, _real(api_url, api_key))
    arm = _arm(server, setting.app)
    if serve:
        from whereasync.bench.serving import Wish

        wish = Wish(arm=arm, objects=min(objects), rates=rates or "full", port=port)
        return _serve(setting, wish, quiet=quiet)
    from whereasync.databases.address import Kind, parse_address
    from whereasync.demo.experiment import Choices, build

    is_sqlite = parse_address(database).kind is Kind.SQLITE
    choices = Choices(
        length=length,
        objects=objects,
        clients=clients,
        chapters=(*chapters, 2, 3) if 4 in chapters else chapters,
        server=arm,
        rates=rates,
        seed=draw_seed(seed),
        writers=1 if is_sqlite else None,
    )
    experiment = _without_missing(build(choices), setting.app)
    results = measure_experiment(experiment, setting, want("demo", choices.seed))
    return 0 if is_whole(results) else 3


def _require_none_typed(context: click.Context) -> None:
    """Refuse options before a question: they are the whole demo's, and would do nothing."""
    named = {each.name: each.opts[0] for each in context.command.params if each.name}
    if idle := find_typed(**named):
        question = context.invoked_subcommand
        raise BadInputError(
            f"{idle} before {question} is for the whole demo, and does nothing here",
            f"whereasync demo {question} --help",
        )


def _check_company(*, serve: bool, quick: bool, full: bool, on_stacks: bool) -> None:
    """Refuse options that contradict each other, or would do nothing."""
    if on_stacks and (idle := find_typed(**WHOLE)):
        raise BadInputError(
            f"{idle} is for the whole demo, and does nothing with --stack", "leave it out"
        )
    if quick and full:
        raise BadInputError("--quick and --full are two lengths", "give one of them")
    if serve and (idle := find_typed(**MEASURING)):
        raise BadInputError(f"--serve measures nothing, so {idle} does nothing", "leave it out")
    if not serve and find_typed(port="--port"):
        raise BadInputError("--port is the port of --serve", "give both, or leave it out")
    if find_typed(api_key="--api-key") and not find_typed(api_url="--api-url"):
        raise BadInputError("--api-key is the key for --api-url", "give both, or leave it out")


def _without_missing(experiment: Experiment, app: App) -> Experiment:
    """Leave out the candidates that aren't installed, aloud; one of a kind must be there."""
    from dataclasses import replace

    from whereasync.servers import require

    kept: dict[str, tuple[Arm, ...]] = {}
    for role, arms in experiment.candidates.items():
        missing: dict[str, BadInputError] = {}
        for arm in arms:
            try:
                require(arm, app.python)
            except BadInputError as error:
                missing[str(arm)] = error
        kept[role] = tuple(arm for arm in arms if str(arm) not in missing)
        if not kept[role]:
            raise next(iter(missing.values()))
        for name, reason in missing.items():
            click.echo(f"Not tried, {name}: {reason.what}; {reason.hint}", err=True)
    return replace(experiment, candidates=kept)


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


def is_whole(results: Results) -> bool:
    """Tell whether all that was asked for has a result: no void cell, no failed row, no fault."""
    return (
        not results.run.faults
        and all(row.ours for row in results.article)
        and not any(each.is_void for each in results.cells)
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
