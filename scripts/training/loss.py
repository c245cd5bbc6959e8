"""YOLOX's loss for the garbage branch, silent where nobody knows whether garbage lies there."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from yolox.models.losses import IouLoss

from agent.adapters.onnx.families import STRIDES
from scripts.training.network import SIDE, StreetNano

BOX_WEIGHT = 5.0
"""YOLOX's weight of the IoU loss (`YoloxHead.get_losses`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """(B, 3, SIDE, SIDE) pictures, per picture (N, 4) heaps as cx cy w h in pixels, (B, SIDE, SIDE) unknown."""

    images: Tensor
    heaps: list[Tensor]
    unknown: Tensor


class Loss:
    """Callable on a batch; holds the grid."""

    def __init__(self) -> None:
        self._iou = IouLoss(reduction="none")
        xs, ys, strides = [], [], []
        for stride in STRIDES:
            y, x = torch.meshgrid(torch.arange(SIDE // stride), torch.arange(SIDE // stride), indexing="ij")
            xs.append(x.flatten())
            ys.append(y.flatten())
            strides.append(torch.full((x.numel(),), stride))
        self._x, self._y, self._stride = (torch.cat(v).float() for v in (xs, ys, strides))
        self._column = ((self._x + 0.5) * self._stride).long()
        self._row = ((self._y + 0.5) * self._stride).long()

    def __call__(self, model: StreetNano, batch: Batch) -> dict[str, Tensor]:
        """The parts of the loss; their sum is what to minimise."""
        rows = model.garbage(batch.images)
        boxes = self._decoded(rows)
        assigned = torch.zeros(rows.shape[:2], dtype=torch.bool)
        targets, ious = [boxes.new_zeros((0, 4))], [boxes.new_zeros(0)]
        for i, heaps in enumerate(batch.heaps):
            if len(heaps):
                assigned[i], matched, overlap = self._assign(model, rows, boxes, heaps, i)
                targets.append(heaps[matched])
                ious.append(overlap)
        known = assigned | ~batch.unknown[:, self._row, self._column]
        hits = rows[assigned]
        cross_entropy = functional.binary_cross_entropy_with_logits
        parts = {
            "box": BOX_WEIGHT * self._iou(boxes[assigned], torch.cat(targets)).sum(),
            "object": (cross_entropy(rows[..., 4], assigned.float(), reduction="none") * known).sum(),
            "quality": cross_entropy(hits[:, 5], torch.cat(ious), reduction="sum"),
        }
        count = max(int(assigned.sum()), 1)
        return {name: part / count for name, part in parts.items()}

    def _decoded(self, rows: Tensor) -> Tensor:
        centres = (rows[..., :2] + torch.stack([self._x, self._y], -1)) * self._stride[:, None]
        return torch.cat([centres, rows[..., 2:4].clamp(max=8).exp() * self._stride[:, None]], -1)

    @torch.no_grad()
    def _assign(
        self, model: StreetNano, rows: Tensor, boxes: Tensor, heaps: Tensor, i: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """SimOTA: (cells,) assigned, and of these the heap and the IoU with it."""
        _, mask, ious, matched, _ = model.garbage_head.get_assignments(
            i, len(heaps), heaps, heaps.new_zeros(len(heaps)), boxes[i],
            self._stride[None], self._x[None], self._y[None], rows[..., 5:], rows[..., 4:5],
        )  # fmt: skip
        return mask, matched, ious
