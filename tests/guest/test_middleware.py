"""The chain as Django builds it, beside what a real request under ASGI did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from whereasync_guest.middleware import Entry, _doubt

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Asking

ORDERS = (
    "none",
    "default",
    "sync at the bottom",
    "sync in the middle",
    "sync at the top",
    "no sync",
    "async outside sync",
    "unmarked outside",
)
RARE = {"process_template_response", "process_exception"}  # only after a template, an exception
OURS = "nasty.middleware."


def observed(order: dict[str, Any]) -> dict[str, Any]:
    """Return what was observed of each middleware that is used, by its name."""
    return {each["name"]: each for each in order["observed"] if not each["is_unused"]}


@pytest.mark.parametrize("name", ORDERS)
def test_what_is_said_to_run_on_the_loop_ran_on_the_loop(served: dict[str, Any], name: str) -> None:
    """Each noted in which thread it ran."""
    order = served[name]
    assert order["status"] == 200
    chain = observed(order)
    ran = {each: on_loop for each, on_loop in order["on_loop"].items() if each in chain}
    assert ran == {each: chain[each]["is_async"] for each in ran}
    assert bool(ran) == (name not in {"none", "default", "unmarked outside"})


@pytest.mark.parametrize("name", ORDERS)
def test_hops_are_as_many_as_were_handed_to_threads(served: dict[str, Any], name: str) -> None:
    """Hooks that hop, async ones round sync ones, and a sync one at the top."""
    order = served[name]
    chain = list(observed(order).values())
    hooks = sum(len(set(each["hops"]) - RARE) for each in chain)
    adapted = sum(each["is_adapted"] and each["is_async"] for each in chain)
    top = int(bool(chain) and not chain[0]["is_async"])
    assert order["handed"] - served["none"]["handed"] == hooks + adapted + top


def test_djangos_default_middleware_hops_thirteen_times(served: dict[str, Any]) -> None:
    """Each hook of the mixin's is handed to a thread by itself (Django's ticket 37177)."""
    assert served["default"]["handed"] - served["none"]["handed"] == 13


@pytest.mark.parametrize(
    ("name", "on_loop"),
    [
        ("sync at the bottom", [False, False, False]),
        ("sync in the middle", [False, False, True]),
        ("sync at the top", [False, True, True]),
        ("no sync", [True, True, True]),
    ],
)
def test_one_that_is_sync_only_makes_those_outside_it_sync(
    served: dict[str, Any], name: str, on_loop: list[bool]
) -> None:
    """Whatever they can; those inside stay on the loop."""
    assert [each["is_async"] for each in served[name]["observed"]] == on_loop
    can = {each["name"]: each["can_async"] for each in served[name]["observed"]}
    assert can.pop(f"{OURS}OnlySync", False) is False
    assert all(can.values())


def test_hooks_are_listed_and_those_that_hop(served: dict[str, Any]) -> None:
    """An async hook doesn't; in a sync middleware only those that Django calls itself do."""
    on_loop = observed(served["no sync"])[f"{OURS}Both"]
    in_thread = observed(served["sync at the bottom"])[f"{OURS}Both"]
    assert on_loop["hooks"] == on_loop["hops"]
    assert len(on_loop["hooks"]) == 5
    assert in_thread["hops"] == [
        "process_view",
        "process_template_response",
        "process_exception",
    ]
    free = observed(served["unmarked outside"])[f"{OURS}AsyncHook"]
    assert (free["hooks"], free["hops"]) == (["process_view"], [])


def test_who_declines_is_there_but_unused(inventory: dict[str, Any]) -> None:
    """Django leaves it out of the chain."""
    unused = [each["name"] for each in inventory["middleware"] if each["is_unused"]]
    assert unused == [f"{OURS}Declined"]


def test_the_order_is_that_of_the_settings(inventory: dict[str, Any]) -> None:
    """Though Django builds it from the inside."""
    names = [each["name"] for each in inventory["middleware"]]
    assert names[:3] == [
        f"{OURS}Unmarked",
        "django.middleware.security.SecurityMiddleware",
        f"{OURS}hybrid_outside",
    ]
    assert len(names) == 14
    lines = {each["name"]: each["line"] for each in inventory["middleware"]}
    assert all(lines.values())


def test_one_that_forgot_its_mark_is_named(served: dict[str, Any]) -> None:
    """Whatever stands outside it would take its coroutine for an answer."""
    said = f"{OURS}Unmarked says that it can be async, but isn't marked so: those outside take it"
    (warning,) = served["unmarked outside"]["warnings"]
    assert warning.startswith(said)
    assert not any(served[name]["warnings"] for name in ORDERS if name != "unmarked outside")


def test_an_async_one_that_says_it_is_sync_is_named() -> None:
    """Django would take its coroutine for an answer."""

    async def middleware(request: Any) -> Any:
        return request

    entry = Entry("shop.Mixed", lambda _: middleware)
    entry(print)
    (doubt,) = _doubt(entry)
    assert doubt == "shop.Mixed is a coroutine function, but Django calls it as a sync one"


def test_those_outside_the_one_that_forgot_are_not_named() -> None:
    """They only believe what they were given."""
    entry = Entry("shop.Outside", lambda _: print)
    entry(print)
    entry.is_async = True
    assert _doubt(entry) == []


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("raise OSError('no disk')", "the middleware kept.Kept can't be built: OSError: no disk"),
        ("Other = None", "the middleware kept.Kept can't be built: ImportError: "),
        (
            "class Kept:\n    def __init__(self, get_response):\n        raise LookupError('what')",
            "the middleware kept.Kept can't be built: LookupError: what",
        ),
    ],
)
def test_one_that_cant_be_built_is_a_fault(
    ask: Asking, tmp_path: Path, code: str, what: str
) -> None:
    """No server would start either."""
    (tmp_path / "kept.py").write_text(code)
    (tmp_path / "settings.py").write_text(
        "SECRET_KEY = 'x'\nROOT_URLCONF = 'settings'\nurlpatterns = []\n"
        "MIDDLEWARE = ['kept.Kept']\n"
    )
    assert ask(tmp_path, "settings")["fault"]["what"].startswith(what)


def test_a_chain_that_a_middleware_builds_as_it_is_imported_is_not_the_projects(
    ask: Asking, tmp_path: Path
) -> None:
    """A module that imports wsgi.py builds a handler while Django builds ours."""
    (tmp_path / "kept.py").write_text(
        "from django.core.wsgi import get_wsgi_application\n"
        "from django.middleware.common import CommonMiddleware as Outer\n"
        "get_wsgi_application()\n"
    )
    (tmp_path / "settings.py").write_text(
        "SECRET_KEY = 'x'\nROOT_URLCONF = 'settings'\nurlpatterns = []\n"
        "MIDDLEWARE = ['kept.Outer', 'django.middleware.security.SecurityMiddleware']\n"
    )
    chain = ask(tmp_path, "settings")["inventory"]["middleware"]
    assert [each["name"].rpartition(".")[2] for each in chain] == ["Outer", "SecurityMiddleware"]
