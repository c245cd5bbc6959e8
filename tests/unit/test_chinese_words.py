"""One word for each thing, in all that people read in Chinese: that of the centre's titles, where it has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.console.site import texts_of
from agent.core.taxonomy import TAXONOMY

ROOT = Path(__file__).parents[2]
READ = [
    *sorted((ROOT / "agent").rglob("*.py")),
    *sorted((ROOT / "agent/console/static/texts/zh-CN").glob("*.json")),
    ROOT / "README.zh-CN.md",
    ROOT / "docs/field-guide.zh-CN.md",
]
RULES_SHOWN = ("illegal_parking", "garbage_overflow", "stall_encroachment", "camera_health")
ROW = re.compile(r"^\| [^|]+ \| (?P<word>[^|]*[\u4e00-\u9fff][^|]*) \| [^|]+ \| (?P<others>[^|]+) \|$", re.MULTILINE)
GLOSSARY = [
    (match["word"], match["others"].split(", "))
    for match in ROW.finditer((ROOT / "docs/console.md").read_text(encoding="utf-8"))
    if match["word"] != "中文"
]


def test_there_is_a_glossary() -> None:
    assert len(GLOSSARY) >= 10


@pytest.mark.parametrize(("word", "others"), GLOSSARY)
def test_nothing_is_called_by_a_second_word(word: str, others: list[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: says {other}: write {word} (the glossary of docs/console.md)"
        for path in READ
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for other in others
        if other in line
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "key", [f"{part}.rule." for part in ("wall", "incidents", "whatif")] + ["zones.word_"], ids=lambda key: key[:-1]
)
def test_a_rule_is_called_as_the_centre_shows_it(key: str) -> None:
    part, _, start = key.partition(".")
    rows = {rule: [row.zh for row in TAXONOMY.violations if row.rule == rule] for rule in RULES_SHOWN}
    for name, titles in rows.items():
        if (told := texts_of("zh-CN")[part].get(f"{start}{name}")) is not None:
            assert told == (titles[-1] if name == "camera_health" else titles[0]), f"{key}{name}: see docs/console.md"
