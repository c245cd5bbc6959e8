"""The street of the end-to-end tests: the clip `cdnet_fall`, its parked cars, and a no-parking zone at their kerb."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from agent.core.geometry import iou
from agent.core.types import Box
from tests.shared_data import shared

CLIP = "cdnet_fall_1600f.mp4"
SIZE_PX = (720, 480)
KERB = [[0.0625, 0.80], [0.835, 0.80], [0.835, 0.89], [0.0625, 0.89]]
PARKED = ("white", "dark", "grey", "blue")
"""The four main ones; a fifth at the picture's edge is partly hidden and lies outside the zone."""
DWELL_S = 6


def clip() -> Path:
    return shared("video", CLIP)


def camera(camera_id: str = "fall", *, url: str, zones: bool = True, **keys: Any) -> dict[str, Any]:
    """The `cameras:` entry of a camera on this street."""
    zone = {"id": "kerb", "polygon": KERB, "rules": {"illegal_parking": {"dwell": f"{DWELL_S}s", "clear_after": "8s"}}}
    return {"id": camera_id, "url": url, "read_timeout": "4s", "zones": [zone] if zones else [], **keys}


def file_camera(camera_id: str = "file") -> dict[str, Any]:
    """A camera that works whatever else is broken: the clip itself, played in real time."""
    return camera(camera_id, url=f"file:{clip()}")


def write_street(folder: Path, *, cameras: list[dict[str, Any]], mqtt: dict[str, Any], **sections: Any) -> Path:
    """A configuration for cameras on this street; returns its path. `sections` replace whole sections."""
    settings = {
        "box": {"id": "box-7", "tenant": "gongshu", "location": {"lon": 120.1, "lat": 30.3}},
        "mqtt": {"host": "127.0.0.1", **mqtt},
        "model": {"file": str(shared("models", "yolox_nano.onnx"))},
        "storage": {"folder": str(folder / "data")},
        "cameras": cameras,
        **sections,
    }
    path = folder / "street.yaml"
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return path


def write_config(folder: Path, *, url: str, mqtt: dict[str, Any], zones: bool = True, **keys: Any) -> Path:
    """As `write_street`, with the one camera `fall`."""
    return write_street(folder, cameras=[camera(url=url, zones=zones, name="东门", **keys)], mqtt=mqtt)


def truth() -> dict[str, Box]:
    """Name to box (0..1) of the four parked cars."""
    facts = json.loads(shared("video", "events.json").read_text())[CLIP]["parked_vehicles_whole_clip"]
    width, height = SIZE_PX
    return {
        name: (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
        for name, box in facts.items()
        if name in PARKED
    }


def car_in(box_n: Box) -> str | None:
    """Which of the parked cars a box shows, or None. A passer-by may hide a third of it in the picture that decides."""
    name, overlap = max(((name, iou(box, box_n)) for name, box in truth().items()), key=lambda pair: pair[1])
    return name if overlap >= 0.4 else None
