"""`scripts/bench_capacity.py` from end to end, for seconds: real cameras, broker and agent; no figure is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cameras import need_simulated_camera
from tests.e2e.street import clip
from tests.shared_data import shared

pytestmark = pytest.mark.server

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench_capacity.py"
QUICK = {"--cameras": "2", "--stream": "sub", "--clip-s": "10", "--dwell-s": "6", "--warm-s": "10", "--window-s": "20"}


def test_two_cameras_are_measured_and_reported(tmp_path: Path) -> None:
    need_simulated_camera()
    options = [word for pair in QUICK.items() for word in pair]
    options += ["--source", str(clip()), "--model", str(shared("models", "yolox_nano.onnx")), "--retries", "0"]
    command = [
        sys.executable,
        str(SCRIPT),
        *options,
        "--out",
        str(tmp_path / "out"),
        "--cache",
        str(tmp_path / "cache"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=280)
    assert "Traceback" not in done.stderr, done.stderr
    page = (tmp_path / "out" / "capacity.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("| 2 | ")], page + done.stdout
    (series,) = json.loads((tmp_path / "out" / "capacity.json").read_text(encoding="utf-8"))
    (trial,) = series["trials"]
    assert [(camera["camera"], camera["state"]) for camera in trial["watched"]] == [
        ("c001", "online"),
        ("c002", "online"),
    ]
    assert all(camera["looks"] > 0 for camera in trial["watched"])
    assert trial["openings"] > 0
    assert trial["agent_cores"] > 0
    assert trial["holds"]["threads"] > 2
    assert (tmp_path / "out" / "capacity-cpu.svg").exists()
