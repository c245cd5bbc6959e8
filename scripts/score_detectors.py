#!/usr/bin/env python3
"""Print the figures of models/street-nano.md: AP50 per class on held-back pictures, and looks at clips.

CITYEYE_SHARED=/path/to/shared python -m scripts.score_detectors models/street-nano.onnx MORE.onnx
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from agent.adapters.onnx import OnnxDetector
from agent.core.taxonomy import CLASS_IDS, MOTOR_VEHICLES
from agent.core.types import Detections, Floats, Image
from scripts.training import score, sources

ROOT = Path(__file__).parents[1]
SURE = 0.35
"""The score from which a sighting in a clip is counted."""
CARS = ("white", "dark", "grey", "blue")
CLIPS = ("cdnet_fall_1600f.mp4", "aboda_video4.avi", "bgs_highway_320x240.avi")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CITYEYE_SHARED", ROOT.parent / "shared")))
    options = parser.parse_args()
    data = options.data / "data"
    sets = {
        "COCO, held back": sources.coco(data, back=True),
        "COCO, all": [*sources.coco(data, back=True), *sources.coco(data, back=False)],
        "garbage495 test": sources.garbage495(data, "test"),
        "Amsterdam, held back": sources.amsterdam(data, back=True),
    }
    for path in options.models:
        detector = OnnxDetector.load(path, min_score=score.LOWEST_SCORE)
        print(f"{path.name} {detector.info.sha256}")
        for name, photos in sets.items():
            figures = " ".join(f"{label} {ap:.3f}" for label, ap in score.ap50(detector, photos).items())
            print(f"  {name}, {len(photos)} pictures, AP50: {figures}")
        for name in ("garbage495 test", "Amsterdam, held back"):
            print(f"  {name}, score >= {SURE}: {heaps(detector, sets[name])}")
        alarms = sum(bool(garbage_in(detector, photo).size) for photo in sets["COCO, all"])
        print(f"  COCO, all, score >= {SURE}: {alarms} pictures with garbage")
        looks(detector, data / "video")


def heaps(detector: OnnxDetector, photos: Sequence[sources.Photo]) -> str:
    """How many labelled heaps hold the centre of a sighting, and how many sightings lie elsewhere."""
    found = total = astray = 0
    for photo in photos:
        centres = garbage_in(detector, photo)
        heaps = photo.boxes[photo.labels == sources.GARBAGE]
        total += len(heaps)
        found += int(inside(centres, heaps).any(axis=0).sum())
        astray += int((~inside(centres, np.concatenate([heaps, photo.unknown])).any(axis=1)).sum())
    return f"{found} of {total} heaps found, {astray} sightings elsewhere"


def garbage_in(detector: OnnxDetector, photo: sources.Photo) -> Floats:
    """(N, 2) centres of the garbage sightings in 0..1 of the picture."""
    pixels = photo.pixels()
    found = sure(detector.detect([pixels])[0])
    boxes = found.boxes_px[found.class_ids == CLASS_IDS["garbage"]]
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2 / [pixels.shape[1], pixels.shape[0]], np.float32)


def inside(points: Floats, boxes: Floats) -> NDArray[np.bool_]:
    """(points, boxes) whether a point lies in a box."""
    at = points[:, None]
    return np.asarray(((at >= boxes[None, :, :2]) & (at <= boxes[None, :, 2:])).all(axis=2))


def looks(detector: OnnxDetector, folder: Path) -> None:
    """Sightings in the clips: the parked cars, and garbage where there is none (but the bag left in `aboda_video4`)."""
    parked = json.loads((folder / "events.json").read_text())[CLIPS[0]]["parked_vehicles_whole_clip"]
    for clip in CLIPS:
        seen = [sure(found) for image in pictures(folder / clip) for found in detector.detect([image])]
        garbage = sum(int((found.class_ids == CLASS_IDS["garbage"]).any()) for found in seen)
        print(f"  {clip}: {len(seen)} pictures, {garbage} with garbage")
        if clip == CLIPS[0]:
            counts = {name: sum(covered(found, np.array(parked[name])) for found in seen) for name in CARS}
            print("    parked cars:", ", ".join(f"{name} {count}" for name, count in counts.items()))


def sure(found: Detections) -> Detections:
    kept = found.scores >= SURE
    return Detections(
        boxes_px=found.boxes_px[kept],
        scores=found.scores[kept],
        class_ids=found.class_ids[kept],
        looks=found.looks[kept],
    )


def covered(found: Detections, place: Floats) -> bool:
    """Whether a motor vehicle covers the place with an IoU of at least one half."""
    vehicles = found.boxes_px[np.isin(found.class_ids, [CLASS_IDS[name] for name in MOTOR_VEHICLES])]
    low, high = np.maximum(vehicles[:, :2], place[:2]), np.minimum(vehicles[:, 2:], place[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (vehicles[:, 2:] - vehicles[:, :2]).prod(axis=1) + (place[2:] - place[:2]).prod()
    return bool((shared / (areas - shared) >= 0.5).any())


def pictures(path: Path) -> Iterator[Image]:
    """The keyframes of a clip that has one every 2 s, else about a picture a second."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        often = path.suffix == ".mp4"
        stream.codec_context.skip_frame = "NONKEY" if often else "DEFAULT"
        for number, frame in enumerate(container.decode(stream)):
            if often or number % 30 == 0:
                yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


if __name__ == "__main__":
    main()
