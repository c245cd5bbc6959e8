"""The field guide says the same in both languages, and nothing that is not there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup

from agent.cli import build
from agent.cli.texts import Texts
from agent.config import inspect_text
from scripts.doctor_docs import pages

ROOT = Path(__file__).parents[3]
ENGLISH, CHINESE = (ROOT / "docs" / name for name in ("field-guide.md", "field-guide.zh-CN.md"))
BOTH = pytest.mark.parametrize("guide", [ENGLISH, CHINESE], ids=lambda file: file.name)


def read(guide: Path) -> str:
    return guide.read_text(encoding="utf-8")


def blocks(guide: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", read(guide), re.DOTALL | re.MULTILINE)


def typed(guide: Path) -> list[str]:
    return [line for block in blocks(guide, "sh") for line in block.splitlines()]


def named(guide: Path) -> list[str]:
    """Commands in the text, and what is typed."""
    inline = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", read(guide))
    return [
        *typed(guide),
        *(code for code in inline if re.match(r"(sudo )?(cityeye [a-z]|journalctl|python)", code)),
    ]


def outline(guide: Path) -> list[tuple[str, str]]:
    """Level and number of each heading."""
    return re.findall(r"^(#+) (\d*)", read(guide), re.MULTILINE)


def sections(guide: Path) -> list[tuple[int, int, int]]:
    """Of each section: numbered steps, points, rows of tables."""
    parts = re.split(r"^## ", read(guide), flags=re.MULTILINE)
    marks = (r"^\d+\. ", r"^- ", r"^ *\|")
    counts = [[len(re.findall(mark, part, re.MULTILINE)) for mark in marks] for part in parts]
    return [(steps, points, rows) for steps, points, rows in counts]


def links(guide: Path) -> list[str]:
    """Where its links and pictures lead, without the language."""
    return [link.replace(".zh-CN", "") for link in re.findall(r"\]\(([^)#]+)\)", read(guide))]


def test_both_languages_show_the_same() -> None:
    assert typed(ENGLISH) == typed(CHINESE) != []
    assert blocks(ENGLISH, "yaml") == blocks(CHINESE, "yaml") != []
    assert outline(ENGLISH) == outline(CHINESE)
    assert sections(ENGLISH) == sections(CHINESE)
    assert links(ENGLISH) == links(CHINESE)
    assert sorted(set(named(ENGLISH))) == sorted(set(named(CHINESE)))


@BOTH
def test_every_link_and_picture_exists(guide: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", read(guide)):
        assert (guide.parent / link).exists(), link
    headings = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", read(guide), re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", read(guide))) <= headings


def anchor(heading: str) -> str:
    """Of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@BOTH
def test_each_guide_shows_the_pictures_of_its_language(guide: Path) -> None:
    drawn = re.findall(r"pictures/guide/([\w-]+(?:\.zh-CN)?\.svg)", read(guide))
    assert all((".zh-CN" in name) == (guide == CHINESE) for name in drawn)
    shown = {name for file in (ENGLISH, CHINESE) for name in re.findall(r"pictures/guide/([\w.-]+)", read(file))}
    assert shown == {file.name for file in (ROOT / "docs/pictures/guide").iterdir()}, "none is left over"


@BOTH
def test_every_command_exists_with_its_options(guide: Path) -> None:
    asked = [words(line) for line in named(guide) if "cityeye" in words(line)[:1]]
    assert {"discover", "init", "check", "doctor", "teach", "alive", "events", "version"} <= {line[1] for line in asked}
    for line in asked:
        command, rest = resolved(line[1:])
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in rest if word.startswith("-")} <= known, line


def words(line: str) -> list[str]:
    """As the shell takes them, without sudo and what its answer is written to."""
    found = shlex.split(line.partition(" >")[0])
    return found[1:] if found[0] == "sudo" else found


def resolved(line: list[str]) -> tuple[Any, list[str]]:
    """The command that is meant, and what follows."""
    command: Any = typer.main.get_command(build(Texts("en")))
    while isinstance(command, TyperGroup):
        assert line and line[0] in command.commands, line
        command, line = command.commands[line[0]], line[1:]
    return command, line


@BOTH
def test_every_script_exists(guide: Path) -> None:
    scripts = [found for line in named(guide) for found in re.findall(r"python (?:-m )?(scripts[./]\w+)", line)]
    assert scripts
    for script in scripts:
        assert (ROOT / script.replace(".", "/")).with_suffix(".py").is_file(), script


@BOTH
def test_the_installer_takes_what_it_is_given(guide: Path) -> None:
    installer = (ROOT / "scripts/install.sh").read_text(encoding="utf-8")
    options = [word for line in named(guide) if "install.sh" in line for word in words(line)[1:]]
    assert {"--rollback", "--uninstall", "--purge"} <= set(options)
    for option in options:
        assert f"{option})" in installer, option


@BOTH
def test_what_it_says_to_write_is_a_good_configuration(guide: Path, tmp_path: Path) -> None:
    console, cameras = blocks(guide, "yaml")
    written = f"mqtt: {{host: broker.city.example}}\n{console}\n{cameras}"
    report = inspect_text(written, file="config.yaml", home=tmp_path)
    assert report.problems == ()


def test_the_tables_of_faults_are_those_of_the_command() -> None:
    for file, text in pages().items():
        assert text == file.read_text(encoding="utf-8"), "run: python -m scripts.doctor_docs"


def test_both_tables_of_faults_have_every_fault_of_the_doctors_page() -> None:
    rows = [
        len(re.findall(r"^\| ", text.partition("faults: begin")[2].partition("faults: end")[0], re.MULTILINE))
        for text in pages().values()
    ]
    assert rows[0] - 1 == rows[1] - 3 == rows[2] - 3 > 40, "beside the heads, one of which stands there thrice"
