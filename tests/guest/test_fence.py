from __future__ import annotations

import asyncio
import os
import socket
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.guarded import run, skip_without_namespaces

from whereasync.errors import BadInputError
from whereasync.guard.outcalls import read_outcalls
from whereasync.stacks.interpreters import find_interpreter
from whereasync_guest import fence, places
from whereasync_guest.entering import add_paths
from whereasync_guest.fence import Fence, NotReachableError, UnknownNameError
from whereasync_guest.order import Order

GUEST = Path(fence.__file__).parents[1]
HERE = "test_fence.py, line"


@pytest.fixture
def guarded(tmp_path: Path) -> Fence:
    """Give a fence that takes this machine's network for one of ours."""
    return Fence(str(tmp_path), (str(Path(__file__).parent),), room=str(tmp_path))


@pytest.fixture
def unguarded(tmp_path: Path) -> Fence:
    """Give a fence that only looks."""
    return Fence(str(tmp_path), room=str(tmp_path / "none"))


# ---------------------------------------------------------------- what is refused


def test_a_name_from_outside_is_refused_with_the_place(guarded: Fence, tmp_path: Path) -> None:
    """As what resolving raises anyway, so a project that minds it minds this."""
    with pytest.raises(UnknownNameError) as refused:
        guarded.look_at_name("api.stripe.com", 443)
    assert isinstance(refused.value, socket.gaierror)
    assert str(refused.value).startswith(f"whereasync: {HERE} ")
    assert "calls api.stripe.com:443, which isn't reachable here; declare a stand-in" in str(
        refused.value
    )
    [call] = read_outcalls(tmp_path)
    assert (call.target, call.is_theirs, call.is_refused) == ("api.stripe.com:443", True, True)
    assert call.where.startswith(HERE)


def test_while_recording_every_name_leads_to_a_stand_in(tmp_path: Path) -> None:
    """An address from outside leads nowhere even then."""
    held = Fence(str(tmp_path), room=str(tmp_path), answers_names=True)
    held.look_at_name("api.stripe.com", 443)
    with socket.socket() as door, pytest.raises(NotReachableError):
        held.look_at_address(door, ("198.51.100.1", 443))
    assert [each.target for each in read_outcalls(tmp_path)] == ["198.51.100.1:443"]


@pytest.mark.parametrize("name", ["localhost", None, b"localhost", "127.0.0.9", "::1", ""])
def test_a_name_of_this_network_is_resolved(guarded: Fence, tmp_path: Path, name: Any) -> None:
    """As are addresses: connecting to them is looked at."""
    guarded.look_at_name(name, 80)
    guarded.look_at_name(socket.gethostname())
    assert read_outcalls(tmp_path) == ()


def test_an_address_outside_is_refused(guarded: Fence) -> None:
    """Before anything is sent, by TCP and by UDP; a name in the place of an address as well."""
    with socket.socket() as door, pytest.raises(NotReachableError, match=r"198\.51\.100\.1:443"):
        guarded.look_at_address(door, ("198.51.100.1", 443))
    with socket.socket(socket.AF_INET6) as door, pytest.raises(ConnectionRefusedError):
        guarded.look_at_address(door, ("2001:db8::1", 443, 0, 0))
    with socket.socket(type=socket.SOCK_DGRAM) as door:
        with pytest.raises(NotReachableError, match="StatsD"):
            guarded.look_at_address(door, ("198.51.100.1", 8125))
        with pytest.raises(UnknownNameError):
            guarded.look_at_address(door, ("metrics.example.com", 8125))


def test_a_local_port_is_free_to_whom_somebody_listens(guarded: Fence) -> None:
    """Redis isn't there, and is called by its name; what starts to listen is found."""
    with socket.socket() as door, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        there = listener.getsockname()
        with pytest.raises(NotReachableError, match="where nothing of this run listens"):
            guarded.look_at_address(door, there)
        listener.listen()
        with pytest.raises(NotReachableError):
            guarded.look_at_address(door, there)  # it isn't looked again at once
        guarded.idle.clear()
        guarded.look_at_address(door, there)
    assert there in guarded.known


def test_a_datagram_to_nobody_hurts_nobody(guarded: Fence, tmp_path: Path) -> None:
    """Metrics go to an agent that isn't there, in every project."""
    with socket.socket(type=socket.SOCK_DGRAM) as door:
        guarded.look_at_address(door, ("127.0.0.1", 8125))
        guarded.look_at_address(door, None)
    assert read_outcalls(tmp_path) == ()


def test_a_unix_socket_of_this_network_is_free(guarded: Fence, tmp_path: Path) -> None:
    """By its whole path or a relative one, and the abstract ones; another's is refused."""
    path = Path(os.environ["TMPDIR"], "ours")
    with socket.socket(socket.AF_UNIX) as door, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        guarded.look_at_address(door, str(path))
        guarded.look_at_address(door, os.path.relpath(path).encode())
        guarded.look_at_address(door, "\0abstract")
        with pytest.raises(NotReachableError, match=r"/run/redis\.sock"):
            guarded.look_at_address(door, "/run/redis.sock")
    path.unlink()
    assert [call.target for call in read_outcalls(tmp_path)] == ["/run/redis.sock"]


def test_other_families_are_none_of_its_business(guarded: Fence) -> None:
    """The kernel's own sockets, for one."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as door:
        guarded.look_at_address(door, (0, 0))
    assert not guarded.known


def test_each_place_is_written_down_once(guarded: Fence, tmp_path: Path) -> None:
    """A thousand requests would fill the disk."""
    for _ in range(3):
        with pytest.raises(UnknownNameError):
            guarded.look_at_name("api.stripe.com", b"https")
    [call] = read_outcalls(tmp_path)
    assert call.target == "api.stripe.com:https"


def test_unguarded_it_looks_and_lets_through(unguarded: Fence, tmp_path: Path) -> None:
    """Once each, since a second look costs time; whose a local port is, nobody knows."""
    with socket.socket() as door, socket.socket(socket.AF_UNIX) as other:
        for _ in range(2):
            unguarded.look_at_name("api.stripe.com", 443)
            unguarded.look_at_address(door, ("198.51.100.1", 443))
            unguarded.look_at_address(door, ("127.0.0.1", 1))
            unguarded.look_at_address(other, "/run/redis.sock")
    calls = read_outcalls(tmp_path)
    targets = ["api.stripe.com:443", "198.51.100.1:443", "/run/redis.sock"]
    assert [call.target for call in calls] == targets
    assert not any(call.is_refused for call in calls)


def test_where_nothing_can_be_written_it_refuses_all_the_same(tmp_path: Path) -> None:
    """A server may have become another user."""
    for private in ("", str(tmp_path / "none")):
        held = Fence(private, room=str(tmp_path))
        with pytest.raises(UnknownNameError):
            held.look_at_name("api.stripe.com")


# ---------------------------------------------------------------- who called


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a directory whose code alone is the project's: the tests' own is on each stack here."""
    monkeypatch.setattr(fence, "is_theirs", lambda file: file.startswith(str(tmp_path / "shop")))
    return tmp_path / "shop"


def test_a_library_is_named_where_none_of_the_project_is_on_the_stack(shop: Path) -> None:
    """A thread of a library's own; and where there is not even that, nobody."""
    roots = (str(shop.parent / "site-packages"),)
    source = "def work(find, roots):\n    return find(roots)"
    work = load(shop.parent / "site-packages" / "sentry" / "transport.py", source)["work"]
    seen: list[Any] = []
    assert work(fence.find_caller, roots) == ("sentry/transport.py, line 2", False)
    thread = threading.Thread(target=lambda: seen.append(fence.find_caller(roots)))
    thread.start()
    thread.join()
    assert seen == [("", False)]


def test_of_libraries_an_application_of_the_projects_is_named(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project that is installed itself has no other code than that."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "bugs.settings")
    packages = shop.parent / "site-packages"
    roots = (str(packages),)
    client = load(packages / "urllib3" / "connect.py", "def get(find, roots): return find(roots)")
    source = "def tell(get, find, roots):\n    return get(find, roots)"
    tell = load(packages / "bugs" / "phone.py", source, name="bugs.phone")["tell"]
    seen = tell(client["get"], fence.find_caller, roots)
    assert seen == ("bugs/phone.py, line 2", False)


def test_what_the_overlay_brought_is_not_the_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetched server stands outside of site-packages, and a project may stand within."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    root, overlay = tmp_path / "site-packages" / "shop", tmp_path / "overlay"
    add_paths(
        Order(
            settings="x",
            answer="x",
            private="",
            paths=(str(root), str(tmp_path)),
            overlay=(str(overlay),),
        )
    )
    try:
        assert places.is_installed(str(overlay / "uvicorn" / "importer.py"))
        assert not places.is_installed(str(root / "views.py"))
        assert places.is_installed(str(root / ".venv" / "site-packages" / "redis.py"))
        assert places.is_installed(str(tmp_path / "site-packages" / "redis.py"))
        assert not places.is_installed(str(tmp_path / "views.py"))
    finally:
        places.GROUNDS.clear()
        places.FETCHED.clear()


def test_who_waits_for_a_librarys_task_is_the_caller(shop: Path) -> None:
    """A client resolves in a task of its own; where two wait, nobody knows which it was."""
    library = load(
        shop.parent / "site-packages" / "client.py",
        """
        import asyncio
        async def resolve(find, roots): return find(roots)
        async def get(*both): return await asyncio.shield(asyncio.ensure_future(resolve(*both)))
        """,
    )
    ours = ("views.py", "more.py")
    source = "async def view(get, *both):\n    return await get(*both)"
    views = [load(shop / name, source)["view"] for name in ours]

    async def ask(*views: Any) -> list[Any]:
        roots = (str(shop.parent),)
        return await asyncio.gather(
            *(view(library["get"], fence.find_caller, roots) for view in views)
        )

    assert asyncio.run(ask(views[0])) == [("shop/views.py, line 2", True)]
    assert asyncio.run(ask(*views)) == [("site-packages/client.py, line 3", False)] * 2


def load(path: Path, source: str, name: str = "") -> dict[str, Any]:
    """Run source as if it lay at that path, in a module of that name."""
    scope: dict[str, Any] = {"__name__": name}
    exec(compile(textwrap.dedent(source), str(path), "exec"), scope)
    return scope


# ---------------------------------------------------------------- the whole of it

BILLING = """
import asyncio, os, socket, urllib.request

def pay():
    return urllib.request.urlopen("https://api.stripe.com/v1")

async def pay_async():
    return await asyncio.open_connection("api.stripe.com", 443)

def cache():
    return socket.create_connection(("127.0.0.1", 6379))

def fork():
    child = os.fork()
    if not child:
        try:
            socket.create_connection(("198.51.100.1", 443))
        except ConnectionRefusedError:
            os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""
GUEST_SCRIPT = """
import asyncio, json, sys
from whereasync_guest import fence
from whereasync_guest.order import Order
order = Order(settings="", answer="", private=sys.argv[1], paths=(sys.argv[2],))
fence.install(order)
fence.install(order)
sys.path.insert(0, sys.argv[2])
from shop import billing
said = []
for call in (billing.pay, lambda: asyncio.run(billing.pay_async()), billing.cache):
    try:
        call()
    except OSError as error:
        said.append(str(error))
print(json.dumps([*said, billing.fork()]))
"""
ENTER = """
guard.enter(unguarded=False)
subprocess.run(sys.argv[1:], check=True, env={**os.environ, "PYTHONPATH": os.environ["GUEST"]})
"""


@pytest.mark.parametrize("version", ["this", "3.9"])
def test_a_projects_calls_are_refused_and_named(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By urllib, by asyncio, in a fork; under the oldest Python too."""
    skip_without_namespaces()
    python = sys.executable if version == "this" else find_python(version)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "billing.py").write_text(BILLING)
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setenv("GUEST", str(GUEST))
    *said, forked = run(ENTER, python, "-c", GUEST_SCRIPT, private, tmp_path)
    why = "which isn't reachable here; declare a stand-in for it in [stand-ins]"
    start = "whereasync: shop/billing.py, line"
    assert said[0] == f"<urlopen error {start} 5 calls api.stripe.com:443, {why}>"
    assert said[1] == f"{start} 8 calls api.stripe.com:443, {why}"
    assert said[2].startswith(f"{start} 11 calls 127.0.0.1:6379 (Redis), where nothing of this run")
    assert forked == 7
    assert [(call.target, call.where, call.service) for call in read_outcalls(private)] == [
        ("api.stripe.com:443", "shop/billing.py, line 5", ""),
        ("api.stripe.com:443", "shop/billing.py, line 8", ""),
        ("127.0.0.1:6379", "shop/billing.py, line 11", "Redis"),
        ("198.51.100.1:443", "shop/billing.py, line 17", ""),
    ]


def find_python(version: str) -> str:
    """Return that interpreter, or skip the test."""
    try:
        return str(find_interpreter(version))
    except BadInputError as error:
        pytest.skip(error.what)


ASK = """
from pathlib import Path
from whereasync.errors import BadInputError
from whereasync.guard.outcalls import read_outcalls
from whereasync.processes import supervised
from whereasync.project import Home, settle_in
guard.enter(unguarded=False)
with supervised() as supervisor:
    home = Home(python=Path(sys.executable), directory=Path(sys.argv[1]), settings="settings")
    guest = settle_in(home, supervisor)
    try:
        guest.ask("inventory")
    except BadInputError as error:
        calls = [call.where for call in read_outcalls(guest.directory)]
        print(json.dumps([error.what, error.hint, calls]))
"""


def test_it_holds_while_settings_are_loaded(tmp_path: Path) -> None:
    """Some fetch their secrets from a server; the fault is one line, with a next step."""
    skip_without_namespaces()
    (tmp_path / "settings.py").write_text(
        "from urllib.request import urlopen\nimport socket\n"
        "SECRET_KEY = socket.create_connection(('vault.example.com', 8200))\n"
    )
    what, hint, calls = run(ASK, tmp_path)
    assert what == (
        "vault.example.com:8200 is called, which isn't reachable here (settings.py, line 3)"
    )
    assert hint == "declare a stand-in for it in [stand-ins]"
    assert calls == ["settings.py, line 3"]
