"""What is wrong with a wish of the what-if page, at its field; and what a result is of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.app.console.tried import shown, tried
from agent.config import inspect_text
from agent.ports.console.whatif import Edit, Wish

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


def document(rules: dict[str, Any], polygon: object = SQUARE) -> dict[str, Any]:
    fine = {"id": "gate", "url": "rtsp://192.0.2.1/live"}
    zone = {"id": "kerb", "polygon": polygon, "rules": rules}
    return {
        "mqtt": {"host": "localhost"},
        "cameras": [fine, {"id": "yard", "url": "rtsp://192.0.2.2/x", "zones": [zone]}],
    }


@pytest.mark.parametrize(
    ("data", "place", "expected", "mend"),
    [
        (
            document({"illegal_parking": {"dwell": "banana"}}),
            ("yard", "kerb", "illegal_parking", "dwell"),
            "带单位的时长",
            "例如 90s、3m 或 1h30m",
        ),
        (
            document({"illegal_parking": {"overlap": 7}}),
            ("yard", "kerb", "illegal_parking", "overlap"),
            "不大于 1",
            "请改正，或清空此项",
        ),
        (document({}, [[0, 0], [1, 1]]), ("yard", "kerb", "", "polygon"), None, None),
        ({"mqtt": {"host": ""}, "cameras": []}, ("", "", "", "mqtt.host"), None, None),
    ],
)
def test_a_problem_is_placed_by_the_names_of_the_form(
    tmp_path: Path, data: dict[str, Any], place: tuple[str, ...], expected: str | None, mend: str | None
) -> None:
    report = inspect_text(yaml.safe_dump(data), file="", home=tmp_path, lang="zh-CN", secrets=False)
    told = shown(report.problems[0], data, "zh-CN")
    assert (told["camera"], told["zone"], told["rule"], told["key"]) == place
    if expected is not None:
        assert (told["expected"], told["mend"]) == (expected, mend)


def test_what_was_tried_has_the_values_before() -> None:
    form = {
        "cameras": [
            {"id": "gate", "zones": [{"id": "kerb", "rules": [{"rule": "illegal_parking", "values": {"dwell": "3m"}}]}]}
        ]
    }
    edit = Edit(camera="gate", zone="kerb", rule="illegal_parking", key="dwell", value="9m")
    said = tried(Wish(cameras=("gate",), edits=(edit,), draft="cameras: []"), form)
    assert said["edits"] == [
        {"camera": "gate", "zone": "kerb", "rule": "illegal_parking", "key": "dwell", "was": "3m", "value": "9m"}
    ]
    assert (said["cameras"], said["draft"], said["quick"]) == (["gate"], True, False)
