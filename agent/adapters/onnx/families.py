"""Model families: how their input is prepared and what their outputs mean.

A new family is one class here and one name in `FAMILIES`. NMS is not a family's business: the detector suppresses
per class family, which harms nothing where the model already did its own.
"""

from __future__ import annotations

import ast
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
        metadata: the custom key-value pairs of the file. input_name: of the tensor that takes the picture.
    """

    input_px: tuple[int, int]
    output_shapes: Shapes
    metadata: Mapping[str, str]
    input_name: str = "images"


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
    """One way of writing detections into tensors. Instances are immutable and shared by threads.

    `label_count`: how many labels the outputs tell apart; 0 when they do not say, so that only the file's names can.
    """

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


class EndToEnd(Family):
    """Ultralytics v10 and 26, head with its own selection: rows of x1, y1, x2, y2 in input pixels, score, label.

    Source: ultralytics/nn/modules/head.py, `Detect.postprocess`. Rows are sorted, best first, and filled up with the
    weakest. The number of labels is not in the shape, only in the file's names.
    """

    name = "end-to-end"
    style = InputStyle(centred=True, rgb=True, divisor=255.0)

    @classmethod
    def expected(cls, input_px: tuple[int, int]) -> str:  # noqa: ARG003
        return "[1, boxes, 6]"

    @classmethod
    def of(cls, signature: Signature) -> Family | None:
        # A small input has fewer cells than boxes are asked for: then these shapes are also YOLOX's with one label, and
        # the file must say whose it is.
        theirs = signature.metadata.get("author") == "Ultralytics"
        match signature.output_shapes:
            case ((1, rows, 6),) if rows > 0 and (theirs or rows != _cells(signature.input_px)):
                return cls(_named_labels(signature.metadata.get("names")))
        return None

    def decode(self, outputs: Sequence[Floats], index: int, min_score: float) -> Candidates:
        raw = outputs[0][index]
        labels = raw[:, 5].astype(np.int64)
        good = (raw[:, 4] >= min_score) & (labels >= 0) & (labels < self.label_count)
        return Candidates(boxes=raw[good, :4], scores=raw[good, 4], labels=labels[good])


def _named_labels(names: str | None) -> int:
    """How many labels the metadata names; 0 when they cannot be read, which the model tells when asked for them."""
    try:
        return len(ast.literal_eval(names or ""))
    except (ValueError, SyntaxError, TypeError):
        return 0


class PicoDet(Family):
    """PicoDet without its NMS: for each of four levels a grid of label scores, then one of edge distances.

    A distance is the mean of a distribution over 0..7 cells, from the cell's middle to the left, upper, right and lower
    edge. Source: PaddleDetection, `PicoHead` with `use_dfl`, `export_nms=False`.
    """

    name = "picodet"
    style = InputStyle(
        centred=False,
        rgb=True,
        divisor=255.0,
        stretched=True,
        mean=(0.485, 0.456, 0.406),
        deviation=(0.229, 0.224, 0.225),
    )
    _STRIDES = (8, 16, 32, 64)
    _BINS = 8

    def __init__(self, label_count: int, input_px: tuple[int, int]) -> None:
        super().__init__(label_count)
        centres, strides = [], []
        for stride in self._STRIDES:
            columns, rows = self._grid(input_px, stride)
            xs, ys = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
            centres.append(np.stack([xs.ravel(), ys.ravel()], axis=1) * stride)
            strides.append(np.full((xs.size, 1), stride))
        self._centre: Floats = np.concatenate(centres).astype(np.float32)
        self._stride: Floats = np.concatenate(strides).astype(np.float32)

    @staticmethod
    def _grid(input_px: tuple[int, int], stride: int) -> tuple[int, int]:
        return -(-input_px[0] // stride), -(-input_px[1] // stride)

    @classmethod
    def _shapes(cls, input_px: tuple[int, int], labels: int) -> Shapes:
        cells = [columns * rows for columns, rows in (cls._grid(input_px, stride) for stride in cls._STRIDES)]
        return tuple((1, n, width) for width in (labels, 4 * cls._BINS) for n in cells)

    @classmethod
    def expected(cls, input_px: tuple[int, int]) -> str:
        return ", ".join(f"[1, {n}, {w or 'classes'}]" for _, n, w in cls._shapes(input_px, 0))

    @classmethod
    def of(cls, signature: Signature) -> Family | None:
        match signature.output_shapes:
            case ((1, _, labels), *_) if signature.output_shapes == cls._shapes(signature.input_px, labels):
                return cls(labels, signature.input_px)
        return None

    def decode(self, outputs: Sequence[Floats], index: int, min_score: float) -> Candidates:
        raw = np.concatenate([level[index] for level in outputs[: len(self._STRIDES)]])
        rows = np.flatnonzero(raw.max(axis=1) >= min_score)
        labels = raw[rows].argmax(axis=1)
        edges = np.concatenate([level[index] for level in outputs[len(self._STRIDES) :]])[rows]
        bins = edges.reshape(-1, 4, self._BINS)
        weights = np.exp(bins - bins.max(axis=2, keepdims=True))
        mean = (weights * np.arange(self._BINS, dtype=np.float32)).sum(axis=2) / weights.sum(axis=2)
        distances, centres = mean * self._stride[rows], self._centre[rows]
        boxes = np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1)
        return Candidates(boxes=boxes, scores=raw[rows, labels], labels=labels)


FAMILIES: dict[str, type[Family]] = {family.name: family for family in (EndToEnd, Yolox, Ultralytics, PicoDet)}
