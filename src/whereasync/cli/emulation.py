"""``whereasync demo test-client``: Django's test tools against servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.measuring import demo_setting, draw_seed, measure, require_extra, want
from whereasync.cli.options import format_options, run_options

if TYPE_CHECKING:
    from whereasync.bench.demonstration import Setting
    from whereasync.bench.stage import Observer
    from whereasync.model import Run
    from whereasync.store import RunDirectory

EXPECTED = 90.0  # s on two slow cores


@click.command("test-client")
@click.option("--database", metavar="URL", help="embedded (the default), postgres://…, sqlite:")
@run_options
@format_options
def test_client(database: str | None, seed: int | None, **_: Any) -> int:
    """Tell whether the test client can time a view: the same requests through it and servers.

    Client, AsyncClient, the request factories and the bare ASGI handler against gunicorn and
    uvicorn, one request at a time and eight at once.
    """
    require_extra()
    from whereasync.demo.emulation import ARMS
    from whereasync.servers import require

    setting = demo_setting(database)
    for arm in ARMS.values():
        require(arm, setting.app.python)
    results = measure(
        want("test-client", draw_seed(seed)),
        lambda begun, directory, observer: _measure(setting, begun, directory, observer),
    )
    is_whole = not results.run.faults and not any(each.fault for each in results.timings)
    return 0 if is_whole else 3


def _measure(setting: Setting, begun: Run, directory: RunDirectory, observer: Observer) -> None:
    from whereasync import bench
    from whereasync.bench.emulation import compare_ways

    bench.perform(compare_ways, setting, begun, directory, observer, budget=None)
