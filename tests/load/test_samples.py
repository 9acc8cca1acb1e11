from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from whereasync.errors import WhereAsyncError
from whereasync.load import samples
from whereasync.load.samples import COLUMNS, Samples, load, save

if TYPE_CHECKING:
    from pathlib import Path

PER_CHUNK = 16384


def fill(count: int) -> Samples:
    """Record so many requests, numbered by their intended time."""
    recorded = Samples()
    for number in range(count):
        recorded.append(0, -1, 10**15 + number, 2, 3, 4, 200, 5, -1)
    return recorded


@pytest.mark.parametrize(
    "count", [0, 1, PER_CHUNK - 1, PER_CHUNK, PER_CHUNK + 1, 2 * PER_CHUNK + 5]
)
def test_every_row_comes_back_in_its_order(count: int) -> None:
    """Growing by a chunk loses and moves nothing."""
    recorded = fill(count)
    rows = recorded.rows()
    assert rows.shape == (count, len(COLUMNS)) == (len(recorded), 9)
    assert rows.dtype == "int64"
    assert (rows[:, samples.INTENDED] - 10**15).tolist() == list(range(count))
    assert (rows[:, samples.SLICE] == samples.WARM_UP).all()


@pytest.mark.parametrize("start", [0, 1, PER_CHUNK - 1, PER_CHUNK, PER_CHUNK + 3])
def test_rows_from_a_place_on_are_the_end_of_all_rows(start: int) -> None:
    """What a slice added is found wherever the chunks happen to end."""
    recorded = fill(PER_CHUNK + 3)
    assert recorded.rows(start).tolist() == recorded.rows()[start:].tolist()


def test_columns_are_named_in_the_order_of_their_numbers() -> None:
    """The names are for readers of the file, the numbers for our code."""
    assert COLUMNS[samples.SIDE] == "side"
    assert COLUMNS[samples.DONE] == "done"
    assert COLUMNS[samples.VIEW] == "view"


def test_a_saved_file_is_whole_and_alone(tmp_path: Path) -> None:
    """It is written aside and renamed, and nothing is left aside."""
    rows = fill(3).rows()
    save(tmp_path / "cell.npy", rows)
    assert load(tmp_path / "cell.npy").tolist() == rows.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["cell.npy"]


def test_a_directory_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    """A failed write is our error with a next step, never a traceback."""
    with pytest.raises(WhereAsyncError, match="can't be written"):
        save(tmp_path / "gone" / "cell.npy", fill(1).rows())
