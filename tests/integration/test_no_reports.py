"""onnxruntime's reports to its maker are off: loading and running a model leaves nothing in the home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUPPRESSED_BY = ("CI", "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY", "TF_BUILD", "GITHUB_ACTIONS")
"""Variables with which onnxruntime reports nothing of itself; a box in a street has none of them."""
LOOK = """
import numpy as np
from pathlib import Path
from agent.adapters.onnx import OnnxDetector

detector = OnnxDetector.load(Path("models/street-nano.onnx"))
detector.detect([np.zeros((416, 416, 3), np.uint8)])
"""


def test_a_look_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in SUPPRESSED_BY}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*")) == []
