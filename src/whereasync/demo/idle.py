"""What a thousand clients cost that are connected and say nothing: which arms, and how often.

Async's clearest win, if it is one. A newcomer would compare with 16 threads only: enough threads
serve everybody too, and what those cost is the question.
"""

from __future__ import annotations

from whereasync.model import Arm, IdleArm, IdlePlan, Interface, Request

CLIENTS = 1000
EVERY = 5  # s between two comments on a connection
SPARE = 24  # threads, and connections, for other visitors
SLOWEST, RAMP = 500.0, 5.0  # connections/s at the least, so that all take so many seconds at most
THREADS = "16"  # the demo's usual
ALLOWANCE = 256  # files that a server opens beside its connections


def build(*, clients: int, is_quick: bool, seed: int) -> IdlePlan:
    """Return the plan; a quick one looks once at each arm, and for a shorter time."""
    return IdlePlan(
        seed=seed,
        clients=clients,
        arms=_arms(clients),
        repeats=1 if is_quick else 3,
        rate=max(SLOWEST, clients / RAMP),
        patience=3.0 if is_quick else 5.0,
        hold=2.0 if is_quick else float(EVERY),
    )


def count_files(clients: int) -> int:
    """Return how many files a server, or the load client, opens for so many clients."""
    return clients + ALLOWANCE


def _arms(clients: int) -> tuple[IdleArm, ...]:
    many = {"threads": str(clients + SPARE), "connections": str(clients + 2 * SPARE)}
    usual = {"threads": THREADS}
    return (
        _arm(
            "threads_few", "sync", Arm(server="gunicorn", interface=Interface.WSGI, options=usual)
        ),
        _arm(
            "threads_many", "sync", Arm(server="gunicorn", interface=Interface.WSGI, options=many)
        ),
        _arm("uvicorn", "async", Arm(server="uvicorn", interface=Interface.ASGI)),
        _arm("hypercorn", "async", Arm(server="hypercorn", interface=Interface.ASGI)),
        _arm("crossed", "sync", Arm(server="uvicorn", interface=Interface.ASGI)),
    )


def _arm(role: str, view: str, arm: Arm) -> IdleArm:
    threads = arm.options.get("threads")
    serves = f"{arm.server}, {int(threads):,} threads" if threads else arm.server
    return IdleArm(
        role=role,
        label=f"{serves}, {view} view",
        arm=arm,
        request=Request(path=f"/events/{view}/?every={EVERY}"),
        visitor=Request(path=f"/plain/hello/{view}/"),
    )
