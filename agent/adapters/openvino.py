"""Running ONNX files with Intel's OpenVINO, where the extra `openvino` is installed: faster on some processors.

Only the run is here. Families, letterbox and labels are those of `adapters.onnx`.
"""

from __future__ import annotations

from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from agent.core.errors import ModelError
from agent.core.types import Floats


class OpenVinoModel:
    """A compiled model. Safe to call from several threads: each run takes a request of its own."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._idle: SimpleQueue[Any] = SimpleQueue()

    @staticmethod
    def load(path: Path, *, input_px: tuple[int, int], threads: int) -> OpenVinoModel:
        """Compile a model file for this processor, for one picture at a time.

        Args:
            input_px: width and height of its input.
            threads: threads of one run.

        Raises:
            ModelError: OpenVINO is not installed, or cannot run this model.
        """
        try:
            import openvino
        except ImportError as error:
            raise ModelError(
                f"{path}: expected OpenVINO to run it, found: {error}; install it with "
                "`pip install 'city-eye-agent[openvino]'`, or set model.runtime to onnxruntime"
            ) from error
        width, height = input_px
        try:
            core = openvino.Core()
            model = core.read_model(path)
            model.reshape([1, 3, height, width])
            # Full precision, as the other runtime has it: the figures were measured with that.
            settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
            compiled = core.compile_model(model, "CPU", settings)
        except RuntimeError as error:
            raise ModelError(
                f"{path}: expected a model that OpenVINO can run, found: {str(error).strip()}; set model.runtime to "
                "onnxruntime"
            ) from error
        return OpenVinoModel(compiled)

    def run(self, planes: Floats) -> list[Floats]:
        """The raw outputs for a prepared (1, 3, h, w) float32 input."""
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._compiled.create_infer_request()
        try:
            request.infer([planes])
            return [np.array(request.get_output_tensor(i).data) for i in range(len(self._compiled.outputs))]
        finally:
            self._idle.put(request)
