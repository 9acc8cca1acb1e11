from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ADVISED = ("/advised/rates/sync/", "/advised/rates/async/", "/advised/rates/async-in-turn/")
SAME_WORK = ("/same-work/rates/sync/", "/same-work/rates/async/")
AS_WRITTEN = ("/as-written/rates/sync/", "/as-written/rates/async/")
QUERY = "?start_date=2016-01-02&end_date=2017-01-01"


@pytest.mark.parametrize("path", AS_WRITTEN)
def test_as_written_answers_the_number_of_days(
    ask: Callable[..., Any], rates_api: Any, path: str
) -> None:
    """It parses one answer, asked for with the key and the period."""
    answer = ask(path)
    assert (answer.status_code, answer.content) == (200, b"30")
    assert rates_api.paths == ["/timeseries" + QUERY]


def test_the_same_work_and_advised_views_answer_one_call_with_the_same_bytes(
    ask: Callable[..., Any], rates_api: Any
) -> None:
    """All figures come from the API's answer."""
    answers = {ask(path).content for path in (*SAME_WORK, *ADVISED)}
    assert len(answers) == 1
    assert json.loads(answers.pop()) == {
        "calls": 1,
        "days": 30,
        "currencies": 2,
        "total": 30 * 4.0 + sum(range(2, 32)) / 8 + 30 * 1.0625,
    }
    assert rates_api.paths == ["/timeseries" + QUERY] * 5


def test_a_fan_out_answers_alike_in_all_three_ways(ask: Callable[..., Any], rates_api: Any) -> None:
    """Only the waiting differs."""
    one, *others = [json.loads(ask(path + "?calls=3").content) for path in ADVISED]
    assert others == [one, one]
    assert (one["calls"], one["days"], one["currencies"]) == (3, 90, 2)
    assert len(rates_api.paths) == 9


def test_gathered_calls_wait_side_by_side(ask: Callable[..., Any], rates_api: Any) -> None:
    """The API answers none of them before it has them all."""
    rates_api.forget(hold_until=4)
    assert ask("/advised/rates/async/?calls=4").status_code == 200
    assert rates_api.most_held == 4


@pytest.mark.parametrize("path", ["/advised/rates/sync/", "/advised/rates/async-in-turn/"])
def test_calls_in_turn_share_one_connection(
    ask: Callable[..., Any], rates_api: Any, path: str
) -> None:
    """One client keeps it open from call to call, and never has two calls under way."""
    ask(path + "?calls=4")
    assert len(rates_api.paths) == 4
    assert len(rates_api.connections) == 1
    assert rates_api.most_held == 1


def test_the_sync_client_is_kept_from_request_to_request(
    ask: Callable[..., Any], rates_api: Any
) -> None:
    """A client a process means one connection for requests in turn."""
    ask("/advised/rates/sync/")
    ask("/advised/rates/sync/")
    assert len(rates_api.paths) == 2
    assert len(rates_api.connections) == 1


def test_an_event_loop_keeps_one_session_and_closes_it_at_its_end(
    site: Callable[[str], Any], rates_api: Any
) -> None:
    """Two requests in one loop share a connection; the loop's end leaves nothing open."""
    advised, clients = site("cars.views.advised"), site("cars.clients")
    url = site("cars.rates").url()

    async def two_requests() -> Any:
        await advised.aask(url)
        await advised.aask(url)
        return await clients.async_session()

    first, second = asyncio.run(two_requests()), asyncio.run(two_requests())
    assert first is not second
    assert first.closed
    assert second.closed
    assert len(rates_api.connections) == 2
    assert clients._sessions == {}


@pytest.mark.parametrize("path", ADVISED)
@pytest.mark.parametrize("calls", ["0", "51", "-1", "abc", "", "1.5", "9" * 5000])
def test_a_bad_number_of_calls_gets_a_400_of_one_line(
    ask: Callable[..., Any], rates_api: Any, path: str, calls: str
) -> None:
    """Nobody is called then."""
    answer = ask(f"{path}?calls={calls}")
    assert answer.status_code == 400
    assert answer.content.decode() == (
        f"calls must be a whole number from 1 to 50, not {calls[:20]!r}\n"
    )
    assert rates_api.paths == []


@pytest.mark.parametrize("path", ADVISED)
@pytest.mark.parametrize("wait", ["20", "0", "2.5"])
def test_the_advised_views_pass_on_how_long_the_api_shall_wait(
    ask: Callable[..., Any], rates_api: Any, path: str, wait: str
) -> None:
    """In every call; without it, the API decides."""
    assert ask(f"{path}?calls=2&wait={wait}").status_code == 200
    assert rates_api.paths == [f"/timeseries{QUERY}&wait={wait}"] * 2


@pytest.mark.parametrize("path", ADVISED)
@pytest.mark.parametrize("wait", ["-1", "20001", "nan", "abc"])
def test_a_bad_wait_gets_a_400_of_one_line(
    ask: Callable[..., Any], rates_api: Any, path: str, wait: str
) -> None:
    """Nobody is called then."""
    answer = ask(f"{path}?wait={wait}")
    assert answer.status_code == 400
    assert answer.content.decode() == f"wait must be a number of ms from 0 to 20000, not {wait!r}\n"
    assert rates_api.paths == []


@pytest.mark.parametrize("path", [*SAME_WORK, *ADVISED])
def test_an_api_that_refuses_is_a_500_and_not_an_answer(
    ask: Callable[..., Any], rates_api: Any, path: str
) -> None:
    """An error must never count as speed."""
    rates_api.status = 503
    assert ask(path).status_code == 500


@pytest.mark.parametrize("path", [*AS_WRITTEN, *SAME_WORK, *ADVISED])
def test_without_an_address_a_rates_view_says_what_to_set(
    ask: Callable[..., Any],
    rates_api: Any,
    path: str,
    site: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The traceback's last line is the next step."""
    monkeypatch.setattr(site("django.conf").settings, "RATES_URL", "")
    errors: list[Any] = []
    signal = site("django.core.signals").got_request_exception

    def note(**_: Any) -> None:
        errors.append(sys.exc_info()[1])

    signal.connect(note)
    try:
        assert ask(path).status_code == 500
    finally:
        signal.disconnect(note)
    assert [str(error) for error in errors if error] == [
        "Set RATES_URL to the address of an exchange-rate API."
    ]
