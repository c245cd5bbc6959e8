"""docs/adding-a-kind.md, followed word for word in a copy of the agent."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/adding-a-kind.md").read_text(encoding="utf-8")
CONFIG = """
mqtt: {host: broker}
cameras:
  - id: gate
    url: rtsp://192.168.1.64/Streaming/Channels/102
    zones: [{id: lane, polygon: [[0, 0.6], [1, 0.6], [1, 1], [0, 1]], rules: RULES}]
"""
LOOKS = """
import json, sys
from agent.config import load
from agent.core.scene import Scene
from agent.core.wire import event_message
from tests.unit.core.world import car, changed, look
from pathlib import Path

plan = load(Path(sys.argv[1])).plans()["gate"]
scene = Scene(plan)
for t in range(0, 100, 2):
    for event in scene.step(changed(look(t, car()), (0.7, 0.7, 0.8, 0.85))):
        row = load(Path(sys.argv[1])).taxonomy_table.classify(event.rule, [], event.channel)
        print(json.dumps([event.rule, event.phase, event.channel, event.objects[0].class_name, event.severity, row.zh]))
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.S | re.M)


def follow(folder: Path) -> dict[str, object]:
    """Do all that the page says; returns its example."""
    module, registry = blocks("python")
    (taxonomy,) = blocks("text")
    (example,) = blocks("yaml")
    (folder / "agent/core/rules/fire_lane.py").write_text(module, encoding="utf-8")
    edit(folder / "agent/core/rules/__init__.py", "from agent.core.rules.garbage_overflow", registry, before=True)
    edit(folder / "agent/core/rules/__init__.py", "(IllegalParking, ", "FireLane, ", before=False)
    edit(folder / "agent/core/taxonomy.py", "    ),\n)\n", taxonomy, before=True)
    (folder / "docs/rules/fire_lane.md").write_text(f"# fire_lane\n\n```yaml\n{example}```\n", encoding="utf-8")
    for script in ("contract", "config_docs"):
        python(folder, str(folder / f"scripts/{script}.py"))
    rules = yaml.safe_load(example)
    assert isinstance(rules, dict)
    return rules


def edit(file: Path, anchor: str, text: str, *, before: bool) -> None:
    content = file.read_text(encoding="utf-8")
    assert content.count(anchor) >= 1, f"{file.name} no longer has {anchor!r}"
    head, found, tail = content.rpartition(anchor)
    file.write_text(head + (text + found if before else found + text) + tail, encoding="utf-8")


def python(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_makes_a_fourth_kind(tmp_path: Path) -> None:
    copy = tmp_path / "agent-copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "data"))
    rules = follow(copy)
    config = tmp_path / "lane.yaml"
    config.write_text(CONFIG.replace("RULES", json.dumps(rules)), encoding="utf-8")

    assert "lane.yaml" in python(copy, "-m", "agent", "check", str(config))
    assert "fire_lane" in python(copy, "-m", "agent", "config", "schema")
    events = [json.loads(line) for line in python(copy, "-c", LOOKS, str(config)).splitlines()]
    assert sorted(events) == [
        ["fire_lane", "opened", "model", "car", "high", "占用消防通道"],
        ["fire_lane", "opened", "scene_change", "object", "high", "占用消防通道"],
    ]
    tests = (
        "config/test_example.py",
        "config/test_rule_pages.py",
        "test_taxonomy.py",
        "test_wire.py",
        "cli/test_docs.py",
    )
    told = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"tests/unit/{test}" for test in tests))
    assert " passed" in told
