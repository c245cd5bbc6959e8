"""Augmentation: mosaics and single pictures, with boxes and a map of where garbage is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.adapters.onnx.letterbox import PAD_LEVEL
from scripts.training.sources import Photo

SIDE = 416
LONGEST_IN_MEMORY = 640
SMALLEST_PX = 4.0
MOSAIC_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A photo in memory; boxes in pixels."""

    image: NDArray[np.uint8]
    labels: NDArray[np.int64]
    boxes: NDArray[np.float32]
    unknown: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One training input: (SIDE, SIDE, 3) BGR, boxes in its pixels, `unknown` (SIDE, SIDE) True where nobody knows
    whether garbage lies there."""

    image: NDArray[np.uint8]
    labels: NDArray[np.int64]
    boxes: NDArray[np.float32]
    unknown: NDArray[np.bool_]


def load(photo: Photo) -> Piece:
    """The photo, not longer than any mixture needs it."""
    image = photo.pixels()
    scale = LONGEST_IN_MEMORY / max(image.shape[:2])
    if scale < 1:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    factor = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
    return Piece(image=image, labels=photo.labels, boxes=photo.boxes * factor, unknown=photo.unknown * factor)


class Mixer:
    """Draws samples from pieces; all chance comes from one generator."""

    def __init__(self, pieces: Sequence[Piece], rng: np.random.Generator) -> None:
        self._pieces = pieces
        self._rng = rng

    def sample(self, index: int) -> Sample:
        """A sample that shows piece `index`, alone or with three random ones around a random centre."""
        rng = self._rng
        canvas = _Canvas()
        if rng.random() < MOSAIC_SHARE:
            cx, cy = rng.uniform(0.35, 0.65, 2) * SIDE
            chosen = [index, *rng.integers(len(self._pieces), size=3)]
            corners = [(0, 0, cx, cy), (cx, 0, SIDE, cy), (0, cy, cx, SIDE), (cx, cy, SIDE, SIDE)]
            for place, corner in enumerate(rng.permutation(4)):
                self._put(canvas, chosen[place], corners[corner], rng.uniform(0.9, 1.5))
        else:
            self._put(canvas, index, (0, 0, SIDE, SIDE), rng.choice([1.0, rng.uniform(0.4, 1.0), rng.uniform(1, 1.8)]))
        return canvas.sample(self._colours(canvas.image))

    def _put(self, canvas: _Canvas, index: int, window: tuple[float, ...], zoom: float) -> None:
        """Place a piece into a window: `zoom` 1 fits it in, more shows a part of it."""
        rng = self._rng
        piece = self._pieces[index]
        x1, y1, x2, y2 = (round(v) for v in window)
        height, width = piece.image.shape[:2]
        scale = np.array([1, 1]) * min((x2 - x1) / width, (y2 - y1) / height) * zoom * rng.uniform(0.9, 1.1, 2)
        span = np.array([width, height]) * scale
        slack = np.array([x2 - x1, y2 - y1]) - span
        # As in the agent, a piece that does not fill its window lies in the upper left corner, mostly.
        offset = np.where(slack > 0, slack * rng.choice([0, rng.random()]), slack * rng.random(2)) + np.array([x1, y1])
        flip = bool(rng.random() < 0.5)
        image = piece.image[:, ::-1] if flip else piece.image
        matrix = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]], np.float64)
        canvas.paste(image, matrix, (x1, y1, x2, y2))
        canvas.note(piece, flip, scale, offset, np.array([x1, y1, x2, y2], np.float32))

    def _colours(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Level, contrast, hue, blur, noise: the heaps were photographed sharp and shrill, streets at night are not."""
        rng = self._rng
        hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV).astype(np.float32)
        hsv[..., 0] = (hsv[..., 0] + rng.uniform(-5, 5)) % 180
        hsv[..., 1] *= rng.uniform(0.3, 1.3)
        out = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2BGR).astype(np.float32)
        mean = out.mean()
        out = (out - mean) * rng.uniform(0.55, 1.25) + mean * rng.choice([1.0, rng.uniform(0.35, 1.3)])
        if rng.random() < 0.4:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.3))
        if rng.random() < 0.2:
            out = out + rng.normal(0, rng.uniform(2, 10), out.shape[:2])[..., None]
        return np.asarray(np.clip(out, 0, 255), np.uint8)


class _Canvas:
    def __init__(self) -> None:
        self.image = np.full((SIDE, SIDE, 3), PAD_LEVEL, np.uint8)
        self._unknown = np.zeros((SIDE, SIDE), bool)
        self._labels: list[NDArray[np.int64]] = []
        self._boxes: list[NDArray[np.float32]] = []

    def paste(self, image: NDArray[np.uint8], matrix: NDArray[np.float64], window: tuple[int, int, int, int]) -> None:
        x1, y1, x2, y2 = window
        local = matrix - np.array([[0, 0, x1], [0, 0, y1]])
        if matrix[0, 0] < 0.75:  # averages first, as a camera's scaler does; no moiré
            image = np.asarray(cv2.resize(image, None, fx=matrix[0, 0], fy=matrix[1, 1], interpolation=cv2.INTER_AREA))
            local[0, 0] = local[1, 1] = 1.0
        grey = (PAD_LEVEL,) * 3
        self.image[y1:y2, x1:x2] = cv2.warpAffine(image, local, (x2 - x1, y2 - y1), borderValue=grey)

    def note(
        self, piece: Piece, flip: bool, scale: NDArray[np.float64], offset: NDArray[np.float64],
        window: NDArray[np.float32],
    ) -> None:  # fmt: skip
        whole = _moved(piece.boxes, piece.image.shape[1] if flip else None, scale, offset)
        clipped = _clipped(whole, window)
        sides = clipped[:, 2:] - clipped[:, :2]
        share = sides.prod(axis=1) / np.maximum((whole[:, 2:] - whole[:, :2]).prod(axis=1), 1e-6)
        kept = (sides > SMALLEST_PX).all(axis=1) & (share > 0.25)
        self._labels.append(piece.labels[kept])
        self._boxes.append(clipped[kept])
        unknown = _clipped(_moved(piece.unknown, piece.image.shape[1] if flip else None, scale, offset), window)
        slivers = clipped[~kept & (share > 0)]  # of a heap that is mostly cut off: neither garbage nor street
        for x1, y1, x2, y2 in np.concatenate([unknown, slivers]):
            self._unknown[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))] = True

    def sample(self, image: NDArray[np.uint8]) -> Sample:
        return Sample(
            image=image,
            labels=np.concatenate(self._labels),
            boxes=np.concatenate(self._boxes),
            unknown=self._unknown,
        )


def _moved(
    boxes: NDArray[np.float32], flip_width: int | None, scale: NDArray[np.float64], offset: NDArray[np.float64]
) -> NDArray[np.float32]:
    if flip_width is not None:
        boxes = np.stack([flip_width - boxes[:, 2], boxes[:, 1], flip_width - boxes[:, 0], boxes[:, 3]], axis=1)
    return np.asarray(boxes * np.tile(scale, 2) + np.tile(offset, 2), np.float32)


def _clipped(boxes: NDArray[np.float32], window: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(boxes, np.tile(window[:2], 2), np.tile(window[2:], 2))
