"""How fast and how large a model is here, and whether its runtime computes what the reference does.

Each measurement runs in a process of its own, so that memory is the model's alone and a runtime that crashes takes
only its own line with it.
"""

from __future__ import annotations

import gc
import multiprocessing
import statistics
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.adapters.clock import SystemClock
from agent.adapters.labelled import LabelledPicture, label_list, labelled_pictures
from agent.adapters.onnx.detector import OnnxDetector
from agent.adapters.onnx.families import Candidates
from agent.adapters.onnx.labels import SYNONYMS, UNMAPPED
from agent.adapters.onnx.model import OnnxModel
from agent.core.errors import ModelError
from agent.core.scoring.accuracy import Scored, iou, map50
from agent.core.taxonomy import CLASS_IDS
from agent.core.types import Floats, Image

REFERENCE = "onnxruntime"
ROUNDS, WARM_UP = 15, 3
COMPARED = 20
"""How many of the reference's best candidates the other runtime must find again."""
BOX_IOU, SCORE_STEP = 0.9, 0.02
"""How much a found-again candidate must overlap, and how far its score may be off."""
LEAST_SCORE = 0.01
_PICTURE_PX = (1280, 720)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to measure.

    Attributes:
        threads: of the run with all threads.
        labelled: folder for the accuracy, or None.
        truth: what its labels mean, see `truth_table`; None: what they mean to this model.
    """

    path: Path
    family: str
    classes: dict[str, str | None] | None
    runtime: str
    threads: int
    labelled: Path | None = None
    truth: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured. Times are medians for one picture, prepared and decoded.

    Attributes:
        agrees: whether it finds what the reference finds; the reference itself does.
        map50: over the agent's classes that are labelled; None without labelled pictures.
        error: why nothing was measured.
    """

    ms_one: float = 0.0
    ms_all: float = 0.0
    memory_mib: float = 0.0
    agrees: bool = False
    map50: float | None = None
    error: str | None = None


def measured(task: Task) -> Figures:
    """Measure in a process of its own; an error comes back in the figures."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        try:
            return pool.submit(measure, task).result()
        except BrokenProcessPool:
            return Figures(error=f"{task.runtime} crashed with this model")


def measure(task: Task) -> Figures:
    """Measure in this process."""
    pictures = [street_like(seed) for seed in range(3)]
    before = _resident_mib()
    try:
        model = OnnxModel.load(task.path, family=task.family, threads=1, runtime=task.runtime)
        ms_one = _median_ms(model, pictures)
        gc.collect()
        memory = _resident_mib() - before
        agrees = task.runtime == REFERENCE or _agree(task, model, pictures)
        many = OnnxModel.load(task.path, family=task.family, threads=task.threads, runtime=task.runtime)
        figures = Figures(ms_one=ms_one, ms_all=_median_ms(many, pictures), memory_mib=memory, agrees=agrees)
        return replace(figures, map50=accuracy(task) if task.labelled else None)
    except ModelError as error:
        return Figures(error=str(error))


def accuracy(task: Task) -> float | None:
    """mAP50 on the labelled pictures, over the agent's classes that are labelled there; others do not count."""
    return map50(scored_pictures(task))


def scored_pictures(task: Task) -> list[Scored]:
    """What is found in the labelled pictures beside what is there, in the agent's classes. Raises ModelError."""
    assert task.labelled is not None
    detector = OnnxDetector.load(
        task.path, family=task.family, classes=task.classes, min_score=LEAST_SCORE, runtime=task.runtime
    )
    truth = truth_table(task.labelled, task.classes or {}) if task.truth is None else task.truth
    scored = []
    for picture in labelled_pictures(task.labelled):
        classes = true_classes(task.labelled, picture, truth)
        (seen,) = detector.detect([picture.image])
        known = classes != UNMAPPED
        scored.append(
            Scored(
                boxes=seen.boxes_px,
                scores=seen.scores,
                classes=seen.class_ids.astype(np.int64),
                truth=picture.boxes_px[known],
                truth_classes=classes[known],
            )
        )
    return scored


def truth_table(folder: Path, meanings: Mapping[str, str | None]) -> tuple[int, ...]:
    """Label number of the labelled pictures to the agent's class id, or `UNMAPPED`, by its name in `data.yaml`.

    Args:
        meanings: label to agent class; labels that are not there mean the class of their name.

    Raises:
        ModelError: there is no `data.yaml`: numbers alone could mean anything.
    """
    names = label_list(folder)
    if names is None:
        raise ModelError(
            f"{folder}: expected a data.yaml with the `names` of the labels there or above it, found none; write "
            "for example `names: [heap, stall]`, in the order of the label numbers"
        )
    said = {label: name for label, name in meanings.items() if name is not None}
    meant = [said.get(name, SYNONYMS.get(name, name)) for name in names]
    return tuple(CLASS_IDS.get(name, UNMAPPED) for name in meant)


def true_classes(folder: Path, picture: LabelledPicture, truth: tuple[int, ...]) -> NDArray[np.int64]:
    """The agent's class id, or `UNMAPPED`, of each label of a picture. Raises ModelError for a number without name."""
    if unknown := sorted({int(label) for label in picture.labels if not 0 <= label < len(truth)}):
        raise ModelError(
            f"{folder}: expected labels 0 to {len(truth) - 1}, found {unknown[-1]}; name every label in `names` of "
            "its data.yaml"
        )
    return np.array(truth, np.int64)[picture.labels]


def street_like(seed: int) -> Image:
    """A picture with some structure, always the same one: no picture has to travel with the agent."""
    random = np.random.default_rng(seed)
    width, height = _PICTURE_PX
    image = np.full((height, width, 3), 110, np.uint8)
    for _ in range(40):
        x, y = random.integers(0, width - 40), random.integers(0, height - 40)
        w, h = random.integers(20, 320), random.integers(20, 240)
        image[y : y + h, x : x + w] = random.integers(0, 256, 3)
    noisy: Image = np.clip(image.astype(np.int16) + random.integers(-12, 13, image.shape), 0, 255).astype(np.uint8)
    return noisy


def _median_ms(model: OnnxModel, pictures: list[Image]) -> float:
    clock, times = SystemClock(), []
    for i in range(WARM_UP + ROUNDS):
        start = clock.now().mono_s
        model.look([pictures[i % len(pictures)]], 0.1)
        times.append(clock.now().mono_s - start)
    return statistics.median(times[WARM_UP:]) * 1000


def _agree(task: Task, model: OnnxModel, pictures: list[Image]) -> bool:
    reference = OnnxModel.load(task.path, family=task.family, threads=1)
    pairs = zip(reference.look(pictures, 0.0), model.look(pictures, 0.0), strict=True)
    return all(found_again(expected, found) for (expected, _), (found, _) in pairs)


def found_again(expected: Candidates, found: Candidates) -> bool:
    """Whether the best candidates are among the others: same label, nearly the same box and score.

    Not number by number: heads that sort their rows swap equals.
    """
    best = np.argsort(-expected.scores, kind="stable")[:COMPARED]
    overlap = iou(_sized(expected.boxes[best]), _sized(found.boxes))
    same = (
        (overlap >= BOX_IOU)
        & (expected.labels[best][:, None] == found.labels[None, :])
        & (np.abs(expected.scores[best][:, None] - found.scores[None, :]) <= SCORE_STEP)
    )
    return bool(same.any(axis=1).all())


def _sized(boxes: Floats) -> Floats:
    """Boxes of one pixel at least: the overlap of boxes without area says nothing."""
    return np.concatenate([boxes[:, :2], np.maximum(boxes[:, 2:], boxes[:, :2] + 1)], axis=1).astype(np.float32)


def _resident_mib() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
