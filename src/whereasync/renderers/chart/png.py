"""Make a drawn PNG a tenth as large: in 256 colours, and packed well.

vl-convert writes four bytes a pixel, packed in haste. A newcomer would add an image library for it.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST = 256  # colours of a palette
COARSE = 4  # bits in which two colours may differ and be one
RGBA = (8, 6)  # bits a channel, and PNG's number for such pixels
PALETTE = (8, 3)


def shrink(png: bytes) -> bytes:
    """Return the picture in at most 256 colours, on white; one of another kind as it is."""
    chunks = list(_chunks(png))
    width, height, *kind = struct.unpack(">IIBB", chunks[0][1][:10])
    packed = b"".join(data for name, data in chunks if name == b"IDAT")
    rows = np.frombuffer(zlib.decompress(packed), np.uint8)
    if tuple(kind) != RGBA or rows.size != height * (1 + 4 * width):
        return png
    pixels = _unfilter(rows.reshape(height, 1 + 4 * width), width)
    if pixels is None:
        return png
    colours, numbers = _reduce(_flatten(pixels))
    scanlines = np.hstack([np.zeros((height, 1), np.uint8), numbers.reshape(height, width)])
    header = struct.pack(">IIBBBBB", width, height, *PALETTE, 0, 0, 0)
    return SIGNATURE + b"".join(
        _chunk(name, data)
        for name, data in (
            (b"IHDR", header),
            (b"PLTE", colours.tobytes()),
            (b"IDAT", zlib.compress(scanlines.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        yield name, png[place + 8 : place + 8 + length]
        place += 12 + length


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _unfilter(rows: Bytes, width: int) -> Bytes | None:
    """Return the pixels, shape (height, width, 4); None for a filter that isn't expected."""
    pixels = np.zeros((len(rows), width, 4), np.uint8)
    above = pixels[0].copy()
    for number, row in enumerate(rows):
        line = row[1:].reshape(width, 4)
        match int(row[0]):
            case 0:  # as it is
                pixels[number] = line
            case 1:  # differences from the pixel to the left
                pixels[number] = np.cumsum(line, axis=0, dtype=np.uint8)
            case 2:  # … and from the one above
                pixels[number] = line + above
            case _:
                return None
        above = pixels[number]
    return pixels


def _flatten(pixels: Bytes) -> Bytes:
    """Return the colours on white, shape (pixels, 3)."""
    seen = pixels.reshape(-1, 4).astype(np.uint16)
    alpha = seen[:, 3:]
    return ((seen[:, :3] * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)


def _reduce(colours: Bytes) -> tuple[Bytes, Bytes]:
    """Return the palette, and for each pixel the number of its nearest colour in it.

    Colours that differ in their last bits only share the commonest of them, so plain areas keep
    theirs, and a gradient its ends.
    """
    found, numbers, counts = np.unique(colours, axis=0, return_inverse=True, return_counts=True)
    by_count = np.argsort(-counts, kind="stable")
    _, commonest = np.unique(found[by_count] >> COARSE, axis=0, return_index=True)
    kept = found[by_count[np.sort(commonest)[:MOST]]]
    far = found[:, None, :].astype(np.int32) - kept[None, :, :].astype(np.int32)
    nearest = (far**2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    return kept, nearest[numbers.reshape(-1)]
