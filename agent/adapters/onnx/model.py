"""One checked model file: pictures in, candidates with the model's own labels out."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort

from agent.adapters.onnx.families import FAMILIES, Candidates, Family, Signature
from agent.adapters.onnx.letterbox import Placement, fit
from agent.adapters.openvino import OpenVinoModel
from agent.core.errors import ModelError
from agent.core.types import Floats, Image

MAX_BATCH = 8
"""Pictures per run of a model with a dynamic batch; bounds the memory of activations."""

_LFS_POINTER = b"version https://git-lfs"
_ERRORS_ONLY = 3
ORT_ERRORS = (
    ort.EPFail,
    ort.Fail,
    ort.InvalidArgument,
    ort.InvalidGraph,
    ort.InvalidProtobuf,
    ort.NoModel,
    ort.NoSuchFile,
    ort.NotImplemented,
    ort.RuntimeException,
    RuntimeError,
)
"""onnxruntime's own exceptions have no common base but Exception."""


Run = Callable[[Floats], list[Floats]]
"""The raw outputs for a prepared (B, 3, h, w) float32 input. Called by several threads."""


def mismatch(path: Path, expected: str, found: str, mend: str) -> ModelError:
    """A ModelError that says where, what was expected, what was found and how to mend it."""
    return ModelError(f"{path}: expected {expected}, found {found}; {mend}")


class OnnxModel:
    """A loaded model. Safe to call from several threads: a run changes nothing here.

    `run` gives the raw outputs for a prepared input.
    """

    def __init__(self, run: Run, family: Family, signature: Signature, batch: int, path: Path) -> None:
        self.run = run
        self._batch = batch
        self.family = family
        self.signature = signature
        self.path = path

    @staticmethod
    def load(path: Path, *, family: str = "auto", threads: int = 1, runtime: str = "onnxruntime") -> OnnxModel:
        """Open a model file, run it once on a grey picture and find out what its outputs mean.

        Args:
            path: the .onnx file.
            family: a name from `FAMILIES`, or `auto`.
            threads: threads of one run.
            runtime: what runs it, `onnxruntime` or `openvino`. onnxruntime checks the file in any case.

        Raises:
            ModelError: the file is missing, corrupt, its shapes fit no known family, or the runtime cannot run it.
        """
        session = session_of(path, path, threads)
        input_px, batch = _input_of(session, path)
        name = session.get_inputs()[0].name
        planes = np.full((1, 3, input_px[1], input_px[0]), 0.5, np.float32)
        try:
            outputs = session.run(None, {name: planes})
        except ORT_ERRORS as error:
            raise mismatch(path, "a model that runs", str(error), "export it again or update onnxruntime") from error
        signature = Signature(
            input_name=name,
            input_px=input_px,
            output_shapes=tuple(tuple(np.shape(output)) for output in outputs),
            metadata=dict(session.get_modelmeta().custom_metadata_map),
        )
        known = _family_of(signature, family, path)
        if runtime == "openvino":
            openvino = OpenVinoModel.load(path, input_px=input_px, threads=threads)
            return OnnxModel(openvino.run, known, signature, 1, path)
        return OnnxModel(lambda planes: session.run(None, {name: planes}), known, signature, batch, path)

    def look(self, images: Sequence[Image], min_score: float) -> list[tuple[Candidates, Placement]]:
        """Candidates of each (H, W, 3) uint8 BGR picture, in input pixels, and where the picture lay there."""
        seen = []
        for start in range(0, len(images), self._batch):
            chunk = images[start : start + self._batch]
            planes, placements = self.prepare(chunk)
            outputs = self.run(planes)
            for i, placement in enumerate(placements):
                seen.append((self.family.decode(outputs, i, min_score), placement))
        return seen

    def prepare(self, images: Sequence[Image]) -> tuple[Floats, list[Placement]]:
        """The (B, 3, h, w) float32 input for some pictures, and where each lies in it."""
        width, height = self.signature.input_px
        planes = np.empty((len(images), 3, height, width), np.float32)
        return planes, [fit(image, self.family.style, planes[i]) for i, image in enumerate(images)]

    def own_labels(self) -> tuple[str, ...] | None:
        """The label names written in the file (`names`, as Ultralytics does), or None.

        Raises:
            ModelError: the names are unreadable or their number differs from the outputs'.
        """
        text = self.signature.metadata.get("names")
        if text is None:
            return None
        try:
            names = ast.literal_eval(text)
            labels = tuple(str(names[i]) for i in range(len(names)))
        except (ValueError, SyntaxError, KeyError, TypeError) as error:
            raise mismatch(
                self.path, "metadata `names` such as {0: 'car'}", repr(text[:80]), "export it again"
            ) from error
        if len(labels) != self.family.label_count:
            expected = f"{self.family.label_count} names for the {self.family.label_count} classes of the output"
            mend = "export a detection model (not pose, segmentation or OBB) together with its own names"
            raise mismatch(self.path, expected, f"{len(labels)} names in the file", mend)
        return labels


def file_sha256(path: Path, expected: str | None) -> str:
    """The SHA-256 of a model file that is there and looks like one.

    Raises:
        ModelError: missing, empty, a git-lfs pointer, or another hash than expected.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        found = error.strerror or str(error)
        raise mismatch(path, "a model file", found, "check the path and the file's permissions") from error
    if not data:
        raise mismatch(path, "an ONNX model", "an empty file", "download it again")
    if data.startswith(_LFS_POINTER):
        raise mismatch(path, "an ONNX model", "a git-lfs pointer", "run `git lfs pull`, or download the file itself")
    digest = hashlib.sha256(data).hexdigest()
    if expected is not None and digest != expected.lower():
        mend = "download it again, or correct `model.sha256` when the new file is meant"
        raise mismatch(path, f"sha256 {expected.lower()}", f"sha256 {digest}", mend)
    return digest


def session_of(model: Path | bytes, path: Path, threads: int, *, arena: bool = True) -> onnxruntime.InferenceSession:
    """Open a model file, or its content; `path` is for the error's sake. Raises ModelError.

    Args:
        arena: keep the memory of one run for the next; not for what runs now and then.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.enable_cpu_mem_arena = arena
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads must not spin: the cores belong to the decoders in the meantime.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except ORT_ERRORS as error:
        raise mismatch(path, "an ONNX model", str(error), "download or export it again") from error


def _input_of(session: onnxruntime.InferenceSession, path: Path) -> tuple[tuple[int, int], int]:
    """Width and height of the input, and how many pictures fit into one run."""
    initial = {i.name for i in session.get_overridable_initializers()}
    inputs = [i for i in session.get_inputs() if i.name not in initial]
    expected = "one float32 input [1 or dynamic, 3, height, width]"
    found = "; ".join(f"{i.name} {i.type} {list(i.shape)}" for i in inputs) or "no input"
    mend = "export with a fixed picture size, NCHW, FP32 (Ultralytics: dynamic=False, half=False)"
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
        raise mismatch(path, expected, found, mend)
    batch, channels, height, width = inputs[0].shape
    if not (isinstance(height, int) and isinstance(width, int)):
        height, width = _declared_size(session.get_modelmeta().custom_metadata_map.get("imgsz"))
    if channels != 3 or (batch != 1 and isinstance(batch, int)) or min(height, width) < 32:
        raise mismatch(path, expected, found, mend)
    return (width, height), 1 if batch == 1 else MAX_BATCH


def _declared_size(imgsz: str | None) -> tuple[int, int]:
    """Height and width from Ultralytics' metadata `[640, 640]`, or zeros."""
    try:
        size: Any = ast.literal_eval(imgsz or "")
    except (ValueError, SyntaxError):
        return 0, 0
    match size:
        case [int(height), int(width)] | (int(height), int(width)):
            return height, width
    return 0, 0


def _family_of(signature: Signature, wanted: str, path: Path) -> Family:
    if wanted != "auto" and wanted not in FAMILIES:
        raise mismatch(path, "family auto, " + " or ".join(FAMILIES), wanted, "correct `model.family`")
    tried = FAMILIES if wanted == "auto" else {wanted: FAMILIES[wanted]}
    for family in tried.values():
        if found := family.of(signature):
            return found
    expected = " or ".join(f"{name} {family.expected(signature.input_px)}" for name, family in tried.items())
    shapes = ", ".join(str(list(shape)) for shape in signature.output_shapes)
    mend = "use a model of these families, exported without built-in NMS"
    raise mismatch(path, f"outputs {expected}", f"outputs {shapes}", mend)
