"""`cityeye reference reset` with names that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.commands import run

CONFIG = """\
mqtt: {host: broker}
storage: {folder: data}
cameras:
  - {id: gate, url: "rtsp://192.168.1.64/x", zones: [{id: kerb, polygon: [[0, 0], [1, 0], [1, 1]]}]}
  - {id: yard, url: "rtsp://192.168.1.65/x"}
"""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gaet"], "CAMERA: expected one of gate, yard, found gaet; did you mean gate?\n"),
        (["gate", "nope"], "ZONE: expected one of kerb, found nope\n"),
        (["yard", "kerb"], "ZONE: expected one of -, found kerb\n"),
        (["gaet", "--lang", "zh"], "CAMERA：应为 gate, yard 之一，实际为 gaet；是否想写 gate？\n"),
    ],
)
def test_names_that_are_not_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], told: str
) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    assert run(capsys, "reference", "reset", *arguments, "-c", tmp_path / "c.yaml") == (2, "", told)
