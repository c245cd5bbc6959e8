"""Training and export as an operator calls them, tiny and from random weights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from agent.adapters.onnx import OnnxModel
from agent.config.catalogue import read_catalogue
from tests.shared_data import shared

ROOT = Path(__file__).parents[2]


def script(name: str, *arguments: object, here: Path) -> str:
    command = [sys.executable, str(ROOT / "scripts" / name), *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "YOLO_CONFIG_DIR": str(here)}
    done = subprocess.run(command, cwd=here, env=env, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def flat_folder(folder: Path, count: int) -> Path:
    """Pictures that nobody divided yet."""
    source = shared("garbage", "garbage495_ccby")
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for file in sorted((source / "train/images").iterdir())[:count]:
        (folder / "images" / file.name).symlink_to(file)
        labels = source / "train/labels" / f"{file.stem}.txt"
        if labels.exists():
            (folder / "labels" / labels.name).symlink_to(labels)
    shutil.copy(source / "data.yaml", folder)
    return folder


def test_training_judges_on_pictures_it_never_saw(tmp_path: Path) -> None:
    pictures = flat_folder(tmp_path / "pictures", 40)
    options = ("--base", "yolo11n.yaml", "--epochs", 1, "--imgsz", 96, "--batch", 8)
    told = script("train_model.py", pictures, "--id", "tiny", *options, here=tmp_path)
    out = tmp_path / "out/training/tiny"
    assert (out / "CARD.md").read_text(encoding="utf-8") in told
    assert "| garbage | " in told
    splits = {
        name: {file.name for file in (out / name / "images").iterdir()} for name in ("train", "watched", "held-back")
    }
    assert len(set.union(*splits.values())) == sum(map(len, splits.values())) == 40
    assert all(splits.values())
    entry = read_catalogue(tmp_path / "models").entry("tiny")
    assert (entry.family, entry.input_px, entry.classes) == ("ultralytics", (96, 96), ("garbage",))


def test_export_of_a_network_with_a_head_of_its_own(tmp_path: Path) -> None:
    options = ("--imgsz", 96, "--map", "2=car", "--end-to-end")
    told = script("export_model.py", "yolo26n.yaml", "--id", "own", *options, here=tmp_path)
    assert "  2 -> car\n" in told
    assert OnnxModel.load(tmp_path / "models/own.onnx").family.name == "end-to-end"
