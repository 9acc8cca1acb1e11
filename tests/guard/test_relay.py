from __future__ import annotations

import ipaddress
import itertools
import json
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.guarded import AS_NOBODY, Outside, is_over, run, start, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.usefixtures("namespaces")


class Echo:
    """Sends back what it gets, one thread a connection, at any address of this machine."""

    def __init__(self) -> None:
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        self.listener = socket.create_server(
            ("", 0), family=family, backlog=128, dualstack_ipv6=both
        )
        self.port: int = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def _accept(self) -> None:
        while True:
            door, _ = self.listener.accept()
            thread = threading.Thread(target=self._answer, args=(door,))
            self.threads.append(thread)
            thread.start()
            if self.is_over:
                return

    is_over = False

    def _answer(self, door: socket.socket) -> None:
        with door, suppress(OSError):
            while data := door.recv(65536):
                door.sendall(data)
            door.sendall(b" and over")  # the other direction outlives the end of this one

    def close(self) -> None:
        """Leave nothing."""
        self.is_over = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self.threads:
            thread.join(10)
        self.listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    """Give a server outside that a relay may lead to."""
    server = Echo()
    yield server
    server.close()


FORWARD = """
from urllib.parse import urlsplit
import threading
url, forbidden = sys.argv[1], int(sys.argv[2])
held = guard.enter(unguarded=False, relays=[url, url])
parts = urlsplit(held.urls[0])
sent = os.urandom(1 << 20)

def talk(number, found):
    with socket.create_connection((parts.hostname, parts.port)) as door:
        mine = sent[: 1 << 20 if number == 0 else 1000 + number]
        sender = threading.Thread(target=lambda: (door.sendall(mine), door.shutdown(1)))
        sender.start()
        got = b"".join(iter(lambda: door.recv(65536), b""))
        sender.join()
        found.append(got == mine + b" and over")

found = []
threads = [threading.Thread(target=talk, args=(number, found)) for number in range(64)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
try:
    socket.create_connection(("127.0.0.1", forbidden)).close()
    through = True
except ConnectionRefusedError:
    through = False
print(json.dumps([found, through, list(held.urls), list(held.servers), held.sentence]))
"""


@pytest.mark.parametrize("wrap", [(), AS_NOBODY], ids=["we", "nobody"])
def test_many_connections_at_once_reach_that_server_and_no_other(
    echo: Echo, outside: Outside, wrap: Sequence[str]
) -> None:
    """Whole, in both directions, each ending by itself; the URL is the one that was given."""
    url = f"postgres://me:secret@localhost:{echo.port}/shop"
    found, through, urls, servers, said = run(FORWARD, url, outside.port, wrap=wrap)
    assert found == [True] * 64
    assert not through
    assert urls == [url, url]
    assert servers == [f"localhost:{echo.port}"]
    assert f"except the database server at localhost:{echo.port}." in said
    assert outside.seen["tcp"] == 0


def test_a_server_of_another_name_or_address_is_reached_by_it(echo: Echo) -> None:
    """Its name leads to the loopback inside, its address is one of the loopback's there."""
    name = socket.gethostname()
    try:
        socket.create_connection((name, echo.port), timeout=5).close()
    except OSError:
        pytest.skip("this machine doesn't know its own name")
    addresses = ["127.0.0.1", *own_addresses(echo.port)]
    script = (
        "held = guard.enter(unguarded=False, relays=sys.argv[1:])\n"
        "from urllib.parse import urlsplit\n"
        "def ask(url):\n"
        "    parts = urlsplit(url)\n"
        "    with socket.create_connection((parts.hostname, parts.port)) as door:\n"
        "        door.sendall(b'hello')\n"
        "        return door.recv(5).decode(), door.getpeername()[0]\n"
        "print(json.dumps([ask(url) for url in held.urls]))"
    )
    hosts = [name, *(f"[{each}]" if ":" in each else each for each in addresses)]
    urls = [f"postgres://{host}:{echo.port}/shop" for host in hosts]
    expected = ["127.64.0.1", *addresses]
    assert run(script, *urls) == [["hello", address] for address in expected]


def own_addresses(port: int) -> list[str]:
    """Return an address of each family that this machine has beside the loopback's."""
    found = {}
    for each in itertools.chain.from_iterable(psutil.net_if_addrs().values()):
        if each.family in {socket.AF_INET, socket.AF_INET6} and "%" not in each.address:
            with suppress(OSError):
                socket.create_connection((each.address, port), timeout=5).close()
                if not ipaddress.ip_address(each.address).is_loopback:
                    found[each.family] = each.address
    return list(found.values())


FLOOD = """
import select
held = guard.enter(unguarded=False, relays=[sys.argv[1]])
door = socket.create_connection(("localhost", int(sys.argv[2])))
door.setblocking(False)
sent, much = 0, b"x" * (1 << 16)
while sent < 1 << 26 and select.select([], [door], [], 0.3)[1]:
    sent += door.send(much)
door.setblocking(True)
door.shutdown(1)
got = sum(len(part) for part in iter(lambda: door.recv(1 << 16), b""))
print(json.dumps([sent, got - len(" and over")]))
"""


def test_who_doesnt_read_is_not_read_from(echo: Echo) -> None:
    """Or the relay's memory would take what a slow client leaves; nothing is lost of it."""
    sent, got = run(FLOOD, f"postgres://localhost:{echo.port}/shop", echo.port)
    assert got == sent < 1 << 26


LATER = """
held = guard.enter(unguarded=False, relays=[sys.argv[1]])
print(json.dumps(""), flush=True)
sys.stdin.readline()
with socket.create_connection(("localhost", int(sys.argv[2]))) as door:
    try:
        print(json.dumps(door.recv(1).decode()))
    except ConnectionResetError:
        print(json.dumps("reset"))
"""


def test_a_server_that_has_gone_meanwhile_is_missed_at_once() -> None:
    """A connection to it ends instead of waiting."""
    server = Echo()
    with start(LATER, f"postgres://localhost:{server.port}/shop", server.port) as tool:
        assert tool.stdout
        assert tool.stdin
        tool.stdout.readline()
        server.close()
        tool.stdin.write("\n")
        tool.stdin.flush()
        assert json.loads(tool.stdout.readline()) in {"", "reset"}


def test_a_server_that_cant_be_reached_is_said_at_once(outside: Outside) -> None:
    """In the system's words, with no relay left."""
    script = (
        "from whereasync.errors import BadInputError\n"
        "try: guard.enter(unguarded=False, relays=[sys.argv[1]])\n"
        "except BadInputError as error: print(json.dumps([error.what, error.hint]))"
    )
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        what, hint = run(script, f"postgres://localhost:{port}/shop")
    assert what == f"PostgreSQL at localhost:{port} can't be reached: Connection refused"
    assert hint == f"check host and port: pg_isready -h localhost -p {port}"
    what, _ = run(script, f"postgres://db.invalid:{outside.port}/shop")
    assert "db.invalid" in what


HOLD = """
held = guard.enter(unguarded=False, relays=[sys.argv[1]])
child = subprocess.Popen(["sleep", "60"], start_new_session=True) if len(sys.argv) > 2 else None
print(json.dumps([held.relay, child.pid if child else 0]), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_relay_ends_with_the_tool(echo: Echo, how: signal.Signals) -> None:
    """However that ends."""
    with start(HOLD, f"postgres://localhost:{echo.port}/shop") as tool:
        assert tool.stdout
        relay, _ = json.loads(tool.stdout.readline())
        assert not is_over(relay)
        tool.send_signal(how)
    wait_until(lambda: is_over(relay))


def test_the_relay_outlives_the_tool_for_who_clears_up(echo: Echo) -> None:
    """Databases of ours are dropped by a process inside, after a kill -9 of the tool."""
    with start(HOLD, f"postgres://localhost:{echo.port}/shop", "child") as tool:
        assert tool.stdout
        relay, child = json.loads(tool.stdout.readline())
        tool.kill()
    time.sleep(0.3)  # six of the relay's looks: it would be gone
    assert not is_over(relay)
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: is_over(relay))
