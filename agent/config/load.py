"""Reading a configuration file: a `Config`, or every problem at once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.config import checks, crosswalk, document, translate
from agent.config.advice import advice
from agent.config.exposure import exposed
from agent.config.kinds import Surroundings
from agent.config.models import Config
from agent.config.reading import text_of
from agent.config.words import Finding, Lang, Words, dotted, path_text
from agent.core.errors import ConfigError, Problem

_FILE = Words("a configuration file", "配置文件")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What reading a file came to: a `config` exactly when there are no `problems`.

    Both lists are ordered by line; those of a crosswalk file come last.
    """

    config: Config | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def load(path: Path | str, *, lang: Lang = "en", env: Mapping[str, str] | None = None) -> Config:
    """The configuration of a file.

    Args:
        lang: language of the problems' texts. env: environment for `{env: NAME}`; by default the process's own.

    Raises:
        ConfigError: with every problem of the file. Nothing else, whatever the file holds.
    """
    report = inspect(path, lang=lang, env=env)
    if report.config is None:
        raise ConfigError(report.problems)
    return report.config


def inspect(
    path: Path | str, *, lang: Lang = "en", env: Mapping[str, str] | None = None, secrets: bool = True
) -> Report:
    """As `load`, with warnings, and without raising. Without `secrets`, those outside the file are left empty."""
    read = text_of(Path(path), _FILE)
    if isinstance(read, Finding):
        return Report(config=None, problems=(problem_of(read, str(path), lang, None),), warnings=())
    return inspect_text(
        read, file=str(path), home=home_of(Path(path)), lang=lang, env=env, secrets=secrets, kept_in=Path(path)
    )


def home_of(file: Path) -> Path:
    """The folder that a file's relative paths start from: its own; for a file in a `configs` folder, the one above.

    So `models/…` and `data` of `configs/site.yaml` lie beside `configs`, as in this repository and on a box.
    """
    folder = file.absolute().parent
    return folder.parent if folder.name == "configs" else folder


def folder_named(text: str, home: Path) -> Path:
    """The data folder that a text names, also one that is no usable configuration."""
    named = document.read(text).at(("storage", "folder"))
    return (home / (named if isinstance(named, str) and named else "data")).absolute()


def inspect_text(
    text: str,
    *,
    file: str,
    home: Path,
    lang: Lang = "en",
    env: Mapping[str, str] | None = None,
    secrets: bool = True,
    kept_in: Path | None = None,
) -> Report:
    """As `inspect`, for text that came from elsewhere, such as a command. `file` is only named in the problems.

    `kept_in`: the file that the text is in, where it is: who else may read it is told.
    """
    around = Surroundings(home.absolute(), os.environ if env is None else env, secrets)
    return _inspected(document.read(text), around, file=file, lang=lang, kept_in=kept_in)


def inspect_data(doc: document.Document, *, home: Path, lang: Lang = "en") -> Report:
    """As `inspect_text` without secrets, for a document that nobody has written yet: its problems name no line."""
    return _inspected(doc, Surroundings(home.absolute(), os.environ, secrets=False), file="", lang=lang)


def _inspected(
    doc: document.Document, around: Surroundings, *, file: str, lang: Lang, kept_in: Path | None = None
) -> Report:
    home = around.home
    findings, config = list(doc.findings), None
    codes = crosswalk.consult(doc.data, home)
    if doc.data is not None:
        findings += checks.plain_passwords(doc.data)
        findings += checks.passwords_in_addresses(doc.data)
        findings += exposed(kept_in, doc.data, home) if kept_in is not None else ()
        doc.data = json.loads(json.dumps(doc.data))  # aliases share parts of the data, and what follows writes to it
        findings += checks.credentials(doc.data)
        findings += checks.relations(doc.data)
        try:
            config = Config.model_validate_json(json.dumps(doc.data), strict=True, context=around)
        except ValidationError as error:
            findings += translate.findings(error, doc, Config)
        else:
            config._home = around.home
            config._table = codes.table or config._table
            findings += advice(config)
    told = [(f.warning, problem_of(f, file, lang, doc)) for f in sifted(findings + codes.about, doc)]
    if codes.doc is not None:
        name = path_text(codes.file)
        told += [(f.warning, problem_of(f, name, lang, codes.doc)) for f in sifted(codes.within, codes.doc)]
    problems = tuple(problem for warning, problem in told if not warning)
    warnings = tuple(problem for warning, problem in told if warning)
    return Report(config=None if problems else config, problems=problems, warnings=warnings)


def sifted(findings: list[Finding], doc: document.Document) -> list[Finding]:
    """Ordered by line; where the text itself was at fault (those findings come first), nothing more about the place."""
    first = len(doc.findings)
    told = {finding.path for finding in doc.findings}
    kept = findings[:first] + [finding for finding in findings[first:] if finding.path not in told]
    return sorted(kept, key=lambda f: f.line or doc.line(f.path) or 0)


def problem_of(finding: Finding, file: str, lang: Lang, doc: document.Document | None) -> Problem:
    """A finding as a person is told of it."""
    return Problem(
        file=file,
        line=finding.line or (doc.line(finding.path) if doc else None),
        key=dotted(finding.path),
        expected=finding.expected.of(lang),
        found=finding.found.of(lang),
        mend=finding.mend.of(lang),
    )
