"""Every rule has a page with an example that holds all its keys and is good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from agent.config import Config
from agent.config.tree import every_key
from agent.core.camera_health import FAULTS
from agent.core.rules import RULES
from tests.unit.config.samples import config_of, good

PAGES = Path(__file__).parents[3] / "docs" / "rules"


def example(name: str) -> str:
    """The first YAML block of a page."""
    match = re.search(r"^```yaml\n(.*?)^```", (PAGES / f"{name}.md").read_text(encoding="utf-8"), re.S | re.M)
    assert match is not None
    return match[1]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert sorted(page.stem for page in PAGES.glob("*.md")) == sorted([*RULES, "README", "camera_health"])


@pytest.mark.parametrize("rule", RULES)
def test_the_example_of_a_rule_holds_all_its_keys_and_is_good(rule: str) -> None:
    rules = yaml.safe_load(example(rule))
    keys = {path[-1] for path, _ in every_key(Config) if path[-2:-1] == (rule,)}
    assert set(rules[rule]) == keys
    data = good()
    data["cameras"][0]["zones"][0]["rules"] = rules
    assert [duty.rule for duty in config_of(data).plans()["gate"].duties] == [rule]


def test_the_example_of_camera_health_holds_all_its_keys_and_the_defaults() -> None:
    health = yaml.safe_load(example("camera_health"))["health"]
    keys = {path[-1] for path, _ in every_key(Config) if path[-2:-1] == ("health",)}
    assert set(health) == keys
    data = good()
    data["cameras"][0]["health"] = health
    assert config_of(data).plans()["gate"].health == config_of(good()).plans()["gate"].health
    page = (PAGES / "camera_health.md").read_text(encoding="utf-8")
    assert [fault for fault in FAULTS if f"| {fault}" not in page and f", {fault} |" not in page] == []
