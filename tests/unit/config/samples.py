"""A small good configuration, and ways to load text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from agent.config import Config, Lang, Report, inspect_text

HOME = Path(__file__).parent
SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))

BASE = """\
mqtt: {host: broker}
cameras:
  - id: gate
    url: rtsp://192.168.1.64/x
    zones:
      - id: kerb
        polygon: [[0, 0], [1, 0], [1, 1]]
        rules:
          illegal_parking: {}
"""


def good() -> dict[str, Any]:
    """A fresh small configuration as plain data."""
    return {
        "mqtt": {"host": "broker"},
        "cameras": [
            {
                "id": "gate",
                "url": "rtsp://192.168.1.64/Streaming/Channels/102",
                "zones": [
                    {"id": "kerb", "polygon": [list(point) for point in SQUARE], "rules": {"illegal_parking": {}}}
                ],
            }
        ],
    }


def read(text: str, *, home: Path = HOME, lang: Lang = "en", env: dict[str, str] | None = None) -> Report:
    """What the text comes to, in an environment of its own."""
    return inspect_text(text, file="c.yaml", home=home, lang=lang, env=env or {})


def read_data(data: object, **around: Any) -> Report:
    """As `read`, for plain data."""
    return read(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), **around)


def config_of(data: object, **around: Any) -> Config:
    """The configuration; fails with its problems when there are any."""
    report = read_data(data, **around)
    assert report.problems == ()
    assert report.config is not None
    return report.config
