"""Where every request of a task is recorded, raw: nothing is aggregated while load runs.

Rows of nine int64 in chunks, so that growing never copies (a copy of 100 MB would stall the loop
for 50 ms in the middle of a slice). A time of 0 means "never came"; slice -1 is the warm-up.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from whereasync.serial import explain, put_aside

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import numpy as np

    Rows = np.ndarray[tuple[int, int], np.dtype[np.int64]]

COLUMNS = (
    "side",  # 0 is a, 1 is b
    "slice",  # index into TaskRecord.slices, or WARM_UP
    "intended",  # ns; the closed loop intends a request when the user's last one is done
    "sent",
    "first_byte",  # of the body; "done" where there is none
    "done",
    "status",  # 0: no answer came
    "size",  # bytes of the answer on the wire, head and framing included
    "view",  # ns by the view's own clock, or -1
)
SIDE, SLICE, INTENDED, SENT, FIRST_BYTE, DONE, STATUS, SIZE, VIEW = range(len(COLUMNS))
WARM_UP = -1

_ROW = struct.Struct(f"={len(COLUMNS)}q")
_CHUNK = _ROW.size * 16384  # 1.2 MB: half a second at full speed


class Samples:
    """A growing buffer of rows as ``COLUMNS`` names them."""

    __slots__ = ("_chunk", "_full", "_offset")

    def __init__(self) -> None:
        self._full: list[bytearray] = []
        self._chunk = bytearray(_CHUNK)
        self._offset = 0

    def __len__(self) -> int:
        return (len(self._full) * _CHUNK + self._offset) // _ROW.size

    def append(self, *row: int) -> None:
        """Record one request: nine integers in the order of ``COLUMNS``."""
        if self._offset == _CHUNK:
            self._full.append(self._chunk)
            self._chunk = bytearray(_CHUNK)
            self._offset = 0
        _ROW.pack_into(self._chunk, self._offset, *row)
        self._offset += _ROW.size

    def rows(self, start: int = 0) -> Rows:
        """Return the rows from ``start`` on, as an own array of shape (n, 9)."""
        import numpy as np

        first, skipped = divmod(start * _ROW.size, _CHUNK)
        chunks = [*self._full, self._chunk[: self._offset]][first:]
        flat = np.frombuffer(b"".join(chunks)[skipped:], dtype=np.int64)
        return flat.reshape(-1, len(COLUMNS))


def save(path: Path, rows: Rows) -> None:
    """Write rows as ``.npy``, aside and then renamed: the file is whole or not there."""
    import numpy as np

    try:
        with put_aside(path, durable=False) as file:
            np.save(file, rows, allow_pickle=False)
    except OSError as error:
        raise explain(error, f"{path} can't be written") from error


def load(path: Path) -> Any:
    """Return the rows of a ``.npy`` file, shape (n, 9)."""
    import numpy as np

    return np.load(path, allow_pickle=False)
