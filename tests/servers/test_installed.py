"""What an interpreter has of the servers, and so which arms can run or be tuned there."""

from __future__ import annotations

import platform
import sys
import venv
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from whereasync.errors import BadInputError
from whereasync.servers import (
    App,
    candidates,
    find_lacking,
    launch,
    parse_arm_server,
    require,
    versions,
)

if TYPE_CHECKING:
    from whereasync.processes import Supervisor


def test_versions() -> None:
    """The interpreter's distributions are told with their versions, missing ones left out."""
    found = versions(Path(sys.executable), ["uvicorn", "no-such-thing"])
    expected = {"python": platform.python_version(), "uvicorn": metadata.version("uvicorn")}
    assert found == expected


@pytest.mark.parametrize("content", [None, "#!/bin/sh\nexit 3\n", "#!/bin/sh\necho no json\n"])
def test_unusable_interpreter(content: str | None, tmp_path: Path) -> None:
    """An interpreter that isn't there, fails or isn't Python is bad input."""
    python = tmp_path / "python"
    if content:
        python.write_text(content)
        python.chmod(0o755)
    with pytest.raises(BadInputError, match="can't be used") as caught:
        versions(python, ["uvicorn"])
    assert "--python" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("uvicorn", "uvicorn"),
        ("hypercorn,loop=uvloop", "hypercorn uvloop"),
        ("gunicorn,worker=uvicorn", "gunicorn uvicorn-worker uvicorn"),
        ("runserver", "django"),
    ],
)
def test_server_missing(text: str, lacking: str, tmp_path: Path, supervisor: Supervisor) -> None:
    """A server that the project's Python lacks is named with the command that installs it."""
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    with (
        pytest.raises(BadInputError, match="which the project's Python lacks") as caught,
        launch(parse_arm_server(text), App(python=python, directory=tmp_path), supervisor),
    ):
        pass  # never reached
    assert caught.value.hint == f"{python} -m pip install {lacking}"


HERE = Path(sys.executable)
THREADS = [1, 2, 4, 8, 16, 32, 64]


@pytest.mark.parametrize(
    ("text", "tried"),
    [
        ("gunicorn", [f"gunicorn,threads={n}" for n in THREADS]),
        ("gunicorn,workers=2", [f"gunicorn,workers=2,threads={n}" for n in THREADS]),
        ("gunicorn,threads=3", ["gunicorn,threads=3"]),
        ("gunicorn,worker=sync", ["gunicorn,worker=sync"]),
        ("gunicorn,worker=uvicorn", ["gunicorn,worker=uvicorn"]),
        ("granian,interface=wsgi", [f"granian,interface=wsgi,threads={n}" for n in THREADS]),
        ("granian", ["granian,loop=asyncio", "granian,loop=uvloop"]),
        ("hypercorn", ["hypercorn,loop=asyncio", "hypercorn,loop=uvloop"]),
        ("uvicorn,loop=auto", ["uvicorn,loop=auto,http=h11", "uvicorn,loop=auto,http=httptools"]),
        (
            "uvicorn",
            [
                "uvicorn,loop=asyncio,http=h11",
                "uvicorn,loop=asyncio,http=httptools",
                "uvicorn,loop=uvloop,http=h11",
                "uvicorn,loop=uvloop,http=httptools",
            ],
        ),
        ("daphne", ["daphne"]),
        ("runserver", ["runserver"]),
    ],
)
def test_candidates(text: str, tried: list[str]) -> None:
    """All combinations of what the arm leaves open, as this interpreter has them: no rloop."""
    found = candidates(parse_arm_server(text), HERE)
    assert [str(arm) for arm in found] == tried
    assert [parse_arm_server(each) for each in tried] == list(found)


def test_candidates_of_a_bare_interpreter(tmp_path: Path) -> None:
    """What isn't installed isn't tried."""
    venv.create(tmp_path / "venv", symlinks=True)
    found = candidates(parse_arm_server("uvicorn"), tmp_path / "venv" / "bin" / "python")
    assert [str(arm) for arm in found] == ["uvicorn,loop=asyncio,http=h11"]


def test_what_is_laid_over_a_bare_interpreter_counts(tmp_path: Path) -> None:
    """Its own distributions come first; the overlay fills what is lacking."""
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    overlay = (str(Path(metadata.distribution("uvicorn").locate_file(""))),)
    arm = parse_arm_server("uvicorn")
    assert find_lacking(arm, python) == ("uvicorn",)
    assert find_lacking(arm, python, overlay) == ()
    require(arm, python, overlay)
    assert versions(python, ["uvicorn"], overlay)["uvicorn"] == metadata.version("uvicorn")
    assert candidates(arm, python, overlay) == candidates(arm, HERE)
