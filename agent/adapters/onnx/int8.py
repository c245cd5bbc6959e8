"""Static quantisation of a model's convolutions to INT8, with pictures of the site as calibration.

Whether it is worth it is not known before it was measured: on many processors it is slower than full precision.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.adapters.labelled import picture_files, read_picture
from agent.adapters.onnx.model import OnnxModel
from agent.core.errors import ModelError
from agent.core.types import Floats

MOST_PICTURES = 50
_SCALES_PER_CHANNEL = 13
"""The ONNX opset from which DequantizeLinear has an axis."""
_INT8_NODES = frozenset({"QuantizeLinear", "QLinearConv", "ConvInteger"})


def is_quantised(source: Path) -> bool:
    """Whether a model computes in INT8 already. Raises ModelError: the package `onnx` is missing, or no model."""
    try:
        import onnx
    except ImportError as error:
        raise _no_onnx(source, error) from error
    try:
        nodes = onnx.load(source).graph.node
    except Exception as error:  # whatever the parser raises
        raise ModelError(f"{source}: expected an ONNX model, found: {error}") from error
    return any(node.op_type in _INT8_NODES for node in nodes)


def quantise(source: Path, target: Path, *, family: str, pictures: Path) -> int:
    """Write an INT8 version of a model.

    Args:
        pictures: folder of calibration pictures, or of `images`; the first 50 are used.

    Returns:
        How many pictures were used.

    Raises:
        ModelError: the package `onnx` is missing, there are no pictures, or the model cannot be quantised.
    """
    try:
        import onnx
        from onnxruntime.quantization import (
            CalibrationDataReader,
            CalibrationMethod,
            QuantFormat,
            QuantType,
            quantize_static,
        )
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise _no_onnx(source, error) from error
    model = OnnxModel.load(source, family=family)
    files = picture_files(pictures)[:MOST_PICTURES]

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Feeds the pictures as the model will see them."""

        def __init__(self) -> None:
            self._rest = _inputs(model, files)

        def get_next(self) -> dict[str, Floats] | None:
            return next(self._rest, None)

    # The tools print their progress, and advice about a step that was done.
    with TemporaryDirectory() as folder, redirect_stdout(StringIO()), _quiet():
        prepared = Path(folder) / "prepared.onnx"
        try:
            loaded = onnx.load(source)
            if loaded.opset_import[0].version < _SCALES_PER_CHANNEL:
                onnx.save(onnx.version_converter.convert_version(loaded, _SCALES_PER_CHANNEL), prepared)
            else:
                onnx.save(loaded, prepared)
            quant_pre_process(str(prepared), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared),
                str(target),
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                # 7 bits of weights: processors without VNNI add two products in 16 bits and would overflow.
                reduce_range=True,
                calibrate_method=CalibrationMethod.Percentile,  # single outliers take all levels otherwise
                # Not the joining of a head, which mixes pixels and probabilities in one scale, nor its last layers.
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=_last_layers(onnx.load(prepared).graph),
            )
        except Exception as error:
            target.unlink(missing_ok=True)
            raise ModelError(f"{source}: expected a model that can be quantised, found: {error}") from error
    return len(files)


def _no_onnx(source: Path, error: ImportError) -> ModelError:
    return ModelError(
        f"{source}: expected the package onnx for INT8, found: {error}; install it with `pip install onnx`"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _last_layers(graph: Any) -> list[str]:
    """Names of the convolutions that reach an output without another one behind them."""
    made_by = {name: node for node in graph.node for name in node.output}
    names, seen = [], set()
    waiting = [made_by[output.name] for output in graph.output if output.name in made_by]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.op_type == "Conv":
            names.append(node.name)
        else:
            waiting += [made_by[name] for name in node.input if name in made_by]
    return names


def _inputs(model: OnnxModel, files: list[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        planes, _ = model.prepare([read_picture(file)])
        yield {model.signature.input_name: planes}
