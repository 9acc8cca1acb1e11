"""What a thousand clients cost that are connected and say nothing: which arms, and how often.

Async's clearest win, if it is one. A newcomer would compare with 16 threads only: enough threads
serve everybody too, and what those cost is the question; or take async for threadless, which under
Django it is only where requests share the threads of their synchronous code.
"""

from __future__ import annotations

from whereasync.model import Arm, IdleArm, IdlePlan, Interface, Request

CLIENTS = 1000
EVERY = 5  # s between two comments on a connection
SPARE = 24  # threads, and connections, for other visitors
RATE = 500.0  # connections/s: about what one core answers under ASGI
SERVED = 200  # clients a second that a server must serve, or patience with it ends
THREADS = "16"  # the demo's usual
ALLOWANCE = 256  # files that a server opens beside its connections


UVICORN = Arm(server="uvicorn", interface=Interface.ASGI)
SHARED = "demosite.asgi_shared:application"
SHARED_LEAST = (3, 13)  # asgiref's version that it takes


def build(*, clients: int, is_quick: bool, seed: int, can_share: bool = True) -> IdlePlan:
    """Return the plan; a quick one looks once at each arm, and for a shorter time.

    ``can_share`` says whether the project's asgiref lets requests share threads.
    """
    return IdlePlan(
        seed=seed,
        clients=clients,
        arms=tuple(each for each in _arms(clients) if can_share or not each.asgi),
        repeats=1 if is_quick else 3,
        rate=RATE,
        patience=max(3.0 if is_quick else 5.0, clients / SERVED),
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
        _arm("shared", "async", UVICORN, "16 shared threads", SHARED),
        _arm("uvicorn", "async", UVICORN),
        _arm("hypercorn", "async", Arm(server="hypercorn", interface=Interface.ASGI)),
        _arm("crossed", "sync", UVICORN),
    )


def _arm(role: str, view: str, arm: Arm, threads: str = "", asgi: str = "") -> IdleArm:
    if "threads" in arm.options:
        threads = f"{int(arm.options['threads']):,} threads"
    return IdleArm(
        role=role,
        label=", ".join(filter(None, (arm.server, threads, f"{view} view"))),
        arm=arm,
        request=Request(path=f"/events/{view}/?every={EVERY}"),
        visitor=Request(path=f"/plain/hello/{view}/"),
        asgi=asgi,
    )
