from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.guarded import (
    AS_CONTAINED_ROOT,
    AS_NOBODY,
    Outside,
    environment,
    run,
    start,
    wait_until,
)

from whereasync import guard
from whereasync.guard.namespace import find_sockets

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.usefixtures("namespaces")

NOBODYS = "198.51.100.1"  # an address for documentation: RFC 5737
CALL_OUT = f"""
unguarded, port, path = sys.argv[1] == "unguarded", int(sys.argv[2]), sys.argv[3]
held = guard.enter(unguarded=unguarded)
import psycopg

def attempt(call):
    try:
        call()
    except (OSError, psycopg.Error, subprocess.CalledProcessError):
        return False
    return True

def connect(family, address):
    with socket.socket(family) as door:
        door.settimeout(5)
        door.connect(address)

def query(host, **more):
    psycopg.connect(f"host={{host}} port={{more.get('port', 5432)}} connect_timeout=5").close()

def child(*argv):
    subprocess.run(argv, check=True, capture_output=True)

there = ("127.0.0.1", port)
calls = [
    *[lambda: connect(socket.AF_INET, there)] * 20,
    lambda: connect(socket.AF_UNIX, path),
    lambda: query("127.0.0.1", port=port),
    lambda: query(os.path.dirname(path)),
    lambda: child("curl", "-s", f"http://127.0.0.1:{{port}}/"),
    lambda: child("curl", "-s", "--unix-socket", path, "http://local/"),
    lambda: child(sys.executable, "-c", f"import socket; socket.create_connection({{there}})"),
]
if not unguarded:
    calls += [
        lambda: connect(socket.AF_INET, ("{NOBODYS}", 443)),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("{NOBODYS}", 8125)),
        lambda: child("curl", "-s", "http://{NOBODYS}/"),
        lambda: query("{NOBODYS}"),
        lambda: socket.getaddrinfo("api.example.com", 443),
    ]
came_through = [attempt(call) for call in calls]
print(json.dumps([came_through, held.count_attempts(), held.covered, held.sentence]))
"""


@pytest.fixture
def sniffer() -> socket.socket | None:
    """Give a socket that sees every frame on every interface outside, if we are root."""
    if os.geteuid():
        return None
    frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
    frames.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    frames.setblocking(False)
    return frames


def count_frames(frames: socket.socket, port: int) -> int:
    """Return how many went to that port, or to nobody's address."""
    count = 0
    while True:
        try:
            frame, (_, kind, *_rest) = frames.recvfrom(65536)
        except BlockingIOError:
            return count
        if kind == 0x0800:
            ip = frame[14:]
            [target] = struct.unpack_from("!H", ip, (ip[0] & 15) * 4 + 2)
            count += target == port or socket.inet_ntoa(ip[16:20]) == NOBODYS


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is the C client")
@pytest.mark.parametrize("wrap", [(), AS_NOBODY, AS_CONTAINED_ROOT], ids=["we", "nobody", "few"])
def test_no_packet_leaves(
    outside: Outside, sniffer: socket.socket | None, wrap: Sequence[str]
) -> None:
    """Not from Python, not from C, not from a child; nor does a local service see anybody."""
    through, attempts, covered, said = run(
        CALL_OUT, "guarded", outside.port, outside.path, wrap=wrap
    )
    assert not any(through)
    assert attempts >= 4
    assert str(outside.path) in covered
    assert said.startswith("Ran in a network of its own")
    assert outside.seen == {"tcp": 0, "unix": 0}
    if sniffer:
        with sniffer:
            assert count_frames(sniffer, outside.port) == 0


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is the C client")
def test_unguarded_they_all_do(outside: Outside, sniffer: socket.socket | None) -> None:
    """Or the test above couldn't fail."""
    through, attempts, covered, said = run(CALL_OUT, "unguarded", outside.port, outside.path)
    assert through[:21] == [True] * 21  # curl and libpq mind that nobody answers
    assert (attempts, covered) == (0, [])
    assert said.startswith("Ran unguarded")
    wait_until(lambda: outside.seen["tcp"] >= 23 and outside.seen["unix"] >= 3)
    if sniffer:
        with sniffer:
            assert count_frames(sniffer, outside.port) > 23


IDENTITY = """
before = os.readlink("/proc/self/ns/user")
held = guard.enter(unguarded=False)
inner = socket.create_server(("127.0.0.1", 0))
socket.create_connection(inner.getsockname()).close()
socket.create_server(("127.0.0.1", 443)).close()
seen = subprocess.run(["id", "-u"], capture_output=True, text=True).stdout.strip()
changed = before != os.readlink("/proc/self/ns/user")
writable = os.access(os.environ["TMPDIR"], os.R_OK)
print(json.dumps([os.geteuid(), int(seen), changed, held.has_low_ports, writable]))
"""


@pytest.mark.parametrize(
    ("wrap", "user", "changed"),
    [((), os.geteuid(), os.geteuid() != 0), (AS_NOBODY, 65534, True), (AS_CONTAINED_ROOT, 0, True)],
    ids=["we", "nobody", "few"],
)
def test_inside_we_are_who_we_were(wrap: Sequence[str], user: int, *, changed: bool) -> None:
    """With a loopback that works, and ports that are root's outside."""
    assert run(IDENTITY, wrap=wrap)[:4] == [user, user, changed, True]


def test_a_contained_root_can_still_become_nobody() -> None:
    """As PostgreSQL must: root keeps every user in its namespace."""
    script = (
        "guard.enter(unguarded=False)\n"
        "done = subprocess.run(['id', '-u'], user=65534, group=65534, extra_groups=[],"
        " capture_output=True, text=True, check=True)\n"
        "print(done.stdout.strip())"
    )
    assert run(script, wrap=AS_CONTAINED_ROOT) == 65534


NAMES = """
held = guard.enter(unguarded=False, names={"API.example.com": "127.0.0.2"})
guard.add_names({"later.example.com.": "127.0.0.3"})
listing = socket.create_server(("127.0.0.2", 80))
def get(name):
    done = subprocess.run(["getent", "ahostsv4", name], capture_output=True, text=True)
    return done.stdout.partition(" ")[0]
found = [get(name) for name in ("api.example.com", "later.example.com", socket.gethostname())]
found.append(socket.create_connection(("api.example.com", 80)).getpeername()[0])
print(json.dumps([found, dict(held.names)]), flush=True)
sys.stdin.read()
"""


def look_around() -> list[object]:
    """Return what the guard changes inside, as it is outside."""
    files = ("hosts", "nsswitch.conf")
    ports = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    paths = [path for name in files if (path := Path("/etc", name)).exists()]
    mounts = Path("/proc/self/mountinfo")
    texts = [path.read_bytes() for path in (*paths, ports, mounts)]
    return [texts, sorted(Path("/run").iterdir())]


def test_names_lead_to_the_loopback_inside_and_nobody_outside_sees_it() -> None:
    """By a file over /etc/hosts, which C code reads too; it ends with the namespace."""
    before = look_around()
    with start(NAMES) as process:
        assert process.stdout
        said = process.stdout.readline()
        during = look_around()
    assert said
    found, names = json.loads(said)
    assert found[:2] == ["127.0.0.2", "127.0.0.3"]
    assert found[2].startswith("127.")
    assert found[3] == "127.0.0.2"
    assert names == {"api.example.com": "127.0.0.2"}
    assert during == before


def test_a_name_may_lead_nowhere_else() -> None:
    """Neither a stand-in nor a typing error opens a way out."""
    with pytest.raises(ValueError, match="isn't this machine's own"):
        guard.enter(unguarded=False, names={"api.example.com": "192.0.2.7"})


def test_unguarded_does_nothing() -> None:
    """This very process stays where it is, which is why it may be asked here."""
    before = Path("/proc/self/ns/net").readlink()
    held = guard.enter(unguarded=True, relays=["postgres://db.example.com/shop"])
    assert Path("/proc/self/ns/net").readlink() == before
    assert not held.is_on
    assert held.urls == ("postgres://db.example.com/shop",)
    assert held.count_attempts() == 0
    assert "for real" in held.sentence


def test_proxies_are_forgotten() -> None:
    """None can be reached, and a client would ask it for the stand-in's name."""
    script = (
        "os.environ.update(HTTPS_PROXY='http://10.0.0.1:3128', all_proxy='x', HTTP='kept')\n"
        "guard.enter(unguarded=False)\n"
        "print(json.dumps([name in os.environ for name in ('HTTPS_PROXY', 'all_proxy', 'HTTP')]))"
    )
    assert run(script) == [False, False, True]


RUN = """
before = sorted(os.listdir("/run"))
os.environ["XDG_RUNTIME_DIR"] = "/run/user/12345"
guard.enter(unguarded=False)
from pathlib import Path
kept = Path(os.environ["TMPDIR"], "kept").read_text() if len(sys.argv) > 1 else ""
print(json.dumps([sorted(os.listdir("/run")), os.path.isdir("/run/user/12345"), kept]))
"""


def test_run_is_empty_but_for_what_we_live_in() -> None:
    """There lie the sockets of Redis, of PostgreSQL, of docker."""
    names, has_runtime, _ = run(RUN)
    links = {path.name for path in Path("/run").iterdir() if path.is_symlink()}
    assert {"user", "whereasync"} <= set(names) <= {"user", "whereasync"} | links | {"systemd"}
    assert has_runtime


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write to /run")
def test_what_we_live_in_is_kept_although_it_lies_in_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A directory for temporary files there is not unheard of."""
    mine = Path(f"/run/whereasync-test-{os.getpid()}")
    mine.mkdir()
    try:
        (mine / "kept").write_text("here")
        monkeypatch.setenv("TMPDIR", str(mine))
        assert run(RUN, "kept")[2] == "here"
    finally:
        shutil.rmtree(mine)


def test_a_thread_would_stay_outside() -> None:
    """So it is refused to enter beside one."""
    script = (
        "import threading\n"
        "over = threading.Event()\n"
        "threading.Thread(target=over.wait).start()\n"
        "try: guard.enter(unguarded=False)\n"
        "except RuntimeError as error: print(json.dumps(str(error)))\n"
        "finally: over.set()"
    )
    assert "before any thread" in run(script)


def test_sockets_of_others_are_found(outside: Outside) -> None:
    """Those in use, wherever they lie, by the kernel's table."""
    assert outside.path in find_sockets()


# ---------------------------------------------------------------- where there is none


def test_here_there_is_no_obstacle() -> None:
    """Else every test above was skipped."""
    assert guard.find_obstacle() is None


def test_without_namespaces_it_says_why_and_names_the_way_on() -> None:
    """A limit of none, in a user namespace of the test's: it ends with the test."""
    script = (
        "from whereasync.errors import BadInputError\n"
        "found = guard.find_obstacle()\n"
        "try: guard.enter(unguarded=False)\n"
        "except BadInputError as error: said = error.what, error.hint\n"
        "print(json.dumps([found.why, found.hint, *said]))"
    )
    limit = 'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"'
    outer = ["unshare", "--user", "--map-root-user", "sh", "-c", limit, "sh"]
    argv = [*outer, sys.executable, "-c", f"import json\nfrom whereasync import guard\n{script}"]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=60, env=environment()
    )
    assert done.returncode == 0, done.stderr
    why, hint, what, also = json.loads(done.stdout)
    assert "user.max_net_namespaces = 0" in why
    assert "sudo sysctl user.max_net_namespaces" in hint
    assert "--unguarded" in hint
    assert what == f"the project can't be kept from calling out here: {why}"
    assert also == hint
