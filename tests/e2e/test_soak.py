"""`scripts/soak.py` for a minute: what the agent holds does not grow while cameras and broker come and go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cameras import need_simulated_camera
from tests.e2e.street import clip
from tests.shared_data import shared

pytestmark = pytest.mark.server

SCRIPT = Path(__file__).parents[2] / "scripts" / "soak.py"
SHORT = {"--minutes": "0.75", "--every-s": "12", "--end-after-s": "20", "--clip-s": "10", "--mib": "150"}


def test_threads_descriptors_and_database_files_stay_as_they_are(tmp_path: Path) -> None:
    need_simulated_camera()
    options = [word for pair in SHORT.items() for word in pair]
    options += ["--source", str(clip()), "--model", str(shared("models", "yolox_nano.onnx"))]
    report = tmp_path / "soak.md"
    command = [sys.executable, str(SCRIPT), *options, "--cache", str(tmp_path / "cache"), "--out", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    page = report.read_text(encoding="utf-8")
    assert "Nothing grew, everything came back." in page
    assert "the cameras' server was restarted" in page
    assert "the broker was restarted" in page
