"""Fine-tunes an Ultralytics network on your own labelled pictures and says, on pictures it never saw, how good it is.

Needs the extra `train`. The folder is in YOLO's layout: `images/`, `labels/` and a `data.yaml` with the `names`, or
Roboflow's `train/`, `valid/`, `test/`. Pictures are divided into train, watched (stops the training) and held back
(judges the result only); pictures that come from one original stay together. docs/models.md is the guide.

    python scripts/train_model.py my-pictures --id my-street --base yolo11n.pt --map heap=garbage
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from export_model import class_map, export_and_import  # type: ignore[import-not-found]

from agent import __version__
from agent.adapters.labelled import label_list, picture_files
from agent.adapters.onnx.measure import Task, scored_pictures
from agent.app.models import Imported
from agent.core.errors import CityEyeError, ModelError
from agent.core.scoring.accuracy import Scored, ap50_by_class, iou
from agent.core.taxonomy import CLASSES

WATCHED, HELD_BACK = 0.15, 0.15
"""Shares of the pictures that stop the training, and that judge the result."""
BELIEVED = 0.35
"""Score from which a rule believes a detection, by default: precision and recall are told there."""
SPLITS = ("train", "watched", "held-back")


@dataclass(frozen=True)
class Sample:
    """A picture and its label file."""

    picture: Path
    labels: Path


def samples_of(folder: Path) -> dict[str, list[Sample]]:
    """The pictures by split: as the folder divides them, else by a hash of their origin. Raises ModelError."""
    given = {"train": "train", "watched": "valid", "held-back": "test"}
    if all((folder / name / "images").is_dir() for name in given.values()):
        return {split: _samples(folder / name) for split, name in given.items()}
    divided: dict[str, list[Sample]] = {split: [] for split in SPLITS}
    for sample in _samples(folder):
        divided[_split(sample.picture)].append(sample)
    return divided


def _samples(folder: Path) -> list[Sample]:
    return [Sample(file.absolute(), folder / "labels" / f"{file.stem}.txt") for file in picture_files(folder)]


def _split(picture: Path) -> str:
    """The same picture always goes the same way, and variants of one original (`NAME.rf.HASH`) go together."""
    origin = picture.stem.partition(".rf.")[0]
    share = int(hashlib.sha256(origin.encode()).hexdigest()[:8], 16) / 2**32
    return "held-back" if share < HELD_BACK else "watched" if share < HELD_BACK + WATCHED else "train"


def lay_out(divided: dict[str, list[Sample]], names: Sequence[str], out: Path) -> Path:
    """The splits as folders of links, and the data.yaml that Ultralytics reads. Raises ModelError for an empty one."""
    for split, samples in divided.items():
        if not samples:
            raise ModelError(f"{split}: expected pictures in every split, found none; label more, 300 is a good start")
        for kind in ("images", "labels"):
            (out / split / kind).mkdir(parents=True, exist_ok=True)
        for sample in samples:
            _link(sample.picture, out / split / "images" / sample.picture.name)
            if sample.labels.exists():
                _link(sample.labels.absolute(), out / split / "labels" / sample.labels.name)
    data = out / "data.yaml"
    places = {"path": str(out.absolute()), "train": "train/images", "val": "watched/images", "names": list(names)}
    data.write_text(yaml.safe_dump(places, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return data


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    target.symlink_to(source)


def train(base: str, data: Path, out: Path, *, epochs: int, size: int, batch: int) -> Path:
    """Train; the best weights by the watched split."""
    from ultralytics import YOLO

    model = YOLO(base)
    model.train(
        data=str(data),
        epochs=epochs,
        imgsz=size,
        batch=batch,
        patience=max(10, epochs // 5),
        project=str(out.absolute()),
        name="run",
        exist_ok=True,
        pretrained=base.endswith(".pt"),
        plots=False,
        seed=0,
        workers=min(4, os.cpu_count() or 1),
    )
    return out / "run" / "weights" / "best.pt"


def at_threshold(pictures: Iterable[Scored], class_id: int) -> tuple[int, int, int]:
    """Right, wrong and missed detections of a class at the score that rules believe."""
    right = wrong = missed = 0
    for picture in pictures:
        chosen = (picture.classes == class_id) & (picture.scores >= BELIEVED)
        truth = picture.truth[picture.truth_classes == class_id]
        overlap = iou(picture.boxes[chosen], truth) >= 0.5
        hits = int(overlap.any(axis=0).sum()) if overlap.size else 0
        right, wrong, missed = right + hits, wrong + int(chosen.sum()) - hits, missed + len(truth) - hits
    return right, wrong, missed


def card(taken: Imported, divided: dict[str, list[Sample]], scored: list[Scored], told: dict[str, object]) -> str:
    """The model card: what it is, what it was made of, and how good it is on the pictures it never saw."""
    entry, by_class = taken.entry, ap50_by_class(scored)
    lines = [
        f"# {entry.id}",
        "",
        *(f"- {key}: {value}" for key, value in told.items()),
        f"- family {entry.family}, input {entry.input_px[0]}x{entry.input_px[1]}, sha256 `{entry.sha256}`",
        f"- licence: {entry.licence}",
        f"- made with City Eye agent {__version__}",
        "",
        "| split | pictures | labelled objects |",
        "|---|---|---|",
        *(f"| {split} | {len(divided[split])} | {_objects(divided[split])} |" for split in SPLITS),
        "",
        f"On the held-back pictures, as the agent itself sees them (IoU 0.5; right, wrong and missed at {BELIEVED}):",
        "",
        "| class | AP50 | right | wrong | missed |",
        "|---|---|---|---|---|",
    ]
    for class_id, ap50 in by_class.items():
        right, wrong, missed = at_threshold(scored, class_id)
        lines.append(f"| {CLASSES[class_id]} | {ap50:.3f} | {right} | {wrong} | {missed} |")
    mean = float(np.mean(list(by_class.values()))) if by_class else 0.0
    few = "" if len(divided["held-back"]) >= 50 else " Fewer than 50 pictures: take the figures as a hint only."
    return "\n".join([*lines, "", f"mAP50 {mean:.3f}.{few}", ""])


def _objects(samples: list[Sample]) -> int:
    files = (sample.labels for sample in samples if sample.labels.exists())
    return sum(Counter(bool(line.strip()) for line in file.read_text().splitlines())[True] for file in files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="labelled folder in YOLO's layout")
    parser.add_argument("--id", required=True, help="id of the model, for model.id")
    parser.add_argument("--base", default="yolo11n.pt", help="weights to start from, or a .yaml for none")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--map", action="append", default=[], metavar="LABEL=CLASS", help="label to the agent's class")
    parser.add_argument("--out", type=Path, default=Path("out/training"), help="working folder; the card lies there")
    parser.add_argument("--folder", type=Path, default=Path("models"), help="models folder")
    chosen = parser.parse_args()
    try:
        print(run(chosen))
    except CityEyeError as error:
        sys.exit(str(error))


def run(chosen: argparse.Namespace) -> str:
    """The whole way, to the text of the card. Raises ModelError."""
    names = label_list(chosen.pictures)
    if names is None:
        raise ModelError(f"{chosen.pictures}: expected a data.yaml with the `names` of the labels, found none")
    divided = samples_of(chosen.pictures)
    out = chosen.out / chosen.id
    data = lay_out(divided, names, out)
    best = train(chosen.base, data, out, epochs=chosen.epochs, size=chosen.imgsz, batch=chosen.batch)
    classes = class_map(chosen.map)
    taken = export_and_import(
        best, chosen.folder, model_id=chosen.id, size=chosen.imgsz, classes=classes, end_to_end=False
    )
    task = Task(
        path=taken.path,
        family=taken.entry.family,
        classes=classes,
        runtime="onnxruntime",
        threads=1,
        labelled=out / "held-back",
    )
    told = {"trained on": chosen.pictures.name, "started from": chosen.base, "epochs, at most": chosen.epochs}
    text = card(taken, divided, scored_pictures(task), told)
    (out / "CARD.md").write_text(text, encoding="utf-8")
    return f"{text}\n{out / 'CARD.md'} holds this; use it with  model: {{id: {chosen.id}}}"


if __name__ == "__main__":
    main()
