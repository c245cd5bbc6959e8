"""Arrays as one compact text of bytes that tells when it is damaged or not its own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MAGIC = b"CEBG"
VERSION = 1
_HEAD = struct.Struct("<4sBBHHI")
"""Magic, version, number of views, height, width, CRC-32 of what follows."""
_HINT = "renew the reference of this camera"

Bytes = NDArray[np.uint8]


def packed(planes: Sequence[Bytes], views: int) -> bytes:
    """Planes of one height and width, (h, w) or (h, w, 3) uint8, as bytes.

    Neighbours are subtracted first, as in PNG: pictures then take about half the space.
    """
    height, width = planes[0].shape[:2]
    steps = [np.diff(plane, axis=1, prepend=np.uint8(0)) for plane in planes]
    body = zlib.compress(b"".join(step.tobytes() for step in steps), 9)
    return _HEAD.pack(MAGIC, VERSION, views, height, width, zlib.crc32(body)) + body


def unpacked(kept: bytes) -> tuple[int, int, int, bytes]:
    """Views, height, width and the planes' bytes of what `packed` made.

    Raises:
        ValueError: it is damaged, or something else.
    """
    if len(kept) < _HEAD.size or kept[:4] != MAGIC:
        raise ValueError(f"kept reference: expected {MAGIC!r} first, found {kept[:4]!r}; {_HINT}")
    _, version, views, height, width, check = _HEAD.unpack_from(kept)
    if version != VERSION:
        raise ValueError(f"kept reference: expected version {VERSION}, found {version}; {_HINT}")
    body = kept[_HEAD.size :]
    if zlib.crc32(body) != check:
        raise ValueError(f"kept reference: expected check sum {check:08x}, found {zlib.crc32(body):08x}; {_HINT}")
    return views, height, width, zlib.decompress(body)


def planes_of(data: bytes, height: int, width: int, channels: Sequence[int]) -> list[Bytes]:
    """The planes again, given how many channels each had.

    Raises:
        ValueError: there are more or fewer bytes than that.
    """
    if len(data) != height * width * sum(channels):
        found = len(data) / max(height * width, 1)
        raise ValueError(f"kept reference: expected {sum(channels)} bytes for each pixel, found {found:g}; {_HINT}")
    planes, at = [], 0
    for count in channels:
        size = height * width * count
        step = np.frombuffer(data, np.uint8, size, at).reshape((height, width, count) if count > 1 else (height, width))
        planes.append(np.cumsum(step, axis=1, dtype=np.uint8))
        at += size
    return planes
