"""Commands as they are called, and a configuration that is good."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli import main

GOOD = """\
mqtt: {host: broker}
cameras:
  - id: gate
    name: 东门
    url: rtsp://192.168.1.64/x
    zones: [{id: kerb, polygon: [[0, 0], [1, 0], [1, 1]], rules: {illegal_parking: {}}}]
"""


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    """Exit code, what was printed, and what was complained of."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in argv])
    out, err = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, out, err


def write(folder: Path, text: str) -> Path:
    """A configuration file, and the model that it takes by default."""
    (folder / "models").mkdir()
    (folder / "models/yolox_nano.onnx").touch()
    file = folder / "c.yaml"
    file.write_text(text, encoding="utf-8")
    return file
