"""The detector."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from agent.config.kinds import AnyPath
from agent.config.sections.section import Section, Text
from agent.core.quantities import Seconds

AgentClass = Literal[
    "person",
    "bicycle",
    "motorcycle",
    "car",
    "bus",
    "truck",
    "garbage",
    "bin",
    "stall",
    "goods",
    "umbrella",
    "table",
    "chair",
    "cart",
]  # taxonomy.CLASSES, spelt out for the type checker; a test holds the two together


class ModelConfig(Section):
    """The detector, shared by all cameras."""

    id: Text = Field(
        "auto",
        description="A model of `cityeye models list`. auto: the one measured best on this box, else yolox-nano when "
        "it is installed, else the one that comes with the agent.",
    )
    file: AnyPath | None = Field(None, description="Instead of id: an ONNX file.", examples=["models/own.onnx"])
    folder: AnyPath = Field(Path("models"), description="Where the models lie that have an id.", validate_default=True)
    runtime: Literal["auto", "onnxruntime", "openvino"] = Field(
        "auto", description="What runs it; auto: what was measured best on this box, else onnxruntime."
    )
    family: Literal["auto", "yolox", "ultralytics", "end-to-end", "picodet"] = Field(
        "auto", description="How its output is to be read."
    )
    sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="Checksum that the model must have, hexadecimal.",
        examples=["695e750a" + "0" * 56],
    )
    classes: dict[Text, AgentClass | None] | None = Field(
        None,
        description="The model's labels and what each is to the agent, null to ignore it; all of them in the model's "
        "order, where the file does not name them. Default: labels that mean the same by name.",
        examples=[{"pickup": "truck"}],
    )
    min_score: float = Field(
        0.1, gt=0, lt=1, description="Detections below are dropped; a rule's min_score decides what is believed."
    )
    iou: float = Field(0.5, gt=0, lt=1, description="Overlap (IoU) from which two boxes are one object (NMS).")
    workers: int = Field(
        0, ge=0, le=64, description="Cameras that are looked at at the same time; 0: one for each CPU of the agent."
    )
    threads: int = Field(1, ge=1, le=64, description="CPU threads of one detection.")
    batch: int = Field(
        1, ge=1, le=16, description="Cameras whose pictures are shown to the model together, where it takes several."
    )
    recheck: Seconds = Field(
        10.0,
        ge=0,
        le=60,
        description="Longest rest of the model while a camera's zones look the same; 0s: it is shown each picture.",
    )
