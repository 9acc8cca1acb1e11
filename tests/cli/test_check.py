"""``whereasync check`` from the command line to its exit code.

One test reads a real project; the others ask an interpreter of ours, which answers with an
inventory made by hand, so that they say what they find and need no more of the guest than that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.inventories import database, default, inventory, sync_only, view

from whereasync import serial
from whereasync.model import Answer, GuestFault

if TYPE_CHECKING:
    from pathlib import Path

MANAGE = """import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.management import execute_from_command_line
execute_from_command_line()
"""
SETTINGS = f"""ROOT_URLCONF = "shop.urls"
SECRET_KEY = "a key of the tests"
MIDDLEWARE = [
    "{sync_only().name}",
]
DATABASES = {{"default": {{
    "CONN_MAX_AGE": 60,
}}}}
"""
URLS = """from django.http import HttpResponse
from django.urls import path

def hello(request):
    return HttpResponse("hello")

urlpatterns = [path("", hello)]
"""
# Writes where the order says, as the guest does, what lies beside itself.
INTERPRETER = """#!{python}
import json, os, shutil, sys
if sys.argv[1:2] == ["-c"]:  # asked for versions
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with open(os.environ["WHEREASYNC_ORDER"]) as order:
    shutil.copy({answer!r}, json.load(order)["answer"])
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Write a small project."""
    (tmp_path / "shop").mkdir()
    for name, text in {
        "manage.py": MANAGE,
        "shop/__init__.py": "",
        "shop/settings.py": 'ROOT_URLCONF = "shop.urls"\nSECRET_KEY = "a key of the tests"\n',
        "shop/urls.py": URLS,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def answer(directory: Path, given: Answer) -> Path:
    """Make an interpreter that gives that answer."""
    serial.write(directory / "answer.json", given)
    path = directory / "python"
    text = INTERPRETER.format(python=sys.executable, answer=str(directory / "answer.json"))
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def python(shop: Path) -> Path:
    """Make an interpreter that tells of a project with something for three rules."""
    (shop / "shop/settings.py").write_text(SETTINGS, encoding="utf-8")
    (shop / "Procfile").write_text("web: uvicorn shop.asgi:application\n", encoding="utf-8")
    (shop / "Makefile").write_text("run:\n\tuvicorn shop.asgi:a --reload\n", encoding="utf-8")
    (shop / "shop/views.py").write_text("\n" * 11 + "async def detail(request): ...\n")
    made = inventory(
        view(file=str(shop / "shop/views.py")),
        middleware=[*default(), sync_only(file=str(shop / "shop/middleware.py"))],
        databases=(database(conn_max_age=60.0, is_atomic=True),),
    )
    return answer(shop, Answer(inventory=made))


def run(directory: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command there."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV"}
    }
    return subprocess.run(
        [sys.executable, "-m", "whereasync", "check", *arguments],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# ---------------------------------------------------------------- the whole way


def test_a_real_project_without_async_is_fine(shop: Path) -> None:
    """Its own interpreter imports it, and the answer is the first line."""
    done = run(shop, "--python", sys.executable)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Nothing found: ")
    assert "none of them async" in done.stdout


def test_a_project_that_raises_is_one_line(shop: Path) -> None:
    """With the exit code of bad input."""
    (shop / "shop/settings.py").write_text("import shop.missing\n", encoding="utf-8")
    done = run(shop, "--python", sys.executable)
    assert done.returncode == 2
    assert done.stderr.startswith("whereasync: there is no module shop.missing (shop/settings.py")
    assert "Traceback" not in done.stderr


def test_findings_are_shown_and_end_with_1(shop: Path, python: Path) -> None:
    """The answer, the files with their lines, the chain."""
    done = run(shop, "--python", python)
    assert done.returncode == 1
    assert done.stdout.startswith("3 findings: 1 error, 2 warnings\n")
    assert "\nshop/settings.py\n" in done.stdout
    assert "warning: line 4: Tenant is sync-only" in done.stdout
    assert "warning: line 7: CONN_MAX_AGE = 60" in done.stdout
    assert "error: line 12: shop.views.detail is async" in done.stdout
    assert "The middleware chain under ASGI" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--ignore", "WA003", "--level", "error"], 0),
        (["--select", "WA004, mistaken-for-asgi", "--level", "note"], 0),
    ],
)
def test_level_and_rules_decide_the_exit_code(
    shop: Path, python: Path, arguments: list[str], code: int
) -> None:
    """A finding at or above the level, of the rules that were asked."""
    assert run(shop, "--python", python, *arguments).returncode == code


def test_a_comment_waives_a_finding(shop: Path, python: Path) -> None:
    """On its line, and the report counts it."""
    waived = SETTINGS.replace("60,\n", "60,  # whereasync: ignore[WA002]\n")
    (shop / "shop/settings.py").write_text(waived, encoding="utf-8")
    done = run(shop, "--python", python, "--select", "WA002")
    assert done.returncode == 0
    assert "1 finding waived by a comment." in done.stdout


def test_json_is_the_review(shop: Path, python: Path) -> None:
    """Findings with what they rest on, and the chain."""
    done = run(shop, "--python", python, "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["schema"] == 1
    assert [each["rule"] for each in told["findings"]] == ["WA003", "WA001", "WA002"]
    assert told["findings"][0]["file"] == "shop/views.py"
    assert told["serving"] == "asgi"
    assert told["async_cost"] == {"hops": 4, "backs": 1, "is_pinned": True}
    assert [link["is_async"] for link in told["chain"]] == [False] * 8


@pytest.mark.parametrize(
    ("format_", "begins"),
    [("sarif", "{\n"), ("markdown", "# 3 ")],
)
def test_every_format_is_one(shop: Path, python: Path, format_: str, begins: str) -> None:
    """With the same exit code."""
    done = run(shop, "--python", python, "--format", format_)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(begins)


def test_tests_are_read_where_a_view_is_async(shop: Path, python: Path) -> None:
    """By their names, below the project."""
    text = "def test_speed(client):\n    client.get('/')\n    time.time()\n"
    (shop / "shop/tests.py").write_text(text, encoding="utf-8")
    done = run(shop, "--python", python, "--select", "WA005", "--format", "github")
    assert done.stdout.startswith("::warning file=shop/tests.py,line=2,")


def test_the_guests_fault_is_told(shop: Path) -> None:
    """With its next step."""
    fault = GuestFault(
        what="KeyError: 'KEY'", hint="export KEY=…", where="shop/settings.py, line 1"
    )
    done = run(shop, "--python", answer(shop, Answer(fault=fault)))
    assert done.returncode == 2
    assert done.stderr == (
        "whereasync: KeyError: 'KEY' (shop/settings.py, line 1)\n  try: export KEY=…\n"
    )


def test_a_rule_that_does_not_exist_is_refused_before_anything_is_asked(shop: Path) -> None:
    """The interpreter isn't even started."""
    done = run(shop, "--python", "/nowhere/python", "--select", "WA9")
    assert done.returncode == 2
    assert done.stderr.startswith("whereasync: There is no rule 'WA9'.\n  try: take some of: WA001")
