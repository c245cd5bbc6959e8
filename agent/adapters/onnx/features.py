"""What a detector's backbone makes of one zone, as a vector: the basis on which a zone's state is taught.

Detectors of all families end their backbone in a pyramid: a neck enlarges the coarsest map (stride 32) and joins it
with the next finer one (stride 16). Those two maps are taken: what the graph's first Resize enlarges, and what its
result is joined with. They are inner tensors, which a copy of the model in memory gives out (`graph.with_outputs`).

Measured (frozen yolox_nano; heaps against other parts of 200 street photos, folds by photo; and a rendered bin that was
taught in four kinds of light and shown in five others, three with rain or at night), AUC:

    means of                       margin 0.1: rendered   margin 0.4/0.5: photos, rendered
    stride 32 alone                0.97 to 0.99           0.98, 0.93 to 0.96
    stride 16 alone                0.86 to 0.95           0.97, 0.97 to 1.00
    both                           0.98 to 1.00           0.98, 1.00
    both, and their maxima         1.00                   0.98, 0.99 to 1.00
    one convolution earlier, both  0.98 to 1.00           0.98, 1.00

Hence the means of both with a wide margin: half the numbers of means and maxima, and the surroundings help.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import onnxruntime

from agent.adapters.onnx.graph import Node, nodes_of, with_outputs
from agent.adapters.onnx.letterbox import Placement
from agent.adapters.onnx.model import ORT_ERRORS, OnnxModel, Run, file_sha256, mismatch, session_of
from agent.core.types import Floats, Image

RECIPE = "neck-means-1"
"""Changes whenever the same picture would give other features."""
MARGIN = 0.5
"""Of the zone's width and height, on each side: what lies around it is looked at, though not counted."""
_SMALLEST_PX = 8
_ENLARGING = frozenset({"Resize", "Upsample"})
_JOINING = frozenset({"Concat", "Add"})


class FeatureExtractor:
    """Reads zones with a detector's backbone. Safe to call from several threads."""

    recipe = RECIPE

    def __init__(self, model: OnnxModel, sha256: str) -> None:
        """`model`: its `run` gives the maps of the pyramid."""
        self._model = model
        self.sha256 = sha256

    @classmethod
    def load(cls, path: Path, *, family: str = "auto", threads: int = 1) -> Self:
        """Open a detector's file for its features.

        Args:
            path: the .onnx file. family: `auto`, or a name from `families.FAMILIES`.
            threads: of one reading.

        Raises:
            ModelError: no model, of no known family, or one without a pyramid.
        """
        sha256 = file_sha256(path, None)
        known = _without_session(OnnxModel.load(path, family=family, threads=threads))
        content = path.read_bytes()
        maps = pyramid_maps(nodes_of(content))
        if not maps:
            mend = "teach with another model, such as street-nano or yolox-nano"
            raise mismatch(path, "a detector whose neck enlarges a map of its backbone", "none that does", mend)
        session = session_of(with_outputs(content, maps), path, threads, arena=False)
        run = _maps_of(session, maps, known.signature.input_name)
        extractor = cls(OnnxModel(run, known.family, known.signature, 1, path), sha256)
        extractor._check(path)
        return extractor

    def features(self, image: Image, outline_n: Sequence[tuple[float, float]]) -> Floats:
        """Describe one zone of one picture.

        Args:
            image: (H, W, 3) uint8 BGR, the whole picture, best in full size.
            outline_n: the zone's corners in 0..1 of the picture.

        Returns:
            (D,) float32: the mean of each channel of both maps over the cells that lie in the zone, a cell on the edge
            counting as much as lies within; in the units of the network's activations.
        """
        corners = np.asarray(outline_n, np.float64) * (image.shape[1], image.shape[0])
        left, top, right, bottom = zone_window(corners, (image.shape[1], image.shape[0]))
        planes, (placement,) = self._model.prepare([np.ascontiguousarray(image[top:bottom, left:right])])
        found = self._model.run(planes)
        mask = _mask(corners - (left, top), placement, self._model.signature.input_px)
        return np.concatenate([_mean(maps[0], mask) for maps in found])

    def _check(self, path: Path) -> None:
        grey = np.full((64, 64, 3), 114, np.uint8)
        try:
            planes, _ = self._model.prepare([grey])
            found = self._model.run(planes)
        except ORT_ERRORS as error:
            raise mismatch(path, "a model that gives its inner maps", str(error), "teach with another model") from error
        shapes = [np.shape(maps) for maps in found]
        if any(maps.dtype != np.float32 or len(maps.shape) != 4 for maps in found):
            mend = "teach with another model, such as street-nano or yolox-nano"
            raise mismatch(path, "maps [1, channels, height, width] of float32", str(shapes), mend)


def _without_session(model: OnnxModel) -> OnnxModel:
    """What is known of a model; the memory of its session, which is not needed twice, is let go."""
    return OnnxModel(lambda _: [], model.family, model.signature, 1, model.path)


def _maps_of(session: onnxruntime.InferenceSession, maps: Sequence[str], given: str) -> Run:
    """The run of a session that gives some of its tensors, and makes no others than these take."""
    options = onnxruntime.RunOptions()
    options.only_execute_path_to_fetches = True  # the neck and head are not needed
    return lambda planes: session.run(list(maps), {given: planes}, options)


def pyramid_maps(nodes: Sequence[Node]) -> tuple[str, ...]:
    """The tensor that the graph's first Resize enlarges, and the one its result is joined with; empty without any."""
    for node in nodes:
        if node.op in _ENLARGING and node.inputs and node.outputs:
            joined = next((n for n in nodes if n.op in _JOINING and node.outputs[0] in n.inputs), None)
            others = [name for name in joined.inputs if name != node.outputs[0]] if joined else []
            return (node.inputs[0], *others[:1])
    return ()


def zone_window(corners: np.ndarray[tuple[int, ...], np.dtype[np.float64]], size: tuple[int, int]) -> tuple[int, ...]:
    """Left, top, right, bottom in whole pixels: the zone and its margin, within the picture."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    extra = np.maximum((high - low) * MARGIN, (_SMALLEST_PX - (high - low)) / 2)
    limit = np.array(size)
    first = np.clip(np.floor(low - extra), 0, np.maximum(limit - _SMALLEST_PX, 0)).astype(int)
    last = np.clip(np.ceil(high + extra), np.minimum(first + _SMALLEST_PX, limit), limit).astype(int)
    return (*first.tolist(), *last.tolist())


def _mask(
    corners: np.ndarray[tuple[int, ...], np.dtype[np.float64]], placement: Placement, input_px: tuple[int, int]
) -> Floats:
    """(h, w) of the model's input: 1 in the zone."""
    mask = np.zeros((input_px[1], input_px[0]), np.float32)
    shifted = corners * placement.scale + placement.offset
    cv2.fillPoly(mask, [np.round(shifted).astype(np.int32)], 1.0)
    return mask


def _mean(maps: Floats, mask: Floats) -> Floats:
    """(C,) means of (C, h, w) over the mask, which always has a cell: its outline is drawn, however thin."""
    height, width = maps.shape[1:]
    share = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray((maps * share).sum(axis=(1, 2)) / max(float(share.sum()), 1e-6), np.float32)
