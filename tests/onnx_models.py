"""Small real ONNX models that see colour: each probe is a box whose score is the mean of one plane in a patch.

So a picture with a coloured rectangle proves at once where the letterbox put it, the order of the colours, the
division of the levels and the arithmetic of the boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Patch = tuple[int, int, int, int]


@dataclass(frozen=True)
class Probe:
    """`patch`: x1 y1 x2 y2 in input pixels that is looked at; `box`: what is reported, in input pixels."""

    patch: Patch
    plane: int
    box: tuple[float, float, float, float]
    label: int


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def values(self, probes: Sequence[Probe], divisor: float) -> str:
        """(B, P): the mean of each probe's patch."""
        means = []
        for probe in probes:
            x1, y1, x2, y2 = probe.patch
            starts = self.constant(np.array([probe.plane, y1, x1], np.int64))
            ends = self.constant(np.array([probe.plane + 1, y2, x2], np.int64))
            axes = self.constant(np.array([1, 2, 3], np.int64))
            patch = self.add("Slice", "images", starts, ends, axes)
            mean = self.add("ReduceMean", patch, self.constant(np.array([1, 2, 3], np.int64)), keepdims=0)
            means.append(self.add("Unsqueeze", mean, self.constant(np.array([1], np.int64))))
        joined = self.add("Concat", *means, axis=1)
        return self.add("Div", joined, self.constant(np.array(divisor, np.float32)))

    def save(
        self, path: Path, output: str, shape: Sequence[int | str], size: int, batch: int | str, metadata: dict[str, str]
    ) -> Path:
        self.nodes.append(helper.make_node("Identity", [output], ["output"]))
        graph = helper.make_graph(
            self.nodes,
            "colour",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, size, size])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, list(shape))],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model)
        onnx.save(model, path)
        return path


def cells(size: int) -> list[tuple[int, int, int]]:
    """x, y and stride of every row of a three-level head."""
    return [(x, y, s) for s in (8, 16, 32) for y in range(size // s) for x in range(size // s)]


def ultralytics_model(
    path: Path,
    probes: Sequence[Probe],
    labels: int,
    *,
    size: int = 64,
    batch: int | str = 1,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Output (B, 4 + labels, N): cx, cy, w, h and one score per label."""
    graph, count = _Graph(), len(cells(size))
    corners = np.array([probe.box for probe in probes], np.float32)
    boxes = np.zeros((1, 4, count), np.float32)
    boxes[0, :2, : len(probes)] = ((corners[:, :2] + corners[:, 2:]) / 2).T
    boxes[0, 2:, : len(probes)] = (corners[:, 2:] - corners[:, :2]).T
    one_hot = np.zeros((1, labels, count), np.float32)
    for column, probe in enumerate(probes):
        one_hot[0, probe.label, column] = 1.0
    values = graph.add("Unsqueeze", graph.values(probes, 1.0), graph.constant(np.array([1], np.int64)))
    pads = graph.constant(np.array([0, 0, 0, 0, 0, count - len(probes)], np.int64))
    scores = graph.add("Mul", graph.add("Pad", values, pads), graph.constant(one_hot))
    zeros = graph.add("Mul", graph.add("ReduceMax", scores, graph.constant(np.array([1, 2], np.int64))), "zero")
    graph.constants.append(numpy_helper.from_array(np.array(0.0, np.float32), "zero"))
    output = graph.add("Concat", graph.add("Add", zeros, graph.constant(boxes)), scores, axis=1)
    return graph.save(path, output, [batch, 4 + labels, count], size, batch, metadata or {})


def yolox_model(path: Path, probes: Sequence[Probe], labels: int, *, size: int = 64, level: int = 0) -> Path:
    """Output (1, N, 5 + labels): raw dx, dy, log w, log h, objectness (the probe's value), label probabilities.

    `level`: which of the three levels reports the probes, in the rows from its middle on.
    """
    graph, rows = _Graph(), cells(size)
    first = next(i for i, row in enumerate(rows) if row[2] == (8, 16, 32)[level]) + 1
    constant = np.zeros((1, len(rows), 5 + labels), np.float32)
    for i, probe in enumerate(probes):
        x, y, stride = rows[first + i]
        x1, y1, x2, y2 = probe.box
        constant[0, first + i, :4] = (
            (x1 + x2) / 2 / stride - x,
            (y1 + y2) / 2 / stride - y,
            np.log((x2 - x1) / stride),
            np.log((y2 - y1) / stride),
        )
        constant[0, first + i, 5 + probe.label] = 1.0
    values = graph.add("Unsqueeze", graph.values(probes, 255.0), graph.constant(np.array([2], np.int64)))
    pads = np.array([0, first, 4, 0, len(rows) - first - len(probes), labels], np.int64)
    output = graph.add("Add", graph.add("Pad", values, graph.constant(pads)), graph.constant(constant))
    return graph.save(path, output, [1, len(rows), 5 + labels], size, 1, {})


def constant_model(
    path: Path,
    shapes: Sequence[Sequence[int]],
    *,
    input_shape: Sequence[int | str] = (1, 3, 64, 64),
    half: bool = False,
) -> Path:
    """A model that ignores its picture and returns zeros of the given shapes."""
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    outputs = [f"output{i}" for i in range(len(shapes))]
    constants = [numpy_helper.from_array(np.zeros(shape, np.float32), f"z{i}") for i, shape in enumerate(shapes)]
    graph = helper.make_graph(
        [helper.make_node("Identity", [f"z{i}"], [name]) for i, name in enumerate(outputs)],
        "zeros",
        [helper.make_tensor_value_info("images", kind, list(input_shape))],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
            for name, shape in zip(outputs, shapes, strict=True)
        ],
        constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path
