"""Observations and gaps as JSON lines, so that decisions can be made again without the pictures.

The first line says what it is, and at which moment the clip begins:

    {"cityeye_recording": 1, "camera": "gate", "start": "2026-11-02T08:00:00+00:00"}

Each further line is one look or one gap:

    {"t": 12.0, "utc": "2026-11-02T08:00:12+00:00", "seq": 6, "size": [1280, 720],
     "seen": [["car", 0.81, 240.5, 310.0, 402.25, 388.0]], "looks": [197, "…base64…"],
     "changes": [["left", 0.9, 14.0, 0.1, 0.2, 0.3, 0.4]], "changes_complete": false,
     "fault": "dark", "asked": false, "readings": [["bin", 0.93, 11.0, "…utc…"]], "stood": [3.0]}
    {"t": 14.0, "utc": "…", "gap": "offline"}

Exact: what is read is what was written, to the bit. Numbers of arrays are the shortest decimals that give the same
float32 again; looks are base64 of little-endian float32, N rows of D. Classes stand by name: numbers may change.
Empty parts are left out. Unknown keys are refused: they would be decisions made without what was seen.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

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

VERSION = 1
_KEYS = frozenset(
    {"t", "utc", "gap", "seq", "size", "seen", "looks", "changes", "changes_complete", "fault", "asked", "readings"}
    | {"stood"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the first line of a recording says. `start`: aware; truth counts its seconds from there."""

    camera: str
    start: datetime

    def line(self) -> str:
        """The first line, without its end."""
        return _text({"cityeye_recording": VERSION, "camera": self.camera, "start": self.start.isoformat()})

    @staticmethod
    def of(line: str) -> Header:
        """Raises ValueError."""
        told = _mapping(line)
        try:
            start = datetime.fromisoformat(told["start"])
            if (
                told["cityeye_recording"] == VERSION
                and isinstance(told["camera"], str)
                and start.utcoffset() is not None
            ):
                return Header(camera=told["camera"], start=start)
        except (KeyError, TypeError, ValueError):
            pass
        shape = f'{{"cityeye_recording": {VERSION}, "camera": …, "start": …}}'
        raise ValueError(f"expected {shape}, found {line.strip()[:80]!r}")


def line_of(seen: Observation | Gap) -> str:
    """One step as a line, without its end. Raises ValueError for a number that is not finite."""
    line: dict[str, Any] = {"t": seen.stamp.mono_s, "utc": seen.stamp.utc.isoformat()}
    if isinstance(seen, Gap):
        return _text({**line, "gap": seen.reason.value})
    found, changes = seen.detections, seen.changes
    line |= {"seq": seen.seq, "size": list(seen.size_px)}
    if len(found) or found.looks.shape[1]:
        line["seen"] = [
            [CLASSES[number], *_numbers(score), *_numbers(*box)]
            for number, score, box in zip(found.class_ids.tolist(), found.scores, found.boxes_px, strict=True)
        ]
        packed = np.ascontiguousarray(found.looks, "<f4").tobytes()
        line["looks"] = [found.looks.shape[1], base64.b64encode(packed).decode()]
    if not changes.complete:
        line["changes_complete"] = False
    if len(changes):
        line["changes"] = [
            [kind.value, *_numbers(score, still), *_numbers(*box)]
            for kind, score, still, box in zip(
                changes.kinds, changes.scores, changes.still_s, changes.boxes_n, strict=True
            )
        ]
    if seen.fault is not None:
        line["fault"] = seen.fault.value
    if not seen.asked:
        line["asked"] = False
    if seen.readings:
        line["readings"] = [[r.zone, r.full, r.stamp.mono_s, r.stamp.utc.isoformat()] for r in seen.readings]
    if seen.stood_s.any():
        line["stood"] = _numbers(*seen.stood_s)
    return _text(line)


def step_of(line: str, camera: str) -> Observation | Gap:
    """The step that a line tells of. Raises ValueError, saying what was expected."""
    told = _mapping(line)
    if unknown := sorted(told.keys() - _KEYS):
        raise ValueError(f"expected the keys {', '.join(sorted(_KEYS))}, found {', '.join(unknown)}")
    try:
        stamp = _stamp(told["t"], told["utc"])
        if "gap" in told:
            return Gap(camera=camera, stamp=stamp, reason=GapReason(told["gap"]))
        width, height = told["size"]
        return Observation(
            camera=camera,
            seq=int(told["seq"]),
            stamp=stamp,
            size_px=(int(width), int(height)),
            detections=_detections(told),
            changes=_changes(told.get("changes", []), complete=told.get("changes_complete", True)),
            fault=PictureFault(told["fault"]) if "fault" in told else None,
            readings=tuple(
                ZoneReading(zone=str(zone), full=float(full), stamp=_stamp(at_s, utc))
                for zone, full, at_s, utc in told.get("readings", [])
            ),
            stood_s=_floats(told.get("stood", [])).reshape(-1),
            asked=_truth("asked", told.get("asked", True)),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, binascii.Error) as error:
        raise ValueError(f"expected one look or one gap as {__name__} describes it, found {error!r}") from error


def _steps(lines: Iterable[tuple[int, str]], camera: str) -> Iterator[Observation | Gap]:
    for number, line in lines:
        if line.strip():
            try:
                step = step_of(line, camera)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
            yield step


def read_lines(lines: Iterable[str]) -> tuple[Header, Iterator[Observation | Gap]]:
    """A whole recording: its header, and its steps, read as they are asked for. Empty lines are passed over.

    Raises: ValueError naming the line, as `line 12: expected …`; for a step when it is asked for.
    """
    numbered = enumerate(lines, 1)
    number, first = next(((n, line) for n, line in numbered if line.strip()), (1, ""))
    try:
        head = Header.of(first)
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
    return head, _steps(numbered, head.camera)


def _detections(told: Mapping[str, Any]) -> Detections:
    rows = told.get("seen", [])
    width, packed = told.get("looks", (0, ""))
    looks = np.frombuffer(base64.b64decode(packed, validate=True), "<f4").astype(np.float32)
    return Detections(
        boxes_px=_floats([row[2:] for row in rows]).reshape(len(rows), 4),
        scores=_floats([row[1] for row in rows]),
        class_ids=np.array([CLASS_IDS[row[0]] for row in rows], np.int64),
        looks=looks.reshape(len(rows), int(width)),
    )


def _changes(rows: list[list[Any]], *, complete: object) -> Changes:
    return Changes(
        boxes_n=_floats([row[3:] for row in rows]).reshape(len(rows), 4),
        scores=_floats([row[1] for row in rows]),
        still_s=_floats([row[2] for row in rows]),
        kinds=tuple(ChangeKind(row[0]) for row in rows),
        complete=_truth("changes_complete", complete),
    )


def _truth(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{key}: expected true or false, found {value!r}")
    return value


def _floats(values: list[Any]) -> Floats:
    array = np.array(values, np.float32)
    if not np.isfinite(array).all():
        raise ValueError("a number that is not finite")
    return array


def _numbers(*values: np.float32) -> list[float]:
    """The shortest decimals that are these float32 again."""
    return [float(str(value)) for value in values]


def _stamp(at_s: Any, utc: Any) -> Stamp:
    return Stamp(utc=datetime.fromisoformat(utc), mono_s=float(at_s))


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _mapping(line: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"expected a JSON object, found {line.strip()[:80]!r}") from error
    if not isinstance(told, dict):
        raise ValueError(f"expected a JSON object, found {line.strip()[:80]!r}")
    return told
