"""A folder of labelled pictures in YOLO's layout: `images/`, `labels/` beside it, names in a `data.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from agent.core.errors import ModelError
from agent.core.types import Floats, Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_REPLACE = "take the picture anew, or leave it out"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledPicture:
    """A picture, and its labels: boxes (M, 4) x1 y1 x2 y2 in pixels, and for each the number of its label."""

    image: Image
    boxes_px: Floats
    labels: NDArray[np.int64]


def picture_files(folder: Path) -> list[Path]:
    """The pictures of a folder, or of its `images`, by name. Raises ModelError when there are none."""
    inner = folder / "images"
    place = inner if inner.is_dir() else folder
    try:
        files = sorted(file for file in place.iterdir() if file.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise ModelError(f"{place}: expected a folder of pictures, found: {error.strerror}") from error
    if not files:
        raise ModelError(f"{place}: expected pictures ({', '.join(sorted(SUFFIXES))}), found none")
    return files


def read_picture(file: Path) -> Image:
    """A (H, W, 3) uint8 BGR picture. Raises ModelError."""
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{file}: expected a picture, found no such file; correct the path") from error
    except OSError as error:
        raise ModelError(f"{file}: expected a picture, found: {error.strerror}; make it readable") from error
    if not content:
        raise ModelError(f"{file}: expected a picture, found an empty file; {_REPLACE}")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        found = f"one that cannot be decoded ({error.err or 'damaged'})"
        raise ModelError(f"{file}: expected a picture, found {found}; {_REPLACE}") from error
    if image is None:
        kinds = ", ".join(sorted(SUFFIXES))
        found = f"another kind of file, or a damaged one; {_REPLACE}"
        raise ModelError(f"{file}: expected a picture ({kinds}), found {found}")
    return image  # type: ignore[return-value]


def label_list(folder: Path) -> tuple[str, ...] | None:
    """The names of the labels, from `data.yaml` in the folder or above it; None when there is none."""
    for place in (folder, folder.parent):
        file = place / "data.yaml"
        if file.is_file():
            try:
                names = yaml.safe_load(file.read_text(encoding="utf-8"))["names"]
                return tuple(str(names[i]) for i in range(len(names)))
            except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
                raise ModelError(f"{file}: expected `names: [car, …]`, found: {error}") from error
    return None


def labelled_pictures(folder: Path, most: int | None = None) -> Iterator[LabelledPicture]:
    """Every picture of the folder with its labels; one without a label file shows nothing. Raises ModelError."""
    files = picture_files(folder)
    if not (folder / "labels").is_dir():
        raise ModelError(f"{folder}: expected `images` and `labels` in it (YOLO layout), found no `labels`")
    for file in files[:most]:
        image = read_picture(file)
        height, width = image.shape[:2]
        rows = _rows(folder / "labels" / f"{file.stem}.txt")
        centres, sizes = rows[:, 1:3] * (width, height), rows[:, 3:5] * (width, height)
        boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1).astype(np.float32)
        yield LabelledPicture(image=image, boxes_px=boxes, labels=rows[:, 0].astype(np.int64))


def _rows(file: Path) -> NDArray[np.float64]:
    """(M, 5): label, cx, cy, w, h in 0..1. A polygon (more numbers) becomes the box around it."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    rows: list[Sequence[float]] = []
    for number, line in enumerate(lines, 1):
        try:
            label, *values = (float(word) for word in line.split())
            if len(values) > 4:
                xs, ys = values[0::2], values[1::2]
                values = [(min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys)]
            cx, cy, w, h = values
        except ValueError as error:
            if not line.strip():
                continue
            raise ModelError(f"{file}:{number}: expected `label cx cy w h`, found {line[:60]!r}") from error
        rows.append((label, cx, cy, w, h))
    return np.array(rows, np.float64).reshape(-1, 5)
