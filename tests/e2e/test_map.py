"""``whereasync map`` as a user has it: a tiny one, cut short, and its page in a browser."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from tests import maps

from whereasync.cli.pictures import keep_pictures
from whereasync.store import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Tool

pytestmark = pytest.mark.server

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--window-size=1600,1000"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9"),
)
SLOWEST = 60  # s that the page may take to draw itself here


def flat(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


@pytest.fixture
def browser(tmp_path: Path, nothing_left: None) -> Iterator[Chrome]:
    """Start a Chromium that reaches no network, with a profile of its own."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    driver = Chrome(options=options, service=ChromeService(DRIVER))
    yield driver
    driver.quit()


def test_a_reader_hovers_over_a_cell_and_reads_its_figures(browser: Chrome, tmp_path: Path) -> None:
    """From a file, with no network: all of the picture lies in the page."""
    results = maps.measure(tmp_path, {(0.001, 8, 1): 0.8, (0.1, 8, 1): 1.25})
    [page, *_] = keep_pictures(RunDirectory(path=tmp_path / "run"), results)
    browser.get(page.as_uri())
    wait = WebDriverWait(browser, SLOWEST, 0.02)
    wait.until(lambda found: found.find_elements(By.CSS_SELECTOR, "#map svg"))
    assert "async pays above" in browser.find_element(By.CSS_SELECTOR, "#map svg").text
    [figure, *_] = (
        each
        for each in browser.find_elements(By.CSS_SELECTOR, "#map svg text")
        if each.text == "1.25×"
    )
    ActionChains(browser).move_to_element(figure).perform()
    told = wait.until(lambda found: found.find_element(By.ID, "vg-tooltip-element").text)
    for line in (
        *("wait of a call 100 ms", "clients 8", "calls a request 1", "verdict async faster"),
        *("async ÷ sync 1.25×", "server CPU per 1,000 2.0 s sync, 1.6 s async", "blocks 6"),
    ):
        assert line in flat(told)
    assert re.search(r"interval \[1\.2\d–1\.2\d\]", told)
    assert re.search(r"sync [\d,]+ requests/s by gunicorn", told)
    fetched = browser.execute_script(  # type: ignore[no-untyped-call]
        "return performance.getEntriesByType('resource').map(each => each.name)"
    )
    assert fetched == []
    assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []  # type: ignore[no-untyped-call]


def test_a_tiny_map_cut_short_shows_and_draws_what_there_is(tool: Tool) -> None:
    """Both planes on real servers; after a block somebody has seen enough."""
    begun = tool.start(
        "map", "--waits", "1,20", "--clients", "2", "--calls", "1,3", "--budget", "100s",
        "--sync", "gunicorn,threads=4", "--async", "uvicorn", "--database", "sqlite:",
        "--out", "run", "--seed", "1",
    )  # fmt: skip
    begun.reaches("block 2, 4 cells")
    begun.interrupt()
    ran = begun.finish()
    assert ran.code == 130
    assert "Traceback" not in ran.err
    assert "interrupted: what had been measured by then" in flat(ran.out)
    assert ran.out.startswith("Where async starts to pay\n\nWith 1 and 3 calls a request, at 2 ")
    assert re.search(r"2 clients( +[?✗] \S+){2}", ran.out)
    assert re.search(r"3 calls( +[?✗] \S+){2}", ran.out)
    saved = json.loads((tool.cwd / "run" / "run.json").read_text())
    assert (saved["command"], saved["status"], saved["left_out"]) == ("map", "interrupted", {})
    tasks = saved["blocks"][0]["tasks"]
    assert {task["cell"]: task["compared"] for task in tasks} == {
        "wait-1ms-calls-1-2": 20,
        "wait-20ms-calls-1-2": 12,
        "wait-1ms-calls-3-2": 20,
        "wait-20ms-calls-3-2": 6,
    }
    assert [task["fault"] for task in tasks] == [None] * 4
    for name in ("html", "svg", "png"):
        assert f"Drawn: run/map.{name}" in ran.err
        assert (tool.cwd / "run" / f"map.{name}").stat().st_size > 10_000


def test_a_budget_too_small_is_refused_before_anything_starts(tool: Tool) -> None:
    """With the least that works; and no directory is left."""
    ran = tool.run("map", "--budget", "20s")
    assert (ran.code, ran.out) == (2, "")
    what, hint = ran.refusal
    assert what.startswith("--budget 20s is too small: 6 cells, the least that make a map, in 6 ")
    assert hint.startswith("--budget ")
    assert not (tool.cwd / ".whereasync").exists()
