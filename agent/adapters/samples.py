"""Pictures of what the centre dismissed, labelled, to train the next model with: a folder in YOLO's layout.

    images/INCIDENT.jpg     the whole picture, faces and plates made unrecognisable as in evidence
    labels/INCIDENT.txt     class, centre x, y, width, height in 0..1; one line for each box
    notes/INCIDENT.json     who dismissed what, as what, and why
    data.yaml               the names of the classes

A `false_report` has no line for its own box: nothing of that class is there. A `tolerated` thing has one when it is
seen in the picture: the report was right. All other lines are what the detector itself was certain of, and are to be
looked through before they teach.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import cv2
import numpy as np
import yaml

from agent.core.geometry import iou, normalised
from agent.core.silence import DISMISSAL, Dismissal
from agent.core.taxonomy import CLASS_IDS, CLASSES
from agent.core.tracking.sighting import group_of
from agent.core.types import Box, Detections, Image

log = logging.getLogger(__name__)

MOST = 2000
"""Samples that are kept, some 300 MB; the oldest go first."""
SURE_SCORE = 0.5
"""Detections from this score on are written down as labels."""
SAME_THING_IOU = 0.5
_QUALITY = 92
_PARTS = (("images", ".jpg"), ("labels", ".txt"), ("notes", ".json"))


class SampleFolder:
    """Implements `ports.Samples`. Owns its folder alone."""

    def __init__(self, folder: Path, *, most: int = MOST) -> None:
        """Touches nothing yet."""
        self._folder = folder
        self._most = most

    def keep(self, dismissal: Dismissal, image: Image, found: Detections) -> bool:
        """See `ports.Samples.keep`."""
        name = str(dismissal.incident_id)
        size_px = (image.shape[1], image.shape[0])
        done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        assert done  # a picture that was decoded before can be encoded
        note = DISMISSAL.dump_python(dismissal, mode="json", exclude={"look", "track_id"})
        contents = {
            "images": jpeg.tobytes(),
            "labels": "".join(f"{line}\n" for line in _lines(dismissal, found, size_px)).encode(),
            "notes": json.dumps(
                {**note, "size_px": size_px, "seen": _is_seen(dismissal, found, size_px)}, ensure_ascii=False, indent=1
            ).encode(),
        }
        try:
            self._make_room()
            for part, suffix in reversed(_PARTS):  # the picture last: a sample that is seen is whole
                (self._folder / part).mkdir(parents=True, exist_ok=True)
                _write(self._folder / part / f"{name}{suffix}", contents[part])
            _write(self._folder / "data.yaml", yaml.safe_dump({"names": list(CLASSES)}).encode())
        except OSError as error:
            log.warning("%s: a dismissal's sample is not kept: %s", self._folder, error.strerror or error)
            return False
        return True

    def _make_room(self) -> None:
        images = self._folder / "images"
        if not images.is_dir():
            return
        # Incidents' ids begin with their time.
        for old in sorted(images.glob("*.jpg"))[: -self._most + 1 or None]:
            for part, suffix in _PARTS:
                (self._folder / part / f"{old.stem}{suffix}").unlink(missing_ok=True)


def _lines(dismissal: Dismissal, found: Detections, size_px: tuple[int, int]) -> list[str]:
    """The labels: other things that the detector was sure of, and the thing itself where it was rightly reported."""
    boxes_n = normalised(found.boxes_px, size_px)
    lines = []
    for box, score, class_id in zip(boxes_n.tolist(), found.scores.tolist(), found.class_ids.tolist(), strict=True):
        if score >= SURE_SCORE and iou(tuple(box), dismissal.box_n) < SAME_THING_IOU:
            lines.append(_line(class_id, tuple(box)))
    if dismissal.reason == "tolerated" and dismissal.class_name in CLASS_IDS and _is_seen(dismissal, found, size_px):
        lines.append(_line(CLASS_IDS[dismissal.class_name], dismissal.box_n))
    return lines


def _is_seen(dismissal: Dismissal, found: Detections, size_px: tuple[int, int]) -> bool:
    """Whether the detector sees something of that family there."""
    names = [CLASSES[class_id] for class_id in found.class_ids.tolist()]
    boxes_n = normalised(found.boxes_px, size_px).tolist()
    return any(
        group_of(name) == group_of(dismissal.class_name) and iou(tuple(box), dismissal.box_n) >= SAME_THING_IOU
        for name, box in zip(names, boxes_n, strict=True)
    )


def _line(class_id: int, box_n: Box) -> str:
    x1, y1, x2, y2 = np.clip(box_n, 0.0, 1.0).tolist()
    return f"{class_id} {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f} {x2 - x1:.6f} {y2 - y1:.6f}"


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_bytes(content)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
