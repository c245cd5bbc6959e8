"""A site's own crosswalk from violations to the city's codes: a file of its own, checked like the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from agent.config import document, translate
from agent.config.kinds import did_you_mean
from agent.config.reading import text_of
from agent.config.sections.box import TaxonomyConfig
from agent.config.words import Finding, Words, one_of, path_text, shown
from agent.core.rules import RULES
from agent.core.taxonomy import CLASSES, TAXONOMY, Taxonomy

_FILE = Words("a crosswalk file", "对照表文件")
_EMPTY = Words("a crosswalk", "对照表内容")
_START = Words("start from configs/taxonomy.yaml", "请以 configs/taxonomy.yaml 为起点")
_RULES = sorted({*RULES, *(row.rule for row in TAXONOMY.violations)})
_CLASSES = list(dict.fromkeys([*CLASSES, *(name for row in TAXONOMY.violations for name in row.classes)]))


@dataclass(slots=True)
class Crosswalk:
    """The table in use and what was wrong.

    Attributes:
        table: None when the file cannot be used.
        systems: the code systems that it lists, also when other parts of it are broken.
        about: findings about the keys of the configuration.
        doc, within: the file's own lines, and the findings about its keys.
    """

    table: Taxonomy | None = TAXONOMY
    systems: list[str] = field(default_factory=lambda: list(TAXONOMY.code_systems))
    about: list[Finding] = field(default_factory=list)
    file: Path | None = None
    doc: document.Document | None = None
    within: list[Finding] = field(default_factory=list)


def consult(data: object, home: Path) -> Crosswalk:
    """The crosswalk that a configuration asks for. Never raises; looks at plain data, so it may have any shape."""
    section = data.get("taxonomy", {}) if isinstance(data, dict) else {}
    section = section if isinstance(section, dict) else {}
    name = section.get("file")
    crosswalk = Crosswalk()
    if name is not None:
        crosswalk.table, crosswalk.systems = None, []
        if isinstance(name, str) and name and "\0" not in name:  # the models tell of anything else
            crosswalk.file = (home / name).absolute()
            _read(crosswalk, crosswalk.file)
    system = section.get("code_system", TaxonomyConfig().code_system)
    if crosswalk.systems and isinstance(system, str) and system:
        crosswalk.about += _code_system(system, crosswalk.systems)
    return crosswalk


def _read(crosswalk: Crosswalk, file: Path) -> None:
    text = text_of(file, _FILE)
    if isinstance(text, Finding):
        path = path_text(file)
        found = Words("{path}: {found}", "{path}：{found}").fill(path=path, found=text.found)
        crosswalk.about.append(replace(text, path=("taxonomy", "file"), found=found, line=None))
        return
    doc = crosswalk.doc = document.read(text)
    findings = [replace(f, expected=_EMPTY, mend=_START) if f is document.EMPTY else f for f in doc.findings]
    if doc.data is not None:
        crosswalk.systems = _systems(doc.data)
        findings += _relations(doc.data, crosswalk.systems)
        try:
            crosswalk.table = Taxonomy.model_validate_json(json.dumps(doc.data), strict=True)
        except ValidationError as error:
            findings += translate.findings(error, doc, Taxonomy)
    if any(not finding.warning for finding in findings):
        crosswalk.table = None
    crosswalk.within = findings


def _code_system(name: str, known: list[str]) -> Iterator[Finding]:
    if name not in known:
        yield Finding(
            path=("taxonomy", "code_system"),
            expected=one_of(known),
            found=shown(name),
            mend=did_you_mean(
                name, known, Words("choose one, or add it to the crosswalk", "请选用其一，或将其加入对照表")
            ),
        )


def _systems(data: object) -> list[str]:
    systems = data.get("code_systems") if isinstance(data, dict) else None
    return [system for system in systems if isinstance(system, str)] if isinstance(systems, list) else []


def _relations(data: object, known: list[str]) -> Iterator[Finding]:
    """Names that must be in another list of the file (`known` code systems), or should be known to the agent."""
    rows = data.get("violations") if isinstance(data, dict) else None
    for i, row in enumerate(rows if isinstance(rows, list) else []):
        if not isinstance(row, dict):
            continue
        codes, classes = row.get("codes"), row.get("classes")
        if isinstance(codes, dict) and known:
            for system in codes:
                if system not in known:
                    yield Finding(
                        path=("violations", i, "codes", system),
                        expected=Words("a system that code_systems lists", "code_systems 中列出的体系"),
                        found=shown(system),
                        mend=did_you_mean(system, known, Words("add it there", "请在其中添加")),
                    )
        if isinstance(row.get("rule"), str) and row["rule"] not in _RULES:
            yield _unknown(("violations", i, "rule"), row["rule"], _RULES)
        for j, name in enumerate(classes if isinstance(classes, list) else []):
            if isinstance(name, str) and name not in _CLASSES:
                yield _unknown(("violations", i, "classes", j), name, _CLASSES)


def _unknown(path: tuple[str | int, ...], name: str, known: list[str]) -> Finding:
    """A row that can never be taken, by this version of the agent."""
    otherwise = Words("delete it, or leave it for a later agent", "请删除，或留待新版本使用")
    return Finding(
        path=path, expected=one_of(known), found=shown(name), mend=did_you_mean(name, known, otherwise), warning=True
    )
