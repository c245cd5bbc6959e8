"""Model families: how their input is prepared and what their outputs mean.

A new family (an end-to-end head, PicoDet) is one class here and one name in `FAMILIES`. NMS is not a family's
business: the detector suppresses per class family, which harms nothing where the model already did its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from agent.adapters.onnx.letterbox import InputStyle
from agent.core.types import Floats

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What can be known of a model without looking at pictures.

    Attributes:
        input_px: width and height. output_shapes: as found by running the model on one picture.
        metadata: the custom key-value pairs of the file.
    """

    input_px: tuple[int, int]
    output_shapes: Shapes
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Boxes before suppression.

    Attributes:
        boxes: (K, 4) float32, x1 y1 x2 y2 in pixels of the model's input. scores: (K,) float32.
        labels: (K,) int64, index of the model's own best label.
    """

    boxes: Floats
    scores: Floats
    labels: NDArray[np.int64]


class Family(ABC):
    """One way of writing detections into tensors. Instances are immutable and shared by threads."""

    name: ClassVar[str]
    style: ClassVar[InputStyle]

    def __init__(self, label_count: int) -> None:
        self.label_count = label_count

    @classmethod
    @abstractmethod
    def expected(cls, input_px: tuple[int, int]) -> str:
        """The output shapes of this family for such an input, for error messages."""

    @classmethod
    @abstractmethod
    def of(cls, signature: Signature) -> Family | None:
        """This family for such a model, or None when the outputs do not fit it."""

    @abstractmethod
    def decode(self, outputs: Sequence[Floats], index: int, min_score: float) -> Candidates:
        """Candidates of picture `index` of the batch whose best label scores at least `min_score`."""


STRIDES = (8, 16, 32)
"""Pixels per grid cell of the three detection levels, in the order of the rows. Both families: YOLOX
`YOLOXHead.strides`, Ultralytics `Detect.stride`."""

_LARGEST_EXPONENT = 10.0
"""exp(10) * stride is far beyond any picture; a broken model must not overflow."""


def _cells(input_px: tuple[int, int]) -> int:
    width, height = input_px
    return sum((width // stride) * (height // stride) for stride in STRIDES)


def _corners(centres: Floats, sizes: Floats) -> Floats:
    half = sizes * np.float32(0.5)
    return np.concatenate([centres - half, centres + half], axis=1)


class Yolox(Family):
    """YOLOX with raw grids: rows of dx, dy, log w, log h in cells, objectness, class probabilities.

    Source: Megvii-BaseDetection/YOLOX, `YOLOXHead.decode_outputs` and `demo_postprocess`.
    """

    name = "yolox"
    style = InputStyle(centred=False, rgb=False, divisor=1.0)

    def __init__(self, label_count: int, input_px: tuple[int, int]) -> None:
        super().__init__(label_count)
        width, height = input_px
        grids, strides = [], []
        for stride in STRIDES:
            xs, ys = np.meshgrid(np.arange(width // stride), np.arange(height // stride))
            grids.append(np.stack([xs.ravel(), ys.ravel()], axis=1))
            strides.append(np.full((xs.size, 1), stride))
        self._grid: Floats = np.concatenate(grids).astype(np.float32)
        self._stride: Floats = np.concatenate(strides).astype(np.float32)

    @classmethod
    def expected(cls, input_px: tuple[int, int]) -> str:
        return f"[1, {_cells(input_px)}, 5 + classes]"

    @classmethod
    def of(cls, signature: Signature) -> Family | None:
        match signature.output_shapes:
            case ((1, rows, columns),) if rows == _cells(signature.input_px) and columns > 5:
                return cls(columns - 5, signature.input_px)
        return None

    def decode(self, outputs: Sequence[Floats], index: int, min_score: float) -> Candidates:
        raw = outputs[0][index]
        rows = np.flatnonzero(raw[:, 4] >= min_score)  # a score is objectness times a probability: never above it
        labels = raw[rows, 5:].argmax(axis=1)
        scores = raw[rows, 4] * raw[rows, 5 + labels]
        good = scores >= min_score
        rows, labels, scores = rows[good], labels[good], scores[good]
        centres = (raw[rows, :2] + self._grid[rows]) * self._stride[rows]
        sizes = np.exp(np.minimum(raw[rows, 2:4], np.float32(_LARGEST_EXPONENT))) * self._stride[rows]
        return Candidates(boxes=_corners(centres, sizes), scores=scores, labels=labels)


class Ultralytics(Family):
    """Ultralytics v8 and 11, raw detection head: columns of cx, cy, w, h in input pixels, class probabilities.

    Source: ultralytics/nn/modules/head.py, `Detect.forward` when exported without `nms`.
    """

    name = "ultralytics"
    style = InputStyle(centred=True, rgb=True, divisor=255.0)

    @classmethod
    def expected(cls, input_px: tuple[int, int]) -> str:
        return f"[1, 4 + classes, {_cells(input_px)}]"

    @classmethod
    def of(cls, signature: Signature) -> Family | None:
        match signature.output_shapes:
            case ((1, rows, columns),) if columns == _cells(signature.input_px) and rows > 4:
                return cls(rows - 4)
        return None

    def decode(self, outputs: Sequence[Floats], index: int, min_score: float) -> Candidates:
        raw = outputs[0][index]
        columns = np.flatnonzero(raw[4:].max(axis=0) >= min_score)
        chosen = raw[:, columns]
        labels = chosen[4:].argmax(axis=0)
        scores = chosen[4:].max(axis=0)
        return Candidates(boxes=_corners(chosen[:2].T, chosen[2:4].T), scores=scores, labels=labels)


FAMILIES: dict[str, type[Family]] = {family.name: family for family in (Yolox, Ultralytics)}
