"""Which model, run by what, is best on this box: measured, not guessed."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from agent.adapters.download import sha256_of
from agent.adapters.labelled import labelled_pictures, picture_files
from agent.adapters.onnx.int8 import is_quantised, quantise
from agent.adapters.onnx.labels import UNMAPPED
from agent.adapters.onnx.measure import REFERENCE, Figures, Task, measured, true_classes, truth_table
from agent.config.catalogue import (
    Catalogue,
    Choice,
    Measured,
    ModelEntry,
    Runtime,
    forget_local,
    read_catalogue,
    save_choice,
    save_local,
)
from agent.core.errors import ModelError

RUNTIMES: tuple[Runtime, ...] = ("onnxruntime", "openvino")
SAME_ACCURACY = 0.01
"""mAP50 below which two models count as equally good, and above which INT8 loses too much."""
PUBLIC_SET = "coco128"
LEAST_LABELLED = 50
"""Labelled pictures without which a point of mAP50 says nothing."""


class Obstacle(StrEnum):
    """Why INT8 of a model is not tried."""

    ALREADY = "already"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Labelled pictures, and the class id of each of their labels: one truth for all models."""

    folder: Path
    truth: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRow:
    """One model run by one runtime. `map50`: on the labelled pictures; without such, the list's on coco128, or None."""

    entry: ModelEntry
    runtime: Runtime
    figures: Figures
    map50: float | None

    @property
    def usable(self) -> bool:
        """Whether it ran and computes what it should."""
        return self.figures.error is None and self.figures.agrees


def available_runtimes() -> tuple[Runtime, ...]:
    """What is installed here."""
    return tuple(runtime for runtime in RUNTIMES if importlib.util.find_spec(runtime) is not None)


def bench_models(
    folder: Path, *, ids: Sequence[str] = (), labelled: Path | None = None, told: Callable[[str], None]
) -> Iterator[BenchRow]:
    """Measure every installed detector with every runtime.

    Args:
        ids: only these. labelled: pictures in YOLO's layout, for the accuracy.
        told: called with what is measured next.

    Raises: ModelError: an unknown or missing model, or nothing to measure.
    """
    catalogue = read_catalogue(folder)
    entries = [catalogue.entry(name) for name in ids] or list(catalogue.entries.values())
    chosen = [entry for entry in entries if entry.purpose == "detector" and catalogue.installed(entry)]
    if not chosen or (ids and len(chosen) < len(ids)):
        missing = ", ".join(entry.id for entry in entries if entry not in chosen) or "nothing"
        raise ModelError(
            f"{folder}: expected detectors to measure, not there: {missing}; cityeye models pull yolox-nano"
        )
    known = None if labelled is None else _labelled(catalogue, labelled)
    for entry in chosen:
        map50 = entry.map50(PUBLIC_SET) if known is None else None
        for runtime in available_runtimes():
            told(f"{entry.id} / {runtime}")
            row = _row(catalogue, entry, runtime, known if runtime == REFERENCE else None, map50)
            map50 = row.map50
            yield row


def check_enough(labelled: Path) -> None:
    """Raises ModelError: too few labelled pictures to judge INT8 by."""
    pictures = picture_files(labelled)
    count = sum((labelled / "labels" / f"{file.stem}.txt").is_file() for file in pictures)
    if count < LEAST_LABELLED:
        raise ModelError(
            f"{labelled}: expected at least {LEAST_LABELLED} labelled pictures to judge INT8 by, found {count}; label "
            "more, or leave out --calibrate"
        )


def _labelled(catalogue: Catalogue, folder: Path) -> Labelled:
    """The labelled pictures, looked through. Raises ModelError: nothing that any model could be measured by."""
    labelled = Labelled(folder=folder, truth=truth_table(folder, _meanings(catalogue)))
    counts = [
        bool((true_classes(folder, picture, labelled.truth) != UNMAPPED).any()) for picture in labelled_pictures(folder)
    ]
    if not any(counts):
        raise ModelError(
            f"{folder}: expected labelled objects of the agent's classes, found none; name the labels in data.yaml "
            "like the classes, or import your model with `--map LABEL=CLASS`"
        )
    return labelled


def _meanings(catalogue: Catalogue) -> dict[str, str | None]:
    """What the site's own models say their labels mean. Raises ModelError when they contradict each other."""
    meanings: dict[str, str | None] = {}
    for model_id in sorted(catalogue.local_ids):
        for label, name in (catalogue.entry(model_id).label_classes or {}).items():
            if name is None:
                continue
            if meanings.setdefault(label, name) != name:
                raise ModelError(
                    f"label {label}: expected one meaning, found {meanings[label]} and, in {model_id}, {name}; import "
                    "one of the models again with another --map"
                )
    return meanings


def _row(
    catalogue: Catalogue, entry: ModelEntry, runtime: Runtime, labelled: Labelled | None, known: float | None
) -> BenchRow:
    """Measure. `known`: its accuracy, when it is not measured: what agrees with the reference finds the same."""
    path = catalogue.path(entry)
    if sha256_of(path) != entry.sha256:
        wrong = Figures(error=f"{path}: not the file of this model; cityeye models verify {entry.id}")
        return BenchRow(entry=entry, runtime=runtime, figures=wrong, map50=None)
    figures = measured(
        Task(
            path=path,
            family=entry.family,
            classes=dict(entry.label_classes) if entry.label_classes else None,
            runtime=runtime,
            threads=os.cpu_count() or 1,
            labelled=labelled.folder if labelled else None,
            truth=labelled.truth if labelled else None,
        )
    )
    return BenchRow(entry=entry, runtime=runtime, figures=figures, map50=figures.map50 if labelled else known)


def recommended(rows: Sequence[BenchRow], limit_ms: float) -> BenchRow | None:
    """The most accurate that is quick enough; among equally accurate ones the quickest; None when nothing is usable."""
    usable = [row for row in rows if row.usable]
    quick = [row for row in usable if row.figures.ms_one <= limit_ms]
    if not quick:
        return min(usable, key=lambda row: row.figures.ms_one, default=None)
    best = max(_accuracy(row) for row in quick)
    equal = [row for row in quick if _accuracy(row) >= best - SAME_ACCURACY]
    return min(equal, key=lambda row: row.figures.ms_one)


def _accuracy(row: BenchRow) -> float:
    return -1.0 if row.map50 is None else row.map50


def int8_obstacle(folder: Path, best: BenchRow) -> Obstacle | None:
    """Why INT8 of a model is not to be tried: it is INT8, or would take the place of a file that is not bench's own.

    Raises: ModelError: the model cannot be read.
    """
    catalogue, (name, file) = read_catalogue(folder), _int8_names(best.entry)
    if is_quantised(catalogue.path(best.entry)):
        return Obstacle.ALREADY
    there = catalogue.entries.get(name)
    taken = (folder / file).exists() if there is None else there.source != _origin(best.entry)
    return Obstacle.TAKEN if taken else None


def _int8_names(entry: ModelEntry) -> tuple[str, str]:
    """Id and file name of its INT8 version."""
    name = f"{entry.id[:58]}-int8"  # an id has 63 characters at most
    return name, f"{name}.onnx"


def _origin(entry: ModelEntry) -> str:
    """What the list says of the INT8 version that bench made of a model: by it bench knows its own."""
    return f"{entry.id}, quantised on this box"


def bench_int8(
    folder: Path, best: BenchRow, *, pictures: Path, labelled: Path, told: Callable[[str], None]
) -> tuple[list[BenchRow], BenchRow | None]:
    """Quantise a model, measure it, and keep it only when it is quicker here and loses less than a point of mAP50.

    One that was kept before gives way to it, or goes.

    Returns:
        All that was measured, and the one that was kept or None.

    Raises: ModelError: it cannot be quantised, or `int8_obstacle` has something against it.
    """
    if obstacle := int8_obstacle(folder, best):
        raise ModelError(f"{best.entry.id}: expected a model that may be quantised, found: {obstacle}")
    check_enough(labelled)
    catalogue = read_catalogue(folder)
    known = Labelled(folder=labelled, truth=truth_table(labelled, _meanings(catalogue)))
    name, file = _int8_names(best.entry)
    new = folder / f".{file.removesuffix('.onnx')}.new.onnx"  # no model's name begins like this
    told(f"{name} / INT8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        quantise(catalogue.path(best.entry), new, family=best.entry.family, pictures=pictures)
        quantised, rows = _quantised(best.entry, new), []
        for runtime in available_runtimes():
            told(f"{name} / {runtime}")
            rows.append(_row(catalogue, quantised, runtime, known, None))
        rows = [replace(row, entry=row.entry.model_copy(update={"file": file})) for row in rows]
        kept = min((row for row in rows if _worth_it(row, best)), key=lambda row: row.figures.ms_one, default=None)
        _settle(catalogue, kept, name, new, folder / file)
    except OSError as error:
        raise ModelError(f"{folder}: expected a folder that can be written, found: {error.strerror}") from error
    finally:
        new.unlink(missing_ok=True)
    return rows, kept


def _quantised(entry: ModelEntry, file: Path) -> ModelEntry:
    """The list entry of a model's INT8 version."""
    return entry.model_copy(
        update={
            "id": _int8_names(entry)[0],
            "file": file.name,
            "url": None,
            "embedded": None,
            "sha256": sha256_of(file),
            "bytes": file.stat().st_size,
            "source": _origin(entry),
            "measured": (),
        }
    )


def _settle(catalogue: Catalogue, kept: BenchRow | None, name: str, new: Path, target: Path) -> None:
    """Put the new one in place and on the list, or take an earlier one away."""
    if kept is not None:
        new.replace(target)
        save_local(catalogue.folder, kept.entry.model_copy(update={"measured": _figures(kept)}))
    elif name in catalogue.local_ids:
        forget_local(catalogue.folder, name)
        target.unlink(missing_ok=True)


def _figures(row: BenchRow) -> tuple[Measured, ...]:
    return () if row.map50 is None else (Measured(set="labelled on this box", map50=round(row.map50, 3)),)


def _worth_it(row: BenchRow, best: BenchRow) -> bool:
    """Its outputs differ from the reference's by design, so that only the labelled pictures can judge it."""
    if row.figures.error is not None or row.map50 is None or best.map50 is None:
        return False
    return row.figures.ms_one < best.figures.ms_one and row.map50 > best.map50 - SAME_ACCURACY


def keep_choice(folder: Path, row: BenchRow) -> None:
    """Let `model.id: auto` mean this one on this box. Raises ModelError."""
    save_choice(
        folder,
        Choice(
            id=row.entry.id,
            runtime=row.runtime,
            sha256=row.entry.sha256,
            ms=round(row.figures.ms_one, 1),
            cpu=_processor(),
        ),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))), "")
