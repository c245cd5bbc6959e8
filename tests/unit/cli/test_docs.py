"""Every command stands in the documentation, every text in the code and in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from agent.cli import build
from agent.cli.texts import _TEXTS, Texts
from agent.config import inspect_text
from agent.core.types import CloseReason, Phase

ROOT = Path(__file__).parents[3]
SOURCES = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "agent/cli").glob("*.py")))
KEYS = sorted(set(re.findall(r'(?:\bsay|Texts\([^"]*\))\(\s*f?"([^"]+)"', SOURCES)))
"""Keys as the code asks for them; `{…}` stands for a part that it fills in."""


def commands(app: typer.Typer, before: str = "cityeye") -> list[str]:
    """All commands below an app, as they are typed."""
    found = [f"{before} {command.name}" for command in app.registered_commands]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        found += commands(group.typer_instance, f"{before} {group.name}")
    return found


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", commands(build(Texts("en"))))
def test_every_command_is_documented(command: str) -> None:
    in_docs = any(command in file.read_text(encoding="utf-8") for file in (ROOT / "docs").rglob("*.md"))
    assert in_docs or (command in page("README.md") and command in page("README.zh-CN.md"))


def test_all_commands_are_looked_at() -> None:
    assert {"cityeye run", "cityeye check", "cityeye config schema"} <= set(commands(build(Texts("en"))))


def blocks(name: str, kind: str) -> list[str]:
    """Code blocks of a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```", page(name), re.DOTALL | re.MULTILINE)


def typed(name: str) -> list[str]:
    """What the page says to type, without the comments."""
    return [line.split("  #")[0].strip() for block in blocks(name, "sh") for line in block.splitlines()]


def test_both_languages_show_the_same() -> None:
    assert typed("README.md") == typed("README.zh-CN.md")
    assert blocks("README.md", "yaml") == blocks("README.zh-CN.md", "yaml") != []


def test_the_example_of_the_readme_is_good_after_what_it_says_to_type(tmp_path: Path) -> None:
    lines = typed("README.md")
    exported = lines.index("export CAMERA_PASSWORD='...'")
    assert exported < lines.index("cityeye check street.yaml")
    (example,) = blocks("README.md", "yaml")
    report = inspect_text(example, file="street.yaml", home=tmp_path, env={"CAMERA_PASSWORD": "..."})
    assert report.problems == ()
    assert report.warnings == (), "with the model that comes with the agent it runs as it is"


def asked(key: str) -> re.Pattern[str]:
    return re.compile("[a-z_]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", key)))


@pytest.mark.parametrize("key", KEYS)
def test_every_text_that_the_code_asks_for_exists(key: str) -> None:
    assert any(asked(key).fullmatch(known) for known in _TEXTS)


@pytest.mark.parametrize("key", sorted(_TEXTS))
def test_every_text_is_asked_for_and_stands_in_both_languages(key: str) -> None:
    assert any(asked(wanted).fullmatch(key) for wanted in KEYS)
    en, zh = _TEXTS[key]
    assert en and zh
    assert set(re.findall(r"\{\w+\}", en)) == set(re.findall(r"\{\w+\}", zh))


def test_what_the_core_can_say_has_a_text() -> None:
    wanted = {f"reason.{reason}" for reason in CloseReason}
    assert wanted | {f"phase.{phase}" for phase in Phase} <= set(_TEXTS)
