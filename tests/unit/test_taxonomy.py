"""The crosswalk from rules and classes to city codes."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from agent.core.camera_health import FAULTS
from agent.core.rules import RULES
from agent.core.taxonomy import GBT_2013, GBT_2026, TAXONOMY, Taxonomy, Violation
from agent.core.types import Channel

CONFIGS = Path(__file__).parents[2] / "configs"


def test_the_shipped_file_is_made_from_the_table_of_the_code() -> None:
    text = (CONFIGS / "taxonomy.yaml").read_text(encoding="utf-8")
    made = runpy.run_path(str(CONFIGS.parent / "scripts/contract.py"))["crosswalk"](text)
    assert text == made, "run scripts/contract.py"
    assert Taxonomy.model_validate(yaml.safe_load(text)) == TAXONOMY


@pytest.mark.parametrize(
    ("rule", "classes", "channel", "kind", "code_2026", "code_2013"),
    [
        ("illegal_parking", ["car"], Channel.MODEL, "motor_vehicle", "09009", "04-09"),
        ("illegal_parking", ["motorcycle"], Channel.MODEL, "cycle", "09010", "04-10"),
        ("illegal_parking", ["bicycle", "truck"], Channel.MODEL, "motor_vehicle", "09009", "04-09"),
        ("illegal_parking", [], Channel.SCENE_CHANGE, "motor_vehicle", "09009", "04-09"),
        ("stall_encroachment", ["stall"], Channel.MODEL, "stall", "09006", "04-06"),
        ("stall_encroachment", ["goods"], Channel.MODEL, "shop_goods", "09005", "04-05"),
        ("stall_encroachment", ["hawker"], Channel.MODEL, "hawker", "09001", "04-01"),
        ("stall_encroachment", ["region"], Channel.SCENE_CHANGE, "stall", "09006", "04-06"),
        ("garbage_overflow", ["bin", "garbage"], Channel.MODEL, "bin", "06042", "01-98"),
        ("garbage_overflow", ["garbage"], Channel.MODEL, "heap", "06010", "01-10"),
        ("garbage_overflow", [], Channel.ZONE_STATE, "bin", "06042", "01-98"),
        ("garbage_overflow", ["region"], Channel.SCENE_CHANGE, "heap", "06010", "01-10"),
    ],
)
def test_classify(rule: str, classes: list[str], channel: Channel, kind: str, code_2026: str, code_2013: str) -> None:
    row = TAXONOMY.classify(rule, classes, channel)
    assert (row.kind, row.codes) == (kind, {GBT_2026: code_2026, GBT_2013: code_2013})


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_camera_has_its_own_title_and_no_code(fault: str) -> None:
    row = TAXONOMY.classify("camera_health", [fault], Channel.CAMERA)
    assert (row.kind, row.codes) == (fault, {})
    assert [v.zh for v in TAXONOMY.violations].count(row.zh) == 1


def test_every_registered_rule_has_a_row_for_every_channel() -> None:
    for rule in RULES:
        for channel in Channel:
            assert TAXONOMY.classify(rule, [], channel).codes, (rule, channel)


def test_an_unknown_rule_keeps_its_name_and_has_no_code() -> None:
    row = TAXONOMY.classify("tree_down", ["car"], Channel.MODEL)
    assert (row.zh, row.en, row.codes) == ("tree_down", "tree_down", {})


def test_a_code_of_an_unlisted_system_is_refused() -> None:
    with pytest.raises(ValidationError, match="code_systems does not list: XX/1"):
        Taxonomy(code_systems=("A",), violations=(Violation(rule="r", kind="k", zh="z", en="e", codes={"XX/1": "1"}),))
