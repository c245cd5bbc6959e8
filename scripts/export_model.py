"""An Ultralytics network (.pt, or .yaml for one without training) as a model of this box, checked on the way.

Needs the extra `train`. Ultralytics is AGPL-3.0, its weights too unless you hold another licence: docs/models.md.

    python scripts/export_model.py best.pt --id my-street --map garbage=garbage
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.app.models import Imported, import_model
from agent.core.errors import CityEyeError

AGPL = "AGPL-3.0 (Ultralytics) unless you hold another licence"


def export(weights: Path, folder: Path, *, size: int, end_to_end: bool) -> Path:
    """Write the ONNX file into a folder: one picture, fixed size, full precision, as the agent wants it."""
    from ultralytics import YOLO

    source = str(weights)
    if weights.suffix == ".pt":  # a copy, since the export is written beside the weights
        source = str(shutil.copy(weights, str(folder / weights.name)))
    options = {"nms": False} if end_to_end else {}
    model = YOLO(source)
    if weights.suffix != ".pt":
        model.save(folder / f"{weights.stem}.pt")
        model = YOLO(folder / f"{weights.stem}.pt")
    return Path(model.export(format="onnx", imgsz=size, dynamic=False, batch=1, verbose=False, **options))


def class_map(maps: list[str]) -> dict[str, str | None] | None:
    """`label=class`, or `label=` to ignore it."""
    pairs = (text.rpartition("=") for text in maps)
    return {label: name or None for label, _, name in pairs} or None


def export_and_import(
    weights: Path, models: Path, *, model_id: str, size: int, classes: dict[str, str | None] | None, end_to_end: bool
) -> Imported:
    """Export, check with the agent's own loader, copy to the models folder and list it there."""
    with TemporaryDirectory() as folder:
        file = export(weights, Path(folder), size=size, end_to_end=end_to_end)
        return import_model(models, file, model_id=model_id, classes=classes, licence=AGPL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help=".pt, or the .yaml of a network without training")
    parser.add_argument("--id", required=True, help="id of the model, for model.id")
    parser.add_argument("--imgsz", type=int, default=640, help="width and height of the input; a multiple of 32")
    parser.add_argument("--end-to-end", action="store_true", help="keep the head without NMS of v10 and 26")
    parser.add_argument("--map", action="append", default=[], metavar="LABEL=CLASS", help="label to the agent's class")
    parser.add_argument("--folder", type=Path, default=Path("models"), help="models folder")
    chosen = parser.parse_args()
    try:
        taken = export_and_import(
            chosen.weights,
            chosen.folder,
            model_id=chosen.id,
            size=chosen.imgsz,
            classes=class_map(chosen.map),
            end_to_end=chosen.end_to_end,
        )
    except CityEyeError as error:
        sys.exit(str(error))
    print(f"{taken.path}: family {taken.entry.family}, input {taken.entry.input_px}")
    for label, name in taken.label_classes:
        print(f"  {label} -> {name or 'ignored'}")


if __name__ == "__main__":
    main()
