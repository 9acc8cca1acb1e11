"""``demo --serve``, clicked through in a browser as a reader of the article would."""

from __future__ import annotations

import re
import shutil
import socket
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Tool

pytestmark = pytest.mark.server

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--window-size=1280,2000"),
)
SLOWEST = 60  # s that a view may take here


@pytest.fixture
def browser(tmp_path: Path, nothing_left: None) -> Iterator[Chrome]:
    """Start a Chromium with a profile of its own."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    driver = Chrome(options=options, service=ChromeService(DRIVER))
    yield driver
    driver.quit()


def test_every_view_is_clicked(browser: Chrome, tool: Tool) -> None:
    """Each shows a status of 200 and a time, or where it redirects; Ctrl-C leaves nothing."""
    begun = tool.start("demo", "--serve", "--objects", "2", "--rates", "small")
    begun.waits(lambda: "Ctrl-C ends it." in begun.out, "the addresses")
    url = re.search(r"http://\S+/(?=\n)", begun.out)
    assert url
    browser.get(url[0])
    buttons = browser.find_elements(By.CSS_SELECTOR, "button[data-path]")
    rows = browser.find_elements(By.CSS_SELECTOR, "tr[data-path]")
    assert len(rows) == len(buttons) > 10
    for button, row in zip(buttons, rows, strict=True):
        button.click()
        result = row.find_element(By.CSS_SELECTOR, ".result")
        WebDriverWait(browser, SLOWEST, 0.02).until(lambda _, cell=result: cell.text)
        path = row.get_attribute("data-path")
        if path == "/private/":
            assert "redirected to /accounts/login/" in result.text
            continue
        assert re.search(r"^200 · .* (ms|s) in all", result.text, re.MULTILINE), (path, result.text)
        assert re.search(r"[0-9.]+ m?s in the view", result.text), (path, result.text)
    begun.interrupt()
    ran = begun.finish()
    assert ran.code == 0
    assert ran.err.endswith("whereasync: stopped\n")
    assert "Traceback" not in ran.err
    assert not (tool.cwd / ".whereasync").exists()


def test_a_port_that_is_taken(tool: Tool) -> None:
    """A port that somebody else has is said to be so."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = tool.run("demo", "--serve", "--port", port, "--objects", "1")
    assert (ran.code, ran.out) == (2, "")
    what, hint = ran.refusal
    assert what == f"port {port} can't be had: address already in use"
    assert "--port" in hint


def test_a_server_that_dies(tool: Tool) -> None:
    """A server that dies while it is clicked through is said to be dead."""
    begun = tool.start("demo", "--serve", "--objects", "1", "--database", "sqlite:")
    begun.waits(lambda: "Ctrl-C ends it." in begun.out, "the addresses")
    begun.kill("-m hypercorn")
    ran = begun.finish()
    assert ran.code == 3
    assert ran.refusal == ("the server died", "start it again")
