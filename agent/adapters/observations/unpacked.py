"""A block of kept observations, unpacked: its moments at once, and what was seen at each when somebody asks.

Whoever is in a hurry asks for one look in five; making all of them would take a third of the time.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from agent.adapters.observations.block import (
    ASKED,
    COMPLETE,
    EPOCH,
    FAULTS,
    KINDS,
    REASONS,
    REPEATS,
    SAME_READINGS,
    STOOD,
    Array,
)
from agent.core.taxonomy import CLASS_IDS
from agent.core.types import Changes, Detections, Floats, Gap, Observation, Stamp, ZoneReading

_NO_TIMES = np.zeros(0, np.float32)
_NOTHING = Detections.none()
_UNCHANGED = {complete: Changes.none(complete=complete) for complete in (True, False)}


@dataclass(frozen=True, slots=True, eq=False)
class SealedStep:
    """A step of which only the moment is read so far. `plain`: it is a look at which nothing was wrong."""

    stamp: Stamp
    plain: bool
    _block: Unpacked
    _row: int

    def open(self) -> Observation | Gap:
        """All of it."""
        return self._block.step(self._row, self.stamp)

    def at(self, stamp: Stamp) -> SealedStep:
        """The same on another clock."""
        return replace(self, stamp=stamp)


def steps_of(body: bytes, camera: str) -> Iterator[Observation | Gap]:
    """The steps of a block. Raises ValueError for what is no block."""
    for sealed in sealed_steps_of(body, camera):
        yield sealed.open()


def sealed_steps_of(body: bytes, camera: str) -> list[SealedStep]:
    """The steps of a block, not read yet. Raises ValueError for what is no block; then none of them will."""
    try:
        return Unpacked(zlib.decompress(body), camera).steps()
    except (zlib.error, KeyError, IndexError, TypeError, ValueError, struct.error) as error:
        raise ValueError(f"expected a block of observations, found {error!r}") from error


class Unpacked:
    """The columns of a block, and where in them each step's part begins."""

    def __init__(self, raw: bytes, camera: str) -> None:
        """Raises ValueError, and what else comes of it, where they do not fit each other."""
        (size,) = struct.unpack_from("<I", raw)
        head = json.loads(raw[4 : 4 + size])
        self._camera = camera
        self._columns = columns = _columns(raw, 4 + size, head["columns"])
        self._what, self._faults, self._flags, self._changed, width, height = (
            columns[name].tolist() for name in ("what", "faults", "flags", "changed", "width", "height")
        )
        self._sizes = list(zip(width, height, strict=True))
        self._seq = np.cumsum(columns["seq"]).tolist()
        self._boxes, self._scores = columns["boxes"].reshape(-1, 4), columns["scores"]
        self._classes = np.array([CLASS_IDS[name] for name in head["classes"]], np.int64)[columns["classes"]]
        self._looks = columns["looks"].reshape(len(self._scores), head["look_size"])
        self._change_boxes = columns["change_boxes"].reshape(-1, 4)
        self._kinds = [KINDS[number] for number in columns["change_kinds"].tolist()]
        self._readings = [tuple(_reading(*told) for told in look) for look in head["readings"]]
        self._found_at, self._counts, self._stood_at, self._changed_at, self._reading_at = self._places()
        self._last: tuple[int, Detections] = (-1, _NOTHING)
        self._check()

    def steps(self) -> list[SealedStep]:
        """All of them, in order."""
        times = zip(self._columns["t"].tolist(), np.cumsum(self._columns["utc"]).tolist(), strict=True)
        plain = [not what and not fault for what, fault in zip(self._what, self._faults, strict=True)]
        return [
            SealedStep(Stamp(utc=EPOCH + timedelta(microseconds=utc), mono_s=t), plain[row], self, row)
            for row, (t, utc) in enumerate(times)
        ]

    def step(self, row: int, stamp: Stamp) -> Observation | Gap:
        """One of them, at this moment."""
        if self._what[row]:
            return Gap(camera=self._camera, stamp=stamp, reason=REASONS[self._what[row] - 1])
        flags, fault = self._flags[row], self._faults[row]
        reading = self._reading_at[row]
        return Observation(
            camera=self._camera,
            seq=self._seq[row],
            stamp=stamp,
            size_px=self._sizes[row],
            detections=self._detections(self._found_at[row], self._counts[row]),
            changes=self._changes(row, complete=bool(flags & COMPLETE)),
            fault=FAULTS[fault - 1] if fault else None,
            readings=self._readings[reading] if reading >= 0 else (),
            stood_s=self._stood(row) if flags & STOOD else _NO_TIMES,
            asked=bool(flags & ASKED),
        )

    def _places(self) -> tuple[list[int], list[int], list[int], list[int], list[int]]:
        """Of each step: where what it found begins, and how much that is; where its other parts are."""
        columns, counts = self._columns, self._columns["counts"].astype(np.int64)
        flags, looked = columns["flags"], columns["what"] == 0
        own = looked & (flags & REPEATS == 0)
        rows = np.arange(len(counts))
        source = np.maximum.accumulate(np.where(own, rows, -1)) if len(rows) else rows
        found = np.where(source >= 0, counts[source], 0)
        stood = np.where(looked & (flags & STOOD != 0), found, 0)
        changed = columns["changed"].astype(np.int64)
        readings = np.cumsum(looked & (flags & SAME_READINGS == 0)) - 1
        found_at = np.where(source >= 0, (np.cumsum(counts) - counts)[source], 0)
        parts = (found_at, found, np.cumsum(stood) - stood, np.cumsum(changed) - changed, readings)
        if (int(counts.sum()), int(stood.sum()), int(changed.sum())) != (
            len(self._scores),
            len(columns["stood"]),
            len(self._kinds),
        ) or int(readings[-1:].sum()) + 1 > len(self._readings):
            raise ValueError("columns of other lengths than its steps tell")
        first, second, third, fourth, fifth = (part.tolist() for part in parts)
        return first, second, third, fourth, fifth

    def _check(self) -> None:
        """No step may fail when it is opened at last. Raises ValueError."""
        lengths = {len(column) for column in (self._boxes, self._scores, self._classes, self._looks)}
        lengths_of_changes = {len(self._columns[f"change_{name}"]) for name in ("scores", "still", "kinds")}
        known = max(self._faults, default=0) <= len(FAULTS) and max(self._what, default=0) <= len(REASONS)
        if len(lengths) != 1 or lengths_of_changes != {len(self._change_boxes)} or not known:
            raise ValueError("columns that do not fit each other")

    def _detections(self, begin: int, count: int) -> Detections:
        """Those of a look; the very same object where looks repeat each other."""
        if not count:
            return _NOTHING
        if self._last[0] != begin:
            rows = slice(begin, begin + count)
            found = Detections(
                boxes_px=self._boxes[rows],
                scores=self._scores[rows],
                class_ids=self._classes[rows],
                looks=_unit(self._looks[rows]),
            )
            self._last = begin, found
        return self._last[1]

    def _stood(self, row: int) -> Floats:
        begin = self._stood_at[row]
        stood: Floats = self._columns["stood"][begin : begin + self._counts[row]]
        return stood

    def _changes(self, row: int, *, complete: bool) -> Changes:
        begin, count = self._changed_at[row], self._changed[row]
        if not count:
            return _UNCHANGED[complete]
        rows = slice(begin, begin + count)
        return Changes(
            boxes_n=self._change_boxes[rows],
            scores=self._columns["change_scores"][rows],
            still_s=self._columns["change_still"][rows],
            kinds=tuple(self._kinds[rows]),
            complete=complete,
        )


def _unit(rounded: Array) -> Floats:
    """(N, D) float32 descriptors of unit length. What is not nothing is at least 1 long: rounded are whole numbers."""
    looks = rounded.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", looks, looks))
    looks /= np.maximum(lengths, np.float32(1.0))[:, None]
    return looks


def _reading(zone: str, full: float, mono_s: float, utc: int) -> ZoneReading:
    stamp = Stamp(utc=EPOCH + timedelta(microseconds=utc), mono_s=mono_s)
    return ZoneReading(zone=zone, full=full, stamp=stamp)


def _columns(raw: bytes, offset: int, told: Sequence[tuple[str, str, int]]) -> dict[str, Array]:
    columns = {}
    for name, kind, size in told:
        dtype: np.dtype[Any] = np.dtype(kind)
        shuffled = np.frombuffer(raw, "u1", size * dtype.itemsize, offset).reshape(dtype.itemsize, size)
        columns[name] = np.ascontiguousarray(shuffled.T).view(dtype).reshape(size)
        offset += size * dtype.itemsize
    return columns
