"""Which pictures there are, what is known of them, and which are held back."""

from __future__ import annotations

import csv
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

NAMES = ("person", "bicycle", "motorcycle", "car", "bus", "truck", "garbage")
"""The labels of the model, in its order."""
GARBAGE = NAMES.index("garbage")
COCO_ROWS = (0, 1, 3, 2, 5, 7)
"""COCO's label ids of the first six names."""
HELD_BACK_PERCENT = 20
"""Of the sources that come without a split."""

Boxes = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One labelled picture.

    Attributes:
        path: the picture. labels: (N,) indices into `NAMES`, and boxes: (N, 4) x1 y1 x2 y2 in 0..1 of the picture.
        unknown: (M, 4) in 0..1: places of which nobody says whether garbage lies there.
    """

    path: Path
    labels: NDArray[np.int64]
    boxes: Boxes
    unknown: Boxes

    def pixels(self) -> NDArray[np.uint8]:
        image = cv2.imread(str(self.path))
        if image is None:
            raise FileNotFoundError(self.path)
        return np.asarray(image, np.uint8)


def held_back(path: Path) -> bool:
    """Whether a picture of a source without a split is kept out of training: a fixed hash of its name."""
    return zlib.crc32(path.name.encode()) % 100 < HELD_BACK_PERCENT


def garbage495(data: Path, split: str) -> list[Photo]:
    """Pictures of heaps and bags with garbage boxes; `split` is train, valid or test."""
    folder = data / "garbage" / "garbage495_ccby" / split
    return [
        _from_yolo(path, folder / "labels" / f"{path.stem}.txt", {0: GARBAGE}) for path in _pictures(folder / "images")
    ]


def coco(data: Path, *, back: bool) -> list[Photo]:
    """Pictures of COCO val2017, boxes of the six street classes; `back` picks the held-back ones."""
    folder = data / "coco" / "val2017"
    classes = {row: label for label, row in enumerate(COCO_ROWS)}
    paths = [path for path in _pictures(folder / "images") if held_back(path) == back]
    return [_from_yolo(path, folder / "labels" / f"{path.stem}.txt", classes) for path in paths]


def amsterdam(data: Path, *, back: bool) -> list[Photo]:
    """Street photos around containers; garbage boxes drawn by this project (`amsterdam.csv`)."""
    found: dict[str, dict[str, list[tuple[float, ...]]]] = defaultdict(lambda: defaultdict(list))
    with (Path(__file__).parent / "amsterdam.csv").open(encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            box = tuple(float(row[side]) for side in ("x1", "y1", "x2", "y2"))
            found[row["picture"]][row["kind"]].append(box)
    photos = []
    for path in _pictures(data / "garbage" / "amsterdam_unlabelled"):
        if held_back(path) == back:
            kinds = found[path.name]
            photo = _photo(path, [(GARBAGE, *box) for box in kinds["garbage"]])
            photos.append(replace(photo, unknown=np.array(kinds["unknown"], np.float32).reshape(-1, 4)))
    return photos


def _pictures(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.jpg"))
    if not paths:
        raise FileNotFoundError(f"{folder}: no pictures; name the folder that holds data/ in CITYEYE_SHARED or --data")
    return paths


def _from_yolo(path: Path, labels: Path, classes: dict[int, int]) -> Photo:
    rows = []
    for line in labels.read_text().splitlines() if labels.exists() else []:
        label, cx, cy, w, h = (float(word) for word in line.split())
        if int(label) in classes:
            rows.append((classes[int(label)], cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2))
    return _photo(path, rows)


def _photo(path: Path, rows: Iterable[tuple[float, ...]]) -> Photo:
    table = np.array(list(rows), np.float32).reshape(-1, 5)
    none = np.zeros((0, 4), np.float32)
    return Photo(path=path, labels=table[:, 0].astype(np.int64), boxes=np.clip(table[:, 1:], 0, 1), unknown=none)
