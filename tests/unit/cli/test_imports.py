"""What a command loads: a health check runs every few seconds and must cost little."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = {"av", "cv2", "onnxruntime", "paho"}
PROGRAM = """\
import sys
from agent.cli import main
try:
    main()
except SystemExit as end:
    print(end.code, *{name.partition(".")[0] for name in sys.modules})
"""
CONFIG = """\
mqtt: {host: broker}
cameras: [{id: gate, url: rtsp://192.168.1.64/x}]
"""


def loaded_by(*arguments: str) -> tuple[str, set[str]]:
    """Exit code of a command, and the packages that its process had loaded by then."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    code, *names = done.stdout.splitlines()[-1].split()
    return code, set(names)


@pytest.mark.parametrize(("command", "code"), [("alive", "1"), ("events", "1"), ("check", "0")])
def test_asking_loads_no_decoder_model_runtime_or_client(tmp_path: Path, command: str, code: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    ended, names = loaded_by(command, *(["--config"] if command != "check" else []), str(file))
    assert (ended, names & HEAVY) == (code, set())
    assert "agent" in names
