"""Some dozens of steps of one camera as one compressed block: the form in which observations are kept for days.

Columns, not rows: numbers of one sort lie together, their bytes sorted by weight, so that they compress. All is exact
to the bit, as in `core/recording.py`, but for two things. Appearance descriptors, by far the most of it, are rounded to
steps of 1/64, a byte each: likenesses (cosines) in real videos change by 0.027 at most, and decisions lie at 0.5 and
0.6. And `suspected` is left out, since no decision listens to it. What a look repeats of the look before it in the
block, as one does at which the detector rested, takes a bit.

    frame = "CEOB" version:u8 body length:u32 crc32(body):u32 first:i64 last:i64 (UTC, microseconds)
    body  = zlib(length of head:u32, head as JSON, the columns in the order that the head tells)
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.core.taxonomy import CLASSES
from agent.core.types import (
    ChangeKind,
    Changes,
    Detections,
    Floats,
    Gap,
    GapReason,
    Observation,
    PictureFault,
    ZoneReading,
)

MAGIC = b"CEOB"
VERSION = 1
FRAME = struct.Struct("<4sBIIqq")
LEVEL = 1
"""zlib's fastest: level 6 saves 8 % and takes three times as long."""
LOOK_STEPS = 64
"""Steps of a descriptor's rounding within 1."""
_MOST_BODY = 1 << 26
"""Longer than any block of ours: what says so is torn."""

ASKED, COMPLETE, REPEATS, STOOD, SAME_READINGS = 1, 2, 4, 8, 16
REASONS, FAULTS, KINDS = tuple(GapReason), tuple(PictureFault), tuple(ChangeKind)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Array = NDArray[Any]


class Frame(NamedTuple):
    """What stands before a block's body. `first`, `last`: moments of its steps."""

    size: int
    checksum: int
    first: datetime
    last: datetime


class Block:
    """Steps of one camera that are not written yet. `add`, then `packed`."""

    def __init__(self) -> None:
        self.count = 0
        self.begun: datetime | None = None
        self.look_size: int | None = None
        self._rows: list[tuple[float, int, int, int, int, int, int, int, int]] = []
        """t, utc, seq, what it is (0 a look, else 1 + reason), flags, 1 + fault, width, height, number of changes."""
        self._counts: list[int] = []
        self._found: list[Detections] = []
        self._looks: list[Array] = []
        self._stood: list[Floats] = []
        self._changes: list[Changes] = []
        self._readings: list[list[list[Any]]] = []
        self._last: Detections | None = None
        self._last_readings: tuple[ZoneReading, ...] = ()

    def takes(self, step: Observation | Gap) -> bool:
        """Whether it has room for this step: all descriptors of a block are of one length."""
        if isinstance(step, Gap) or not len(step.detections):
            return True
        return self.look_size in (None, step.detections.looks.shape[1])

    def add(self, step: Observation | Gap) -> None:
        """Take a step; of an observation, `takes` must be true of it."""
        self.count += 1
        self.begun = self.begun or step.stamp.utc
        at = (step.stamp.mono_s, (step.stamp.utc - EPOCH) // _MICROSECOND)
        if isinstance(step, Gap):
            self._rows.append((*at, 0, 1 + REASONS.index(step.reason), 0, 0, 0, 0, 0))
            self._counts.append(0)
            return
        flags = ASKED * step.asked + COMPLETE * step.changes.complete
        flags += self._add_found(step.detections)
        if step.stood_s.any():
            flags += STOOD
            self._stood.append(step.stood_s)
        if step.readings == self._last_readings:
            flags += SAME_READINGS
        else:
            self._last_readings = step.readings
            told = [[r.zone, r.full, r.stamp.mono_s, (r.stamp.utc - EPOCH) // _MICROSECOND] for r in step.readings]
            self._readings.append(told)
        if len(step.changes):
            self._changes.append(step.changes)
        fault = 0 if step.fault is None else 1 + FAULTS.index(step.fault)
        self._rows.append((*at, step.seq, 0, flags, fault, *step.size_px, len(step.changes)))

    def _add_found(self, found: Detections) -> int:
        if self._last is not None and _same(self._last, found):
            self._counts.append(0)
            return REPEATS
        self._last = found
        self._counts.append(len(found))
        if len(found):
            self.look_size = found.looks.shape[1]
            self._found.append(found)
            self._looks.append(np.rint(found.looks.clip(-1, 1) * LOOK_STEPS).astype(np.int8))
        return 0

    def packed(self) -> bytes:
        """All steps as a frame and its body."""
        t, utc, seq, what, flags, faults, width, height, changes = (np.array(c) for c in zip(*self._rows, strict=True))
        columns = {
            "t": t.astype("<f8"),
            "utc": _steps(utc),
            "seq": _steps(seq),
            "what": what.astype("u1"),
            "flags": flags.astype("u1"),
            "faults": faults.astype("u1"),
            "width": width.astype("<u4"),
            "height": height.astype("<u4"),
            "counts": np.array(self._counts, "<u4"),
            "boxes": _joined([d.boxes_px for d in self._found], "<f4"),
            "scores": _joined([d.scores for d in self._found], "<f4"),
            "classes": _joined([d.class_ids for d in self._found], "u1"),
            "looks": _joined(self._looks, "i1"),
            "stood": _joined(self._stood, "<f4"),
            "changed": changes.astype("<u4"),
            "change_boxes": _joined([c.boxes_n for c in self._changes], "<f4"),
            "change_scores": _joined([c.scores for c in self._changes], "<f4"),
            "change_still": _joined([c.still_s for c in self._changes], "<f4"),
            "change_kinds": np.array([KINDS.index(k) for c in self._changes for k in c.kinds], "u1"),
        }
        head = {
            "columns": [[name, column.dtype.str, column.size] for name, column in columns.items()],
            "look_size": self.look_size or 0,
            "classes": CLASSES,
            "readings": self._readings,
        }
        text = json.dumps(head, separators=(",", ":")).encode()
        raw = b"".join([struct.pack("<I", len(text)), text, *(_sorted_bytes(column) for column in columns.values())])
        body = zlib.compress(raw, LEVEL)
        return FRAME.pack(MAGIC, VERSION, len(body), zlib.crc32(body), int(utc[0]), int(utc[-1])) + body


def frame_of(data: bytes) -> Frame | None:
    """What a frame says; None when it is torn, or none of ours."""
    if len(data) < FRAME.size:
        return None
    magic, version, size, checksum, first, last = FRAME.unpack(data)
    if (magic, version) != (MAGIC, VERSION) or size > _MOST_BODY:
        return None
    return Frame(size, checksum, EPOCH + first * _MICROSECOND, EPOCH + last * _MICROSECOND)


def _same(a: Detections, b: Detections) -> bool:
    """Whether two looks saw the same, to the bit."""
    if a is b:
        return True
    if len(a) != len(b) or a.looks.shape != b.looks.shape:
        return False
    pairs = ((a.boxes_px, b.boxes_px), (a.scores, b.scores), (a.class_ids, b.class_ids), (a.looks, b.looks))
    return all(np.array_equal(one, other) for one, other in pairs)


def _steps(numbers: Array) -> Array:
    """The first number, then differences: small ones compress."""
    return np.diff(numbers, prepend=np.int64(0)).astype("<i8")


def _joined(parts: Sequence[Array], kind: str) -> Array:
    return np.concatenate(parts).astype(kind) if parts else np.zeros(0, kind)


def _sorted_bytes(column: Array) -> bytes:
    """The first byte of every number, then the second of every number, and so on."""
    flat = np.ascontiguousarray(column).reshape(-1)
    return np.ascontiguousarray(flat.view("u1").reshape(flat.size, flat.itemsize).T).tobytes()
