"""YOLOX-nano in torch from an ONNX file with folded batch norms, a garbage branch beside it, and both back to ONNX."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else importing it writes to ~/.cache and reports to its maker

import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from yolox.config import YoloxNano
from yolox.utils import fuse_model

from scripts.training.sources import COCO_ROWS, GARBAGE, NAMES

SIDE = 416
OPSET = 13
FAINTEST_HEAP = 0.02
"""Below this score a cell never speaks for garbage. Street background scores far less than that, so without it half of
all cells would be the branch's."""
BAG_ROWS = (24, 26, 28)
"""COCO's backpack, handbag, suitcase: what a bag of rubbish looks most like before anything is learnt."""


def read_coco_nano(path: Path) -> nn.Module:
    """The 80-class YOLOX-nano of an ONNX file. Its batch norms are folded into the convolutions, as they are there.

    Raises:
        ValueError: the file holds another network.
    """
    graph = onnx.load(str(path)).graph
    values = {item.name: torch.from_numpy(numpy_helper.to_array(item).copy()) for item in graph.initializer}
    wanted = [node for node in graph.node if node.op_type == "Conv"]
    with torch.no_grad():  # or the folded weights would not be leaves of the graph
        model: nn.Module = fuse_model(YoloxNano().get_model().eval())
        model.head.decode_in_inference = False
        found = _convolutions(model)
        if len(found) != len(wanted):
            raise ValueError(f"{path}: expected {len(found)} convolutions, found {len(wanted)}; is it a YOLOX-nano?")
        for conv, node in zip(found, wanted, strict=True):
            weight, bias = (values[name] for name in node.input[1:3])
            if conv.weight.shape != weight.shape:
                raise ValueError(f"{path}: {node.name}: expected {conv.weight.shape}, found {weight.shape}")
            conv.weight.copy_(weight)
            conv.bias.copy_(bias)
    return model


def _convolutions(model: nn.Module) -> list[nn.Conv2d]:
    """In the order in which they run, which is their order in an ONNX file."""
    order: list[nn.Conv2d] = []
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    hooks = [conv.register_forward_hook(lambda conv, _in, _out: order.append(conv)) for conv in convolutions]
    model(torch.zeros(1, 3, SIDE, SIDE))
    for hook in hooks:
        hook.remove()
    return order


class StreetNano(nn.Module):
    """YOLOX-nano as it is for the six street classes, and a branch for garbage from the same backbone.

    Only the branch (a neck and a head of its own, which start as copies) is ever trained, so nothing that COCO taught
    can be forgotten. The outputs are merged cell by cell into YOLOX's own rows: see `forward`.
    """

    def __init__(self, coco: nn.Module) -> None:
        super().__init__()
        pyramid, head = coco.backbone, coco.head
        self.backbone = pyramid.backbone
        pyramid.backbone = nn.Identity()
        self.street_neck, self.street_head = pyramid, head
        self.garbage_neck, self.garbage_head = copy.deepcopy(pyramid), copy.deepcopy(head)
        self.garbage_head.num_classes = 1
        for level, bags in enumerate(head.cls_preds):
            head.cls_preds[level] = _rows(bags, [[row] for row in COCO_ROWS])
            self.garbage_head.cls_preds[level] = _rows(bags, [BAG_ROWS])
        self.requires_grad_(False)
        self.branch.requires_grad_(True)

    @property
    def branch(self) -> nn.ModuleList:
        """What is trained."""
        return nn.ModuleList([self.garbage_neck, self.garbage_head])

    def garbage(self, images: Tensor) -> Tensor:
        """(B, cells, 6): dx, dy, log w, log h, logit of objectness, logit of quality."""
        with torch.no_grad():
            features = self.backbone(images)
        return _raw(self.garbage_head, self.garbage_neck(features))

    def forward(self, images: Tensor) -> Tensor:
        """(B, cells, 5 + names): raw boxes, objectness, probabilities.

        A cell speaks for garbage where garbage scores `FAINTEST_HEAP` and more than every street class there; elsewhere
        it is what YOLOX-nano says, bit for bit.
        """
        features = self.backbone(images)
        street = _raw(self.street_head, self.street_neck(features))
        garbage = _raw(self.garbage_head, self.garbage_neck(features))
        heap = garbage[..., 4:5].sigmoid() * garbage[..., 5:6].sigmoid()
        sure, classes = street[..., 4:5].sigmoid(), street[..., 5:].sigmoid()
        wins = heap > (sure * classes.amax(-1, keepdim=True)).clamp(min=FAINTEST_HEAP)
        return torch.cat(
            [
                torch.where(wins, garbage[..., :4], street[..., :4]),
                torch.where(wins, heap, sure),
                torch.where(wins, torch.zeros_like(classes), classes),
                wins.float(),
            ],
            -1,
        )


def _rows(predictor: nn.Conv2d, rows: Sequence[Sequence[int]]) -> nn.Conv2d:
    """A predictor of fewer classes, each the mean of some rows of the given one."""
    fewer = nn.Conv2d(predictor.in_channels, len(rows), 1)
    with torch.no_grad():
        fewer.weight.copy_(torch.stack([predictor.weight[list(group)].mean(0) for group in rows]))
        fewer.bias.copy_(torch.stack([predictor.bias[list(group)].mean(0) for group in rows]))
    return fewer


def _raw(head: nn.Module, pyramid: Sequence[Tensor]) -> Tensor:
    """(B, cells, 5 + classes) of a YOLOX head before any sigmoid."""
    levels = []
    for k, features in enumerate(pyramid):
        stem = head.stems[k](features)
        place = head.reg_convs[k](stem)
        kind = head.cls_preds[k](head.cls_convs[k](stem))
        levels.append(torch.cat([head.reg_preds[k](place), head.obj_preds[k](place), kind], 1).flatten(2))
    return torch.cat(levels, 2).permute(0, 2, 1)


def to_onnx(model: StreetNano, path: Path, metadata: dict[str, str]) -> None:
    """Write the file with its names and other metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        copy.deepcopy(model).eval(),
        (torch.zeros(1, 3, SIDE, SIDE),),
        str(path),
        input_names=["images"],
        output_names=["output"],
        opset_version=OPSET,
        dynamic_axes={"images": {0: "batch"}, "output": {0: "batch"}},
        dynamo=False,
    )
    written = onnx.load(str(path))
    onnx.helper.set_model_props(written, {"names": str(dict(enumerate(NAMES))), **metadata})
    onnx.checker.check_model(written)
    onnx.save(written, str(path))


def street_difference(path: Path, coco: Path, images: Tensor) -> float:
    """Largest difference between two ONNX files on the cells that do not speak for garbage: written and original."""
    ours, theirs = (_run(file, images) for file in (path, coco))
    kept = [*range(5), *(5 + row for row in COCO_ROWS)]
    street = ours[..., 5 + GARBAGE] == 0
    return float(np.abs(ours[..., :-1] - theirs[..., kept])[street].max())


def _run(path: Path, images: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: image[None].numpy()})[0] for image in images])
