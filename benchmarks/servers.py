"""Every server of the table against gunicorn gthread, on three views of the demo's project.

Each row is a race of its own, printed as the command that repeats it; about 20 minutes for all:

    python benchmarks/servers.py [--budget 120s] [--clients 8] [SERVER …] [--views VIEW …]

WSGI servers serve the sync view, ASGI servers its async twin, which does the same work and gives
the same bytes; fan-out is five calls of 20 ms. A race without a verdict says so in its row; °
marks one that the database decided.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

BASE = "gunicorn,threads=16"
ARMS = {
    "gunicorn,worker=sync": "sync",
    "gunicorn,worker=uvicorn": "async",
    "uvicorn": "async",
    "hypercorn": "async",
    "granian,interface=wsgi,threads=16": "sync",
    "granian,interface=asgi": "async",
    "daphne": "async",
    "runserver": "sync",
}
VIEWS = {
    "hello": "/plain/hello/{}/",
    "one query": "/plain/query/{}/",
    "fan-out": "/advised/rates/{}/?calls=5",
}
LIMITED = " °"  # beside a verdict: the database was the limit
HEAD = (
    "| view | arm | ratio | interval | verdict | blocks | requests/s | p99 | CPU s per 1,000 "
    "| memory | threads | connections | switches |"
)


def main() -> None:
    """Run the races and print a row each, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("servers", nargs="*", metavar="SERVER", choices=[[], *ARMS])
    parser.add_argument("--views", nargs="*", choices=VIEWS, default=list(VIEWS))
    parser.add_argument("--budget", default="120s")
    parser.add_argument("--clients", default="8")
    chosen = parser.parse_args()
    commands = []
    print(HEAD)
    print("| --- | --- | ---: | --- | --- |" + " ---: |" * 8, flush=True)
    for view in chosen.views:
        path = VIEWS[view]
        for number, arm in enumerate(chosen.servers or ARMS):
            a, b = f"{BASE}@{path.format('sync')}", f"{arm}@{path.format(ARMS[arm])}"
            command = [a, b, "--clients", chosen.clients, "--budget", chosen.budget]
            commands.append(shlex.join(["whereasync", "race", "--demo", *command]))
            result = race(command)
            if number == 0 and result["cells"]:
                print(row(view, result, "a"))
            print(row(view, result, "b"), flush=True)
    print("\n".join(["", *commands]))


def race(arguments: list[str]) -> dict:
    """Run one race and return what it says as JSON."""
    whereasync = Path(sys.executable).with_name("whereasync")
    with tempfile.TemporaryDirectory() as directory:
        out = ["--out", str(Path(directory) / "run"), "--quiet", "--json"]
        argv = [whereasync, "race", "--demo", *arguments, *out]
        ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    if not ran.stdout:
        sys.exit(f"{shlex.join(arguments)}: {ran.stderr}")
    return json.loads(ran.stdout)


def row(view: str, result: dict, side: str) -> str:
    """Return one side of a race as a row of the table."""
    arm = name(result["run"]["arms"].get(side, {}))
    if not result["cells"]:
        return f"| {view} | {arm} | – | | failed |" + " – |" * 8
    (cell,) = result["cells"]
    comparison, reached = cell["comparison"], cell[side]
    if reached is None:
        return f"| {view} | {arm} | – | | void: {comparison['reason']['kind']} |" + " – |" * 8
    cost = result["costs"][side]
    compared = (
        ["1×", "", "the measure", ""]
        if side == "a"
        else [
            f"{comparison['ratio']:.2f}×",
            f"[{comparison['low']:.2f}–{comparison['high']:.2f}]",
            say(comparison) + LIMITED * is_limited(cell),
            str(comparison["blocks"]),
        ]
    )
    database = reached["database_cpu"] or 0.0
    cpu = f"{reached['server_cpu']:.2f}" + (f" + {database:.2f}" if database >= 0.005 else "")
    cells = [
        *(view, f"`{arm}`", *compared),
        f"{reached['throughput']:,.0f}",
        f"{1000 * reached['p99']:.1f} ms",
        cpu,
        f"{cost['peak_rss'] / 1e6:.0f} MB",
        str(cost["peak_threads"]),
        str(cost["peak_connections"]),
        f"{cost['switches'] / cost['requests']:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def name(arm: dict) -> str:
    """Return an arm as it is typed."""
    options = (f"{key}={value}" for key, value in arm.get("options", {}).items())
    return ",".join([arm.get("server", "?"), *options])


def is_limited(cell: dict) -> bool:
    """Return whether the database, and not an arm, decided how fast it went."""
    return any(caveat["kind"] == "the database was the limit" for caveat in cell["caveats"])


def say(comparison: dict) -> str:
    """Return the verdict in a word or two."""
    if comparison["verdict"] != "faster":
        return comparison["verdict"]
    return "faster" if comparison["winner"] == "b" else "slower"


if __name__ == "__main__":
    main()
