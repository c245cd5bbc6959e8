"""A site's own crosswalk file: used when good, every problem told otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import Report, load
from agent.core.errors import ConfigError
from agent.core.taxonomy import TAXONOMY
from agent.core.types import Channel
from tests.unit.config.samples import config_of, good, read_data

SHIPPED = (Path(__file__).parents[3] / "configs/taxonomy.yaml").read_text(encoding="utf-8")
OWN = """\
code_systems: [DB31/T 1]
violations:
- rule: illegal_parking
  kind: car
  zh: 违停
  en: Parked
  classes: [car]
  channels: [model]
  codes: {DB31/T 1: "017"}
"""


def with_crosswalk(folder: Path, text: str, **section: object) -> Report:
    (folder / "codes.yaml").write_text(text, encoding="utf-8")
    return read_data({**good(), "taxonomy": {"file": "codes.yaml", **section}}, home=folder)


def told(folder: Path, text: str) -> list[str]:
    """Problems within the file, without its path."""
    report = with_crosswalk(folder, text)
    assert report.config is None
    return [str(p).removeprefix(f"{folder}/") for p in report.problems if p.file == str(folder / "codes.yaml")]


def test_without_a_file_it_is_the_agents_own() -> None:
    assert config_of(good()).taxonomy_table == TAXONOMY


def test_the_shipped_file_changes_nothing(tmp_path: Path) -> None:
    report = with_crosswalk(tmp_path, SHIPPED)
    assert report.config is not None
    assert report.config.taxonomy_table == TAXONOMY
    assert not [warning for warning in report.warnings if warning.file.endswith("codes.yaml")]


def test_the_sites_own_codes(tmp_path: Path) -> None:
    config = with_crosswalk(tmp_path, OWN, code_system="DB31/T 1").config
    assert config is not None
    row = config.taxonomy_table.classify("illegal_parking", ["car"], Channel.MODEL)
    assert (row.zh, row.codes) == ("违停", {config.taxonomy.code_system: "017"})


def test_the_version_follows_the_files_content(tmp_path: Path) -> None:
    def version(text: str) -> str:
        config = with_crosswalk(tmp_path, text, code_system="DB31/T 1").config
        assert config is not None
        return config.version_hash()

    first = version(OWN)
    assert version(OWN + "# a remark\n") == first
    assert version(OWN.replace("017", "018")) != first


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("zh: 违停", "zh: ''", '5: violations[0].zh: expected text that is not empty, found the text ""; correct it '),
        ("  kind: car\n", "", "3: violations[0].kind: expected the key kind, found nothing; add kind: …"),
        ('"017"', "017", '9: violations[0].codes."DB31/T 1": expected text, found the number 17; put it in quotes'),
        (
            "codes: {DB31/T 1",
            "codes: {DB31/T 2",
            '9: violations[0].codes."DB31/T 2": expected a system that code_systems lists, '
            'found the text "DB31/T 2"; did you mean DB31/T 1?',
        ),
        (
            "channels: [model]",
            "channels: [modl]",
            "8: violations[0].channels[0]: expected model, scene_change, zone_state or camera, "
            'found the text "modl"; did you mean model?',
        ),
        (
            "  en: Parked",
            "  eng: Parked",
            "6: violations[0].eng: expected one of rule, kind, zh, en, classes, channels, codes, "
            'found the key "eng"; did you mean en?',
        ),
        (
            "- rule: illegal_parking",
            "- rule: x\n  rule: y",
            '4: violations[0].rule: expected each key once, found "rule" again (first on line 3); '
            "delete one of the two",
        ),
        (
            "code_systems: [DB31/T 1]",
            "code_systems: []",
            "1: code_systems: expected at least 1 items, found a list of 0; correct it or delete the key",
        ),
    ],
)
def test_problems_are_told_with_the_files_own_lines(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in OWN
    assert any(line.startswith(f"codes.yaml:{expected}") for line in told(tmp_path, OWN.replace(old, new, 1)))


def test_problems_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "codes.yaml").write_text(OWN.replace("违停", "''").replace("DB31/T 1: ", "X: "), encoding="utf-8")
    file = tmp_path / "c.yaml"
    file.write_text("mqtt: {host: h, port: x}\ntaxonomy: {file: codes.yaml, code_system: Y}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, env={})
    assert [(Path(p.file).name, p.line, p.key) for p in caught.value.problems] == [
        ("c.yaml", 1, "mqtt.port"),
        ("c.yaml", 2, "taxonomy.code_system"),
        ("codes.yaml", 5, "violations[0].zh"),
        ("codes.yaml", 9, "violations[0].codes.X"),
    ]


@pytest.mark.parametrize("text", ["", "a: b: c", "- a", "violations: 3", "code_systems: {a: b}\nviolations: [1, [2]]"])
def test_a_file_of_another_shape(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text)


def test_an_empty_file_is_no_crosswalk(tmp_path: Path) -> None:
    assert told(tmp_path, "") == [
        "codes.yaml: (file): expected a crosswalk, found an empty file; start from configs/taxonomy.yaml"
    ]


def test_a_file_that_cannot_be_read_is_told_at_its_key(tmp_path: Path) -> None:
    (problem,) = read_data({**good(), "taxonomy": {"file": "none.yaml"}}, home=tmp_path).problems
    assert (problem.file, problem.key, problem.found) == (
        "c.yaml",
        "taxonomy.file",
        f"{tmp_path}/none.yaml: no such file",
    )
    (tmp_path / "gbk.yaml").write_bytes("zh: 机动车".encode("gbk"))
    (problem,) = read_data({**good(), "taxonomy": {"file": "gbk.yaml"}}, home=tmp_path).problems
    assert problem.found == f"{tmp_path}/gbk.yaml: other bytes (GBK?)"


@pytest.mark.parametrize("name", ["", "a\0b", 3, [], {}])
def test_a_path_that_is_none(tmp_path: Path, name: object) -> None:
    (problem,) = read_data({**good(), "taxonomy": {"file": name}}, home=tmp_path).problems
    assert problem.key == "taxonomy.file"


def test_the_code_system_must_be_one_of_the_crosswalk(tmp_path: Path) -> None:
    (problem,) = read_data({**good(), "taxonomy": {"code_system": "GB/T 47678"}}).problems
    assert (problem.key, problem.expected, problem.mend) == (
        "taxonomy.code_system",
        "GB/T 47678.5-2026 or GB/T 30428.2-2013",
        "did you mean GB/T 47678.5-2026?",
    )
    (left_out,) = with_crosswalk(tmp_path, OWN).problems
    assert (left_out.key, left_out.expected) == ("taxonomy.code_system", "DB31/T 1")


def test_rows_that_can_never_be_taken_are_warned_about(tmp_path: Path) -> None:
    text = OWN.replace("illegal_parking", "ilegal_parking").replace("[car]", "[cra]")
    report = with_crosswalk(tmp_path, text, code_system="DB31/T 1")
    assert report.config is not None
    assert [(w.line, w.key, w.mend) for w in report.warnings if w.file.endswith("codes.yaml")] == [
        (3, "violations[0].rule", "did you mean illegal_parking?"),
        (7, "violations[0].classes[0]", "did you mean car?"),
    ]
