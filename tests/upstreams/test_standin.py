"""The exchange-rate stand-in, run for real."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import time
from urllib.parse import urlsplit

import psutil
import pytest

from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.machine import keep_to
from whereasync.model import Upstream
from whereasync.processes import Supervisor, supervised
from whereasync.upstreams import check, serve
from whereasync.upstreams.rates import build_body
from whereasync.upstreams.standin import cut

pytestmark = pytest.mark.server
YEAR = "?start_date=2016-01-02&end_date=2017-01-01"
KEY = {"apikey": "any"}


def get(url: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Return the status and body that the stand-in answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    try:
        connection.request("GET", parts.path + path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_answers() -> None:
    """It answers the year to whoever has a key, 401 without one, 400 to other dates."""
    with (
        supervised() as supervisor,
        serve(Upstream(rates="full", latency="1ms", seed=3), supervisor) as url,
    ):
        assert get(url, YEAR, KEY) == (200, build_body("full", seed=3))
        status, body = get(url, YEAR, {})
        assert (status, json.loads(body)) == (401, {"message": "No API key found in request"})
        for dates in ("", "?start_date=2016-01-02", "?start_date=2020-01-01&end_date=2020-01-02"):
            status, body = get(url, dates, KEY)
            assert status == 400
            assert "start_date=2016-01-02" in json.loads(body)["error"]["info"]
        assert get(url, "/elsewhere", KEY)[0] == 404


def test_waits() -> None:
    """An answer comes no sooner than the latency says, less the clock's millisecond."""
    upstream = Upstream(rates="small", latency="80ms", seed=3)
    with supervised() as supervisor, serve(upstream, supervisor) as url:
        start = time.monotonic()
        assert get(url, YEAR, KEY)[0] == 200
        assert time.monotonic() - start > 0.078


def test_waits_as_long_as_a_request_says() -> None:
    """Its own wait counts, not the stand-in's; what is no wait is refused at once."""
    upstream = Upstream(rates="small", latency="60s", seed=3)
    with supervised() as supervisor, serve(upstream, supervisor) as url:
        start = time.monotonic()
        assert get(url, f"{YEAR}&wait=80", KEY) == (200, build_body("small", seed=3))
        assert time.monotonic() - start > 0.078
        for wait in ("soon", "-1", "60001", "nan"):
            status, body = get(url, f"{YEAR}&wait={wait}", KEY)
            assert status == 400
            assert json.loads(body)["error"]["info"] == "wait takes milliseconds from 0 to 60000"


def test_sends_over_time() -> None:
    """In pieces with a pause between them the answer is the same, and its end comes later."""
    upstream = Upstream(rates="full", latency="1ms", seed=3, pieces=4, pause=0.03)
    with supervised() as supervisor, serve(upstream, supervisor) as url:
        start = time.monotonic()
        assert get(url, YEAR, KEY) == (200, build_body("full", seed=3))
        assert time.monotonic() - start > 0.08


@pytest.mark.parametrize("pieces", [1, 3, 7, 10])
def test_pieces_are_the_body(pieces: int) -> None:
    """All of it, in so many of one size but for the last."""
    found = cut(b"0123456789", pieces)
    assert b"".join(found) == b"0123456789"
    assert len(found) <= pieces
    assert len({len(piece) for piece in found[:-1]}) <= 1


def test_two_at_once_pinned() -> None:
    """Two stand-ins in one run have ports of their own, and stay on the cores we keep to."""
    core = min(os.sched_getaffinity(0))
    upstream = Upstream(rates="small", latency="1ms")
    with (
        keep_to([core]),
        supervised() as supervisor,
        serve(upstream, supervisor) as first,
        serve(upstream, supervisor) as second,
    ):
        assert first != second
        assert get(first, YEAR, KEY) == get(second, YEAR, KEY)
        standins = [
            process
            for process in psutil.Process().children(recursive=True)
            if "whereasync.upstreams.standin" in process.cmdline()
        ]
        assert [process.cpu_affinity() for process in standins] == [[core], [core]]


def test_survives_the_supervisor() -> None:
    """Leaving after the supervisor was killed doesn't hide what happened with a second error."""
    upstream = Upstream(rates="small", latency="1ms")
    with supervised() as supervisor, serve(upstream, supervisor):
        kill_supervisor(supervisor)


def kill_supervisor(supervisor: Supervisor) -> None:
    """Kill the supervisor process, and clear what it can't clear any more."""
    import shutil

    from whereasync.processes import registry

    entry = registry.read(supervisor.token)
    assert entry is not None
    psutil.Process(entry.owner).kill()
    shutil.rmtree(supervisor.directory)
    registry.remove(supervisor.token)


def test_dies_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in that can't start is reported with the tail of its log."""
    with supervised() as supervisor:
        monkeypatch.setattr("sys.executable", "/bin/false")
        with (
            pytest.raises(WhereAsyncError, match="standin"),
            serve(Upstream(rates="small", latency="1ms"), supervisor),
        ):
            pass  # never reached


def test_without_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without aiohttp the error names the command that installs it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with (
        supervised() as supervisor,
        pytest.raises(BadInputError, match="aiohttp") as caught,
        serve(Upstream(rates="small", latency="1ms"), supervisor),
    ):
        pass  # never reached
    assert caught.value.hint == "pip install 'whereasync[demo]'"


def test_refused() -> None:
    """An upstream that can't be is refused before anything starts."""
    with pytest.raises(BadInputError, match="no “huge” rates") as caught:
        check(Upstream(rates="huge", latency="1ms"))
    assert caught.value.hint == "--rates takes full or small"
    with pytest.raises(BadInputError, match="“soon” has no duration"):
        check(Upstream(rates="full", latency="soon"))
