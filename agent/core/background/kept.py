"""What a camera has learnt, as one compact text of bytes that tells when it is damaged or not its own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.background.reference import LEVELS_TO_LOGS, Reference, levels_of
from agent.core.background.reports import Votes
from agent.core.background.stays import Stays

MAGIC = b"CEBG"
VERSION = 1
_HEAD = struct.Struct("<4sBBHHI")
"""Magic, version, number of views, height, width, CRC-32 of what follows."""
_HINT = "renew the reference of this camera"

SPREAD_KEPT = 8
"""Units of a deviation as it is kept."""
VIEW_PLANES = (3, 1, 1, 1)
STAY_PLANES = (1, 1, 1, 1, 1, 1)
"""Channels of what is kept of each view, and of the pixels' stays."""
UNREST_LOOKS = 60
"""A recalled measure of unrest counts as that of this many looks."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What a restart shall not forget: the views, the one in use first; what stands since when; what was reported."""

    views: list[Reference]
    stays: Stays
    votes: Votes


def as_bytes(kept: Kept) -> bytes:
    """For `from_bytes`; 100 to 300 KB."""
    stays, votes = kept.stays, kept.votes.view(np.uint8)
    planes: list[Bytes] = []
    for view in kept.views:
        spread = np.minimum(view.spread // SPREAD_KEPT, 255).astype(np.uint8)
        planes += [levels_of(view.logs), spread, view.known, view.holds]
    stood_s = np.clip(stays.stood_s, 0, 2**24 - 1).astype(np.uint32)
    bytes_of_stood = [((stood_s >> shift) & 255).astype(np.uint8) for shift in (0, 8, 16)]
    calm = cv2.resize(stays.unrest, votes.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return packed([*planes, stays.stuck, votes, *bytes_of_stood, np.rint(calm).astype(np.uint8)], len(kept.views))


def from_bytes(data: bytes) -> Kept:
    """What `as_bytes` was given.

    Raises:
        ValueError: it is damaged, or something else.
    """
    count, height, width, body = unpacked(data)
    planes = planes_of(body, height, width, [*VIEW_PLANES * count, *STAY_PLANES])
    views = [_view(planes[i : i + len(VIEW_PLANES)]) for i in range(0, count * len(VIEW_PLANES), len(VIEW_PLANES))]
    stuck, votes, *bytes_of_stood, calm = planes[count * len(VIEW_PLANES) :]
    stays = Stays.beginning(views[0].logs)
    stays.stuck = stuck
    stays.stood_s = sum((part.astype(np.float32) * 256**i for i, part in enumerate(bytes_of_stood)), stays.stood_s)
    size = (stays.unrest.shape[1], stays.unrest.shape[0])
    stays.unrest = np.asarray(cv2.resize(calm.astype(np.float32), size, interpolation=cv2.INTER_NEAREST), np.float32)
    stays.looks = UNREST_LOOKS
    return Kept(views, stays, votes.view(np.int8))


def _view(planes: Sequence[Bytes]) -> Reference:
    levels, spread, known, holds = planes
    return Reference(LEVELS_TO_LOGS[levels], spread.astype(np.int16) * SPREAD_KEPT, known, holds)


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
