"""A model's own labels onto the agent's classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.adapters.onnx.model import OnnxModel, mismatch
from agent.core.taxonomy import CLASS_IDS, CLASSES, MOTOR_VEHICLES

UNMAPPED = -1

SYNONYMS = {"motorbike": "motorcycle", "dining table": "table", "diningtable": "table"}
"""Labels of the same things in other label lists (Pascal VOC and darknet say motorbike, COCO says dining table)."""

# fmt: off
COCO = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)
# fmt: on
"""The 80 labels of COCO detection, in the order every COCO-80 model uses."""

_FAMILY_LEADERS = {CLASS_IDS[name]: min(CLASS_IDS[member] for member in MOTOR_VEHICLES) for name in MOTOR_VEHICLES}
GROUPS: NDArray[np.int64] = np.array([_FAMILY_LEADERS.get(i, i) for i in range(len(CLASSES))], np.int64)
"""Class id to NMS group: the members of a family suppress each other, because small models flip between them."""


def label_names(model: OnnxModel, classes: Mapping[str, str | None] | None) -> tuple[str, ...]:
    """The model's labels in its own order: from the file, or COCO's for 80 classes, or the keys of `classes`.

    Raises:
        ModelError: none of these has as many names as the model has classes.
    """
    if own := model.own_labels():
        return own
    count = model.family.label_count
    if count == len(COCO):
        return COCO
    if classes is not None and len(classes) == count:
        return tuple(classes)
    expected = f"names of the {count} classes of the output" if count else "the names of the classes"
    found = "no names in the file" + ("" if classes is None else f" and {len(classes)} in `model.classes`")
    mend = "name every class in the model's order in `model.classes`, or write `names` into the file's metadata"
    raise mismatch(model.path, expected, found, mend)


def class_table(model: OnnxModel, names: Sequence[str], classes: Mapping[str, str | None] | None) -> NDArray[np.int64]:
    """(labels,) int64: the agent's class id of each label, or `UNMAPPED`.

    Args:
        model: for the error's sake.
        names: the model's labels in its order.
        classes: label to agent class, or to None to ignore it; None instead maps labels that mean the same by name.

    Raises:
        ModelError: a label or class that does not exist, or nothing left to see.
    """
    if classes is None:
        classes = {name: same for name in names if (same := SYNONYMS.get(name, name)) in CLASS_IDS}
    if unknown := sorted(set(classes) - set(names)):
        expected = f"labels of this model ({', '.join(names)})"
        raise mismatch(model.path, expected, ", ".join(unknown), "correct `model.classes`")
    wanted = {name: target for name, target in classes.items() if target is not None}
    if unknown := sorted(set(wanted.values()) - set(CLASSES)):
        expected = f"classes of the agent ({', '.join(CLASSES)})"
        raise mismatch(model.path, expected, ", ".join(unknown), "correct `model.classes`")
    if not wanted:
        expected = f"a label among {', '.join(CLASSES)}"
        raise mismatch(model.path, expected, ", ".join(names), "say in `model.classes` what its labels stand for")
    return np.array([CLASS_IDS[wanted[name]] if name in wanted else UNMAPPED for name in names], np.int64)
