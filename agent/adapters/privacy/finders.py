"""Models that find faces and licence plates; used, where their file is installed, on top of what boxes tell."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Protocol

import cv2
import numpy as np

from agent.adapters.onnx.letterbox import InputStyle, fit
from agent.adapters.onnx.model import mismatch, session_of
from agent.core.types import Floats, Image

FACE_SCORE = 0.4
"""Below OpenCV's 0.9: a pattern that is blurred for nothing is no loss."""
PLATE_SCORE = 0.25
NMS_IOU = 0.3
_MOST = 5000
_LONGEST_PX = 1920
"""Longest side at which faces are looked for: of a face that is 8 pixels high then, nobody is known."""
_PLATE_STYLE = InputStyle(centred=True, rgb=True, divisor=255.0)
_PLATE_COLUMNS = 15
"""Centre, size, objectness, four corners, and a score each for plates of one and of two lines."""


class Finder(Protocol):
    """Finds one kind of thing in a picture. Safe to call from several threads."""

    def find(self, image: Image) -> Floats:
        """(N, 4) x1 y1 x2 y2 in pixels of a (H, W, 3) uint8 BGR picture."""


class FaceFinder:
    """YuNet (Wu, Peng and Yu, Machine Intelligence Research 20, 2023) by way of OpenCV."""

    def __init__(self, path: Path) -> None:
        """Open the model. Raises ModelError."""
        session_of(path, path, 1)  # OpenCV's own words about a damaged file help nobody
        try:
            self._yunet = cv2.FaceDetectorYN.create(str(path), "", (320, 320), FACE_SCORE, NMS_IOU, _MOST)
            self._yunet.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error as error:
            raise _not_a("a YuNet face model", path, str(error)) from error
        self._lock = Lock()  # the object holds the size of its input

    def find(self, image: Image) -> Floats:
        """See `Finder.find`."""
        height, width = image.shape[:2]
        scale = min(1.0, _LONGEST_PX / max(height, width))
        if scale < 1.0:
            size = (max(round(width * scale), 1), max(round(height * scale), 1))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        with self._lock:
            self._yunet.setInputSize((image.shape[1], image.shape[0]))
            found = self._yunet.detect(image)[1]
        faces = np.zeros((0, 15), np.float32) if found is None else np.asarray(found, np.float32)
        boxes = np.concatenate([faces[:, :2], faces[:, :2] + faces[:, 2:4]], axis=1)
        return np.asarray(boxes / scale, np.float32)


class PlateFinder:
    """HyperLPR's detector of Chinese plates: a YOLOv5-face network with one output that is decoded already."""

    def __init__(self, path: Path) -> None:
        """Open the model. Raises ModelError."""
        self._session = session_of(path, path, 1)
        [given], outputs = self._session.get_inputs(), self._session.get_outputs()
        shape = given.shape
        if shape[:2] != [1, 3] or len(outputs) != 1 or outputs[0].shape[-1] != _PLATE_COLUMNS:
            found = f"input {shape}, outputs {[output.shape for output in outputs]}"
            raise _not_a("HyperLPR's plate model, 1x3xHxW to 1xNx15", path, found)
        self._name, self._size = given.name, (int(shape[2]), int(shape[3]))

    def find(self, image: Image) -> Floats:
        """See `Finder.find`."""
        planes = np.zeros((1, 3, *self._size), np.float32)
        placement = fit(image, _PLATE_STYLE, planes[0])
        [rows] = self._session.run(None, {self._name: planes})[0]
        scores = rows[:, 4] * rows[:, 13:15].max(axis=1)
        rows = rows[scores >= PLATE_SCORE]
        half = rows[:, 2:4] / 2
        return placement.to_picture(np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1))


def _not_a(what: str, path: Path, found: str) -> Exception:
    return mismatch(path, what, found, "take the file that docs/privacy.md names, or delete the key")
