from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from whereasync import serial, store
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import SCHEMA_VERSION, Machine, Run, Status

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUN = Run(
    command="demo",
    tool="0.1.0",
    started="2026-01-02T03:04:05Z",
    seed=1,
    status=Status.RUNNING,
    options={},
    machine=Machine(system="Linux", cpu="x", cores=2, memory=8, python="3.11"),
)
SAMPLES = np.arange(10, dtype=np.int64).reshape(2, 5)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(path: Path | None) -> BadInputError:
    """Open a run that can't be opened: one line, a next step."""
    with pytest.raises(BadInputError) as caught:
        store.open_run(path)
    assert "\n" not in caught.value.what
    assert caught.value.hint
    return caught.value


# ---------------------------------------------------------------- a new run


def test_a_run_is_named_by_utc_and_command(here: Path) -> None:
    """The name sorts by time, wherever the clock's zone is."""
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    directory = store.create("demo", None, there)
    assert directory.path == here / ".whereasync" / "runs" / "20260102T030405Z-demo"
    assert directory.log_directory.is_dir()
    assert sorted(path.name for path in directory.path.iterdir()) == ["log", "samples"]


def test_runs_of_one_second_get_different_names() -> None:
    """Two demos at once don't share a directory."""
    names = [store.create("demo", None, NOW).path.name for _ in range(3)]
    stem = "20260102T030405Z-demo"
    assert names == [stem, f"{stem}-2", f"{stem}-3"]


def test_out_names_the_run_directory_itself(here: Path) -> None:
    """A missing or an empty directory is taken, with its parents."""
    assert store.create("demo", Path("a/b"), NOW).path == here / "a" / "b"
    Path("empty").mkdir()
    assert store.create("demo", Path("empty"), NOW).log_directory == here / "empty" / "log"


def test_out_that_holds_something_is_refused_and_left_alone() -> None:
    """A run overwrites nothing."""
    Path("full").mkdir()
    Path("full/thesis.txt").write_text("years")
    with pytest.raises(BadInputError, match="isn't empty") as caught:
        store.create("demo", Path("full"), NOW)
    assert "--out" in caught.value.hint
    assert [path.name for path in Path("full").iterdir()] == ["thesis.txt"]


def test_a_file_in_the_way_is_refused() -> None:
    """Also where the file stands in the middle of the path, or at the default's place."""
    Path("file").write_text("")
    Path(".whereasync").write_text("")
    with pytest.raises(BadInputError, match="is a file"):
        store.create("demo", Path("file"), NOW)
    with pytest.raises(BadInputError, match="can't hold a run: not a directory"):
        store.create("demo", Path("file/run"), NOW)
    with pytest.raises(BadInputError, match="can't hold a run"):
        store.create("demo", None, NOW)


CREATE = """
import os, resource, sys
from datetime import datetime, UTC
from pathlib import Path
from whereasync import store
from whereasync.errors import BadInputError
limits, user = resource.getrlimit(resource.RLIMIT_FSIZE), os.geteuid()
if sys.argv[1] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
elif user == 0:
    os.seteuid(65534)
try:
    store.create("demo", Path(sys.argv[2]), datetime.now(UTC))
except BadInputError as error:
    sys.exit(f"{error.what}|{error.hint}")
finally:  # coverage writes a file at the end
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    os.seteuid(user)
"""


@pytest.mark.parametrize(
    ("disk", "what", "hint"),
    [
        ("full", "file too large", "Free some space"),
        ("locked", "permission denied", "Name a directory that you may write"),
    ],
)
def test_a_disk_that_takes_nothing_is_found_at_once(
    here: Path, disk: str, what: str, hint: str
) -> None:
    """A full disk and a forbidden directory are said before anything is measured."""
    out = here / "out"
    out.mkdir(mode=0o700 if disk == "full" else 0o500)
    argv = [sys.executable, "-c", CREATE, disk, str(out)]
    run = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert f"{out} can't hold a run: {what}.|{hint}" in run.stderr
    assert list(out.iterdir()) == []


# ---------------------------------------------------------------- saved and opened


def test_a_saved_run_is_opened_by_its_directory_or_its_file() -> None:
    """What was saved last is what is loaded."""
    directory = store.create("demo", Path("run"), NOW)
    directory.save(RUN)
    directory.save(replace(RUN, status=Status.DONE))
    for path in (Path("run"), Path("run/run.json")):
        assert store.open_run(path) == directory
        assert store.open_run(path).load().status is Status.DONE


def test_none_opens_the_newest_run_that_was_saved() -> None:
    """By the time in its name, one second's tenth after its ninth; never one without run.json."""
    older = store.create("demo", None, NOW - timedelta(days=1))
    same_second = [store.create("demo", None, NOW) for _ in range(11)]
    store.create("demo", None, NOW + timedelta(days=1))
    for directory in (older, *reversed(same_second)):
        directory.save(RUN)
    assert store.open_run(None) == same_second[-1]


def test_no_run_yet_names_the_command_that_makes_one() -> None:
    """A newcomer who types report first is told what to type."""
    assert refusal(None).hint == "Measure one: whereasync demo"


def test_a_path_that_is_no_run_is_said_to_be_none(here: Path) -> None:
    """Missing, a file, and a directory without run.json."""
    Path("notes.txt").write_text("")
    Path("empty").mkdir()
    assert "There is no run at missing" in refusal(Path("missing")).what
    assert "There is no run at gone" in refusal(Path("gone/run.json")).what
    assert "notes.txt is no run" in refusal(Path("notes.txt")).what
    assert "holds no run.json" in refusal(Path("empty")).what


@pytest.mark.parametrize("keep", [0, 1, 100, -2])
def test_a_half_written_run_is_one_line(keep: int) -> None:
    """Wherever a foreign hand cut run.json off."""
    directory = store.create("demo", Path("run"), NOW)
    (directory.path / "run.json").write_bytes(serial.encode(RUN)[:keep])
    assert str(directory.path / "run.json") in refusal(Path("run")).what


def test_foreign_json_is_no_run() -> None:
    """A package.json renamed, or one field of the wrong type."""
    directory = store.create("demo", Path("run"), NOW)
    (directory.path / "run.json").write_text('{"name": "left-pad"}')
    assert "`schema`" in refusal(Path("run")).what
    wrong = serial.encode(RUN).replace(b'"cores": 2', b'"cores": "two"')
    (directory.path / "run.json").write_bytes(wrong)
    assert "$.machine.cores" in refusal(Path("run")).what


def test_a_run_of_a_newer_schema_says_so() -> None:
    """Not "damaged": the cure is an upgrade."""
    directory = store.create("demo", Path("run"), NOW)
    directory.save(replace(RUN, schema=SCHEMA_VERSION + 1, tool="9.0"))
    error = refusal(Path("run"))
    assert f"whereasync 9.0, whose schema {SCHEMA_VERSION + 1} is newer" in error.what
    assert "pip install --upgrade" in error.hint


# ---------------------------------------------------------------- samples


def finish(path: Path, array: np.ndarray) -> Path:
    """Write a .npy as a load client does."""
    np.save(path, array)
    return path


def test_adopted_samples_are_loaded_and_gone_from_where_they_were() -> None:
    """Samples move in under the name of their cell and block."""
    directory = store.create("demo", Path("run"), NOW)
    directory.adopt("get-8", 3, finish(Path("raw.npy"), SAMPLES))
    assert (directory.path / "samples" / "get-8-3.npy").exists()
    assert not Path("raw.npy").exists()
    loaded = directory.samples("get-8", 3)
    assert loaded.dtype == np.int64
    assert np.array_equal(loaded, SAMPLES)


def test_samples_are_adopted_across_file_systems(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where a rename can't reach, the samples are copied, whole or not at all."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == Path().stat().st_dev:
        pytest.skip("no second file system here")
    source = memory / f"whereasync-test-{os.getpid()}.npy"
    try:
        finish(source, SAMPLES)
        directory = store.create("demo", Path("run"), NOW)
        directory.adopt("get-8", 0, source)
        assert not source.exists()
    finally:
        source.unlink(missing_ok=True)
    assert np.array_equal(directory.samples("get-8", 0), SAMPLES)
    assert [path.name for path in (directory.path / "samples").iterdir()] == ["get-8-0.npy"]


def test_samples_that_never_came_are_an_error() -> None:
    """Adopting what isn't there, and loading what was never adopted."""
    directory = store.create("demo", Path("run"), NOW)
    with pytest.raises(WhereAsyncError, match="samples of get-8, block 0, can't be kept"):
        directory.adopt("get-8", 0, Path("nothing.npy"))
    with pytest.raises(WhereAsyncError, match=r"get-8-0\.npy is missing") as caught:
        directory.samples("get-8", 0)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"", "damaged"), (b"\x93NUMPY\x01\0v\0{", "damaged"), (b"junk" * 100, "damaged")],
)
def test_damaged_samples_are_one_line(content: bytes, what: str) -> None:
    """Cut off or foreign: an error with the file's name."""
    directory = store.create("demo", Path("run"), NOW)
    (directory.path / "samples" / "get-8-0.npy").write_bytes(content)
    with pytest.raises(WhereAsyncError, match=what) as caught:
        directory.samples("get-8", 0)
    assert "get-8-0.npy" in caught.value.what


@pytest.mark.parametrize(
    "array", [SAMPLES.astype(float), SAMPLES[0], np.array([None, {}], dtype=object)]
)
def test_samples_of_another_shape_or_type_are_refused(array: np.ndarray) -> None:
    """Floats, a single row and pickled objects are no times; nothing is unpickled."""
    directory = store.create("demo", Path("run"), NOW)
    np.save(directory.path / "samples" / "get-8-0.npy", array, allow_pickle=True)
    with pytest.raises(WhereAsyncError, match=r"get-8-0\.npy"):
        directory.samples("get-8", 0)


@pytest.mark.parametrize("cell", ["", "../../evil", "a/b", ".hidden", "a\0b"])
def test_a_cell_that_is_no_file_name_is_refused(cell: str) -> None:
    """A run.json from elsewhere can't make us read or write outside its directory."""
    directory = store.create("demo", Path("run"), NOW)
    with pytest.raises(WhereAsyncError, match="names no cell"):
        directory.samples(cell, 0)


MIDDLE = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from whereasync import store
from whereasync.errors import WhereAsyncError
directory = store.open_run(Path(sys.argv[1]))
run = replace(directory.load(), options={"long": "x" * 5000})
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
try:
    directory.save(run)
except WhereAsyncError as error:
    sys.exit(f"{error.what}|{error.hint}")
finally:  # coverage writes a file at the end
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
"""


def test_a_disk_full_in_the_middle_keeps_the_earlier_run() -> None:
    """The save fails aloud, with a hint, and the run saved before it can still be shown."""
    directory = store.create("demo", Path("run"), NOW)
    directory.save(RUN)
    run = subprocess.run(
        [sys.executable, "-c", MIDDLE, "run"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "run.json can't be written: file too large.|Free some space" in run.stderr
    assert store.open_run(Path("run")).load() == RUN
    assert not list(directory.path.glob(".*"))
