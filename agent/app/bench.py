"""Which model, run by what, is best on this box: measured, not guessed."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.download import sha256_of
from agent.adapters.onnx.int8 import quantise
from agent.adapters.onnx.measure import REFERENCE, Figures, Task, measured
from agent.config.catalogue import (
    Catalogue,
    Choice,
    Measured,
    ModelEntry,
    Runtime,
    read_catalogue,
    save_choice,
    save_local,
)
from agent.core.errors import ModelError

RUNTIMES: tuple[Runtime, ...] = ("onnxruntime", "openvino")
SAME_ACCURACY = 0.01
"""mAP50 below which two models count as equally good, and above which INT8 loses too much."""
PUBLIC_SET = "coco128"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRow:
    """One model run by one runtime. `map50` is None unless comparable: on the labelled pictures, else on coco128."""

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
    for entry in chosen:
        map50: float | None = None
        for runtime in available_runtimes():
            told(f"{entry.id} / {runtime}")
            row = _row(catalogue, entry, runtime, labelled if runtime == REFERENCE else None, map50)
            map50 = row.map50
            yield row


def _row(
    catalogue: Catalogue, entry: ModelEntry, runtime: Runtime, labelled: Path | None, before: float | None
) -> BenchRow:
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
            labelled=labelled,
        )
    )
    # What agrees with the reference finds the same: its accuracy need not be measured again.
    known = figures.map50 if figures.map50 is not None else before
    return BenchRow(
        entry=entry, runtime=runtime, figures=figures, map50=entry.map50(PUBLIC_SET) if known is None else known
    )


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


def bench_int8(
    folder: Path, best: BenchRow, *, pictures: Path, labelled: Path, told: Callable[[str], None]
) -> tuple[list[BenchRow], BenchRow | None]:
    """Quantise a model, measure it, and keep it only when it is quicker here and loses less than a point of mAP50.

    Returns:
        All that was measured, and the one that was kept or None.

    Raises: ModelError: it cannot be quantised.
    """
    catalogue = read_catalogue(folder)
    entry = best.entry
    name = f"{entry.id}-int8"
    target = folder / f"{name}.onnx"
    told(f"{name} / INT8")
    quantise(catalogue.path(entry), target, family=entry.family, pictures=pictures)
    quantised = entry.model_copy(
        update={
            "id": name,
            "file": target.name,
            "url": None,
            "embedded": None,
            "sha256": sha256_of(target),
            "bytes": target.stat().st_size,
            "source": f"{entry.id}, quantised on this box",
            "measured": (),
        }
    )
    rows = []
    for runtime in available_runtimes():
        told(f"{name} / {runtime}")
        rows.append(_row(catalogue, quantised, runtime, labelled, None))
    kept = min((row for row in rows if _worth_it(row, best)), key=lambda row: row.figures.ms_one, default=None)
    if kept is None:
        target.unlink()
    else:
        save_local(folder, quantised.model_copy(update={"measured": _figures(kept)}))
    return rows, kept


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
