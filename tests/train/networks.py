"""Ultralytics networks without trained weights that see something nevertheless."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from ultralytics import YOLO

from tests.shared_data import shared

SIZE = 320


def photos(count: int) -> list[Path]:
    return sorted(shared("coco", "val2017", "images").glob("*.jpg"))[:count]


def lively(name: str, target: Path) -> Path:
    """Save a randomly initialised network whose head gives boxes of all sizes, some with good scores.

    The normalisation layers first see some pictures, so that signals survive to the head; its last layers are then
    scaled to a spread of their outputs, and biased so that about one cell in thirty has a label with a fair score.
    """
    torch.manual_seed(1)
    model = YOLO(f"{name}.yaml")
    net: Any = model.model
    seen = [cv2.resize(cv2.imread(str(path)), (SIZE, SIZE)) for path in photos(8)]  # type: ignore[arg-type]
    batch = torch.from_numpy(np.stack(seen)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 255)
    net.train()
    with torch.no_grad():
        for _ in range(30):
            net(batch)
    net.eval()
    head = net.model[-1]
    for part, spread, biased in (("cv3", 1.5, True), ("cv2", 2.0, False)):
        for branch in (*getattr(head, part), *(getattr(head, f"one2one_{part}", None) or ())):
            _spread(net, branch[-1], batch, spread, biased=biased)
    model.save(target)
    return target


def _spread(net: Any, layer: Any, batch: Any, spread: float, *, biased: bool) -> None:
    caught: list[Any] = []
    hook = layer.register_forward_hook(lambda _module, _inputs, output: caught.append(output))
    with torch.no_grad():
        net(batch)
        hook.remove()
        levels = caught[0] - layer.bias[None, :, None, None]
        factor = spread / levels.std()
        layer.weight.data *= factor
        if biased:
            best = (levels * factor).amax(dim=1).flatten()
            layer.bias.data[:] = -1.0 - torch.quantile(best, 0.97)
