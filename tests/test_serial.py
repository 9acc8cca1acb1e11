from __future__ import annotations

import errno
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from whereasync import serial
from whereasync.errors import WhereAsyncError
from whereasync.model import (
    Arm,
    Block,
    Cell,
    DatabaseFacts,
    Fault,
    Interface,
    Machine,
    Request,
    Run,
    Side,
    Single,
    Slice,
    Status,
    SweepPoint,
    TaskRecord,
)

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = Request(path="/cars?n=1", headers=(("accept", "*/*"),), volatile=("[0-9]+",))
CELL = Cell(
    name="get-8",
    chapter=2,
    topic="GET",
    clients=8,
    a=Side(role="wsgi", request=REQUEST, label="sync"),
    b=Side(role="asgi", request=REQUEST, label="async"),
)
RUN = Run(
    command="demo",
    tool="0.1.0",
    started="2026-01-02T03:04:05Z",
    seed=1,
    status=Status.DONE,
    options={"quick": "yes", "chapter": "2"},
    machine=Machine(system="Linux", cpu="µ", cores=2, memory=8, python="3.11", server_cores=(0,)),
    elapsed=1.25,
    database=DatabaseFacts(vendor="postgresql", version="18", where="embedded"),
    arms={"asgi": Arm(server="uvicorn", interface=Interface.ASGI, options={"workers": "1"})},
    singles=(Single(row="get", variant="sync", run=0, in_view=0.29502),),
    sweep=(SweepPoint(role="wsgi", arm=Arm(server="gunicorn", interface=Interface.WSGI)),),
    blocks=(
        Block(
            number=0,
            tasks=(
                TaskRecord(
                    cell="get-8",
                    clients=8,
                    slices=(
                        Slice(
                            side=1,
                            start_ns=2**62,
                            window_start_ns=1,
                            window_end_ns=2,
                            end_ns=3,
                            server_cpu=0.5,
                            database_cpu=None,
                            client_cpu=0.1,
                        ),
                    ),
                    fault=Fault(kind="status", detail="500"),
                ),
            ),
        ),
    ),
)


def test_a_run_comes_back_equal() -> None:
    """Every noun of a run survives JSON: tuples, enums, None, 63-bit times."""
    assert serial.decode(serial.encode(RUN), Run) == RUN
    assert serial.decode(serial.encode(CELL), Cell) == CELL


def test_json_is_indented_stable_and_keeps_the_order_of_keys() -> None:
    """Equal nouns give equal bytes, which a person and git can read."""
    data = serial.encode(RUN)
    assert data == serial.encode(replace(RUN))
    assert data.startswith(b'{\n  "command": "demo",\n  "tool"')
    assert data.endswith(b"}\n")
    assert list(json.loads(data)["options"]) == ["quick", "chapter"]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_with_its_place(number: float) -> None:
    """JSON has no NaN; msgspec would write null, which no float field reads back."""
    single = replace(RUN.singles[0], in_view=number)
    with pytest.raises(WhereAsyncError, match=r"Run\.singles\[1\]\.in_view is -?(nan|inf)"):
        serial.encode(replace(RUN, singles=(*RUN.singles, single)))


def test_text_that_is_no_unicode_is_written_escaped() -> None:
    """A path of stray bytes, as Linux allows, must not keep a run from being saved."""
    stray = os.fsdecode(b"/tmp/\xff")
    kept = serial.decode(serial.encode(replace(RUN, options={stray: stray})), Run)
    assert kept.options == {"/tmp/\\udcff": "/tmp/\\udcff"}


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"{}", "JSON, but no Run: .*missing required field `command`"),
        (b"[1]", "no Run: Expected `object`, got `array`"),
        (serial.encode(RUN).replace(b'"seed": 1', b'"seed": "1"'), r"got `str` - at `\$\.seed`"),
        (serial.encode(RUN).replace(b'"done"', b'"gone"'), r"'gone' - at `\$\.status`"),
        (serial.encode(RUN)[:-20], "nor whole JSON: .*truncated"),
        (b"\xff\xfe", "nor whole JSON"),
        (b"[" * 100_000, "no Run"),
    ],
)
def test_a_mismatch_names_what_and_where(data: bytes, what: str) -> None:
    """Whatever is wrong with JSON is one WhereAsyncError of one line."""
    with pytest.raises(WhereAsyncError, match=what) as caught:
        serial.decode(data, Run)
    assert "\n" not in caught.value.what


def test_a_key_of_a_later_version_is_passed_over() -> None:
    """An added field doesn't make a run unreadable; a changed meaning raises the schema."""
    data = serial.encode(RUN).replace(b"{\n", b'{\n  "weather": "fine",\n', 1)
    assert serial.decode(data, Run) == RUN


def test_generic_kinds_are_named_too() -> None:
    """A kind without a class name of its own still gives a readable line."""
    with pytest.raises(WhereAsyncError, match=r"no .*tuple.*: Expected `array`"):
        serial.decode(b"{}", tuple[Fault, ...])


# ---------------------------------------------------------------- files


def test_a_written_noun_is_read_back_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    """Writing replaces the file and leaves no other."""
    path = tmp_path / "run.json"
    path.write_text("old")
    serial.write(path, RUN)
    assert serial.read(path, Run) == RUN
    assert [child.name for child in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"", "is empty"), (b"\0\0", "nor whole JSON"), (b'{"tool": 1}', "no Run"), (None, "no such")],
)
def test_reading_what_is_no_noun_names_the_file(
    tmp_path: Path, content: bytes | None, what: str
) -> None:
    """Missing, empty, damaged or foreign: one line that names the path."""
    path = tmp_path / "run.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WhereAsyncError, match=what) as caught:
        serial.read(path, Run)
    assert str(path) in caught.value.what


def test_writing_into_a_missing_directory_names_the_next_step(tmp_path: Path) -> None:
    """The directory may have been deleted in the middle of a run."""
    with pytest.raises(WhereAsyncError, match="no such file") as caught:
        serial.write(tmp_path / "gone" / "run.json", RUN)
    assert caught.value.hint


def test_writing_over_a_directory_leaves_it_and_nothing_else(tmp_path: Path) -> None:
    """The rename fails, the file aside is taken away again."""
    (tmp_path / "run.json").mkdir()
    with pytest.raises(WhereAsyncError, match="is a directory"):
        serial.write(tmp_path / "run.json", RUN)
    assert [child.name for child in tmp_path.iterdir()] == ["run.json"]


FULL = """
import resource, sys
from pathlib import Path
from whereasync import serial
from whereasync.errors import WhereAsyncError
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
try:
    serial.write_bytes(Path(sys.argv[1]), b"x" * 5000)
except WhereAsyncError as error:
    sys.exit(f"{error.what}|{error.hint}")
finally:  # coverage writes a file at the end
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
"""


def test_a_disk_that_takes_no_more_keeps_the_earlier_file(tmp_path: Path) -> None:
    """The kernel refuses the write in its middle: an error with a hint, the old file whole."""
    path = tmp_path / "run.json"
    path.write_text("earlier")
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "can't be written: file too large.|Free some space" in run.stderr
    assert path.read_text() == "earlier"
    assert [child.name for child in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some space"),
        (errno.EROFS, "may write"),
        (errno.EACCES, "may write"),
        (errno.ENOENT, "Look at the path"),
        (errno.EIO, "Name another directory"),
    ],
)
def test_a_failed_file_operation_is_explained(number: int, hint: str) -> None:
    """Each errno becomes one line and one next step."""
    error = serial.explain(OSError(number, os.strerror(number)), "It can't be written")
    assert error.what == f"It can't be written: {os.strerror(number).lower()}."
    assert hint in error.hint


def test_an_error_without_a_message_is_named_by_its_type() -> None:
    """A bare OSError still says something."""
    assert serial.explain(OSError(), "No").what == "No: oserror."
