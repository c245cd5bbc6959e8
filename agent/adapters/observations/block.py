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
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.core.taxonomy import CLASS_IDS, CLASSES
from agent.core.types import (
    ChangeKind,
    Changes,
    Detections,
    Floats,
    Gap,
    GapReason,
    Observation,
    PictureFault,
    Stamp,
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

_ASKED, _COMPLETE, _REPEATS, _STOOD, _SAME_READINGS = 1, 2, 4, 8, 16
_REASONS, _FAULTS, _KINDS = tuple(GapReason), tuple(PictureFault), tuple(ChangeKind)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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
        at = (step.stamp.mono_s, (step.stamp.utc - _EPOCH) // _MICROSECOND)
        if isinstance(step, Gap):
            self._rows.append((*at, 0, 1 + _REASONS.index(step.reason), 0, 0, 0, 0, 0))
            self._counts.append(0)
            return
        flags = _ASKED * step.asked + _COMPLETE * step.changes.complete
        flags += self._add_found(step.detections)
        if step.stood_s.any():
            flags += _STOOD
            self._stood.append(step.stood_s)
        if step.readings == self._last_readings:
            flags += _SAME_READINGS
        else:
            self._last_readings = step.readings
            told = [[r.zone, r.full, r.stamp.mono_s, (r.stamp.utc - _EPOCH) // _MICROSECOND] for r in step.readings]
            self._readings.append(told)
        if len(step.changes):
            self._changes.append(step.changes)
        fault = 0 if step.fault is None else 1 + _FAULTS.index(step.fault)
        self._rows.append((*at, step.seq, 0, flags, fault, *step.size_px, len(step.changes)))

    def _add_found(self, found: Detections) -> int:
        if self._last is not None and _same(self._last, found):
            self._counts.append(0)
            return _REPEATS
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
            "change_kinds": np.array([_KINDS.index(k) for c in self._changes for k in c.kinds], "u1"),
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
    return Frame(size, checksum, _EPOCH + first * _MICROSECOND, _EPOCH + last * _MICROSECOND)


def steps_of(body: bytes, camera: str) -> Iterator[Observation | Gap]:
    """The steps of a block. Raises ValueError for what is no block."""
    try:
        yield from _steps_of(zlib.decompress(body), camera)
    except (zlib.error, KeyError, IndexError, TypeError, struct.error) as error:
        raise ValueError(f"expected a block of observations, found {error!r}") from error


def _steps_of(raw: bytes, camera: str) -> Iterator[Observation | Gap]:
    (size,) = struct.unpack_from("<I", raw)
    head = json.loads(raw[4 : 4 + size])
    columns = _columns(raw, 4 + size, head["columns"])
    found, changes, readings = _Found(columns, head), _Changes(columns), iter(head["readings"])
    read: tuple[ZoneReading, ...] = ()
    stood, stood_at = columns["stood"], 0
    times = (columns["t"].tolist(), np.cumsum(columns["utc"]).tolist(), np.cumsum(columns["seq"]).tolist())
    rows = (columns[name].tolist() for name in ("what", "flags", "faults", "width", "height", "counts", "changed"))
    for t, utc, seq, what, flags, fault, width, height, count, changed in zip(*times, *rows, strict=True):
        stamp = Stamp(utc=_EPOCH + timedelta(microseconds=utc), mono_s=t)
        if what:
            yield Gap(camera=camera, stamp=stamp, reason=_REASONS[what - 1])
            continue
        seen = found.last if flags & _REPEATS else found.next(count)
        stood_s = _NO_TIMES
        if flags & _STOOD:
            stood_s = stood[stood_at : stood_at + len(seen)]
            stood_at += len(seen)
        if not flags & _SAME_READINGS:
            read = tuple(_reading(*told) for told in next(readings))
        yield Observation(
            camera=camera,
            seq=seq,
            stamp=stamp,
            size_px=(width, height),
            detections=seen,
            changes=changes.next(changed, complete=bool(flags & _COMPLETE)),
            fault=_FAULTS[fault - 1] if fault else None,
            readings=read,
            stood_s=stood_s,
            asked=bool(flags & _ASKED),
        )


_NO_TIMES = np.zeros(0, np.float32)
_NOTHING = Detections.none()
_UNCHANGED = {complete: Changes.none(complete=complete) for complete in (True, False)}


class _Found:
    """The detections of a block, look by look."""

    def __init__(self, columns: dict[str, Array], head: dict[str, Any]) -> None:
        self._boxes = columns["boxes"].reshape(-1, 4)
        self._scores = columns["scores"]
        numbers = np.array([CLASS_IDS[name] for name in head["classes"]], np.int64)
        self._classes = numbers[columns["classes"]]
        looks = columns["looks"].reshape(len(self._scores), head["look_size"]).astype(np.float32)
        lengths = np.linalg.norm(looks, axis=1, keepdims=True)
        self._looks = np.divide(looks, lengths, out=looks, where=lengths > 0)
        self._at = 0
        self.last = _NOTHING

    def next(self, count: int) -> Detections:
        until = self._at + count
        rows = slice(self._at, until)
        self._at = until
        self.last = _NOTHING
        if count:
            self.last = Detections(
                boxes_px=self._boxes[rows],
                scores=self._scores[rows],
                class_ids=self._classes[rows],
                looks=self._looks[rows],
            )
        return self.last


class _Changes:
    """The changes of a block, look by look."""

    def __init__(self, columns: dict[str, Array]) -> None:
        self._boxes = columns["change_boxes"].reshape(-1, 4)
        self._scores, self._still, self._kinds = (columns[f"change_{name}"] for name in ("scores", "still", "kinds"))
        self._at = 0

    def next(self, count: int, *, complete: bool) -> Changes:
        if not count:
            return _UNCHANGED[complete]
        rows = slice(self._at, self._at + count)
        self._at += count
        kinds = tuple(_KINDS[number] for number in self._kinds[rows].tolist())
        boxes, scores, still = self._boxes[rows], self._scores[rows], self._still[rows]
        return Changes(boxes_n=boxes, scores=scores, still_s=still, kinds=kinds, complete=complete)


def _reading(zone: str, full: float, mono_s: float, utc: int) -> ZoneReading:
    stamp = Stamp(utc=_EPOCH + timedelta(microseconds=utc), mono_s=mono_s)
    return ZoneReading(zone=zone, full=full, stamp=stamp)


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


def _columns(raw: bytes, offset: int, told: Sequence[tuple[str, str, int]]) -> dict[str, Array]:
    columns = {}
    for name, kind, size in told:
        dtype = np.dtype(kind)
        shuffled = np.frombuffer(raw, "u1", size * dtype.itemsize, offset).reshape(dtype.itemsize, size)
        columns[name] = np.ascontiguousarray(shuffled.T).view(dtype).reshape(size)
        offset += size * dtype.itemsize
    return columns
