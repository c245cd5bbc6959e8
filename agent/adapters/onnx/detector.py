"""From raw candidates to Detections: the agent's classes, NMS per class family, appearance descriptors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.adapters.looks import looks_of
from agent.adapters.onnx.families import Candidates
from agent.adapters.onnx.labels import GROUPS, UNMAPPED, class_table, label_names
from agent.adapters.onnx.letterbox import Placement
from agent.adapters.onnx.model import OnnxModel, file_sha256
from agent.core.taxonomy import CLASSES
from agent.core.types import Detections, Floats, Image, ModelInfo

DEFAULT_IOU = 0.5
SMALLEST_PX = 2.0
"""Smallest width and height, within the picture, of a box that is believed."""


def suppress(boxes_px: Floats, scores: Floats, groups: NDArray[np.int64], iou: float) -> NDArray[np.intp]:
    """Greedy NMS within each group: indices of the kept boxes, best first.

    Args:
        boxes_px: (K, 4), clipped to the picture: OpenCV shifts the groups apart, which needs coordinates >= 0.
        scores: (K,), above 0.
        groups: (K,) int64; only members of one group suppress each other.
        iou: boxes that overlap a better one by more than this are dropped.
    """
    if not len(scores):
        return np.zeros(0, np.intp)
    xywh = np.concatenate([boxes_px[:, :2], boxes_px[:, 2:] - boxes_px[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(xywh.tolist(), scores.tolist(), groups.tolist(), 0.0, iou)
    indices = np.asarray(kept, np.intp).reshape(-1)
    return indices[np.argsort(-scores[indices], kind="stable")]


class OnnxDetector:
    """Implements `ports.Detector`. Shared by all cameras, safe to call from several threads."""

    def __init__(
        self, model: OnnxModel, info: ModelInfo, class_ids: NDArray[np.int64], min_score: float, iou: float
    ) -> None:
        self.model = model
        self._info = info
        self._class_ids = class_ids
        self._min_score = min_score
        self._iou = iou

    @staticmethod
    def load(
        path: Path,
        *,
        family: str = "auto",
        sha256: str | None = None,
        classes: Mapping[str, str | None] | None = None,
        min_score: float = 0.1,
        iou: float = DEFAULT_IOU,
        threads: int = 1,
        runtime: str = "onnxruntime",
    ) -> OnnxDetector:
        """Open and check a model file.

        Args:
            path: the .onnx file.
            family: `auto`, or a name from `families.FAMILIES`.
            sha256: expected hash of the file, in hex; None: not checked.
            classes: model label to agent class, others are ignored. None: labels that mean the same by name.
            min_score: weaker candidates are dropped. iou: overlap above which NMS takes two boxes for one object.
            threads: threads of one run of the model. runtime: `onnxruntime` or `openvino`.

        Raises:
            ModelError: naming the file, what was expected, what was found and how to mend it.
        """
        digest = file_sha256(path, sha256)
        model = OnnxModel.load(path, family=family, threads=threads, runtime=runtime)
        class_ids = class_table(model, label_names(model, classes), classes)
        seen = tuple(name for i, name in enumerate(CLASSES) if i in class_ids)
        info = ModelInfo(name=path.name, sha256=digest, input_px=model.signature.input_px, class_names=seen)
        return OnnxDetector(model, info, class_ids, min_score, iou)

    @property
    def info(self) -> ModelInfo:
        """The file, its hash, its input size and the agent's classes that it can see."""
        return self._info

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Detect in each (H, W, 3) uint8 BGR picture; sizes may differ. Best first, boxes in that picture's pixels."""
        seen = self.model.look(images, self._min_score)
        return [self._keep(image, *found) for image, found in zip(images, seen, strict=True)]

    def _keep(self, image: Image, candidates: Candidates, placement: Placement) -> Detections:
        class_ids = self._class_ids[candidates.labels]
        boxes_px = placement.to_picture(candidates.boxes)
        # A box of NaN compares false. One narrower than SMALLEST_PX lies in the padding or shows nothing.
        visible = ((boxes_px[:, 2:] - boxes_px[:, :2]) >= SMALLEST_PX).all(axis=1)
        usable = np.flatnonzero((class_ids != UNMAPPED) & visible)
        boxes_px, scores, class_ids = boxes_px[usable], candidates.scores[usable], class_ids[usable]
        kept = suppress(boxes_px, scores, GROUPS[class_ids], self._iou)
        if not len(kept):
            return Detections.none()
        return Detections(
            boxes_px=boxes_px[kept],
            scores=scores[kept],
            class_ids=class_ids[kept],
            looks=looks_of(image, boxes_px[kept]),
        )
