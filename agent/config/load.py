"""Reading a configuration file: a `Config`, or every problem at once."""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.config import checks, document, translate
from agent.config.advice import advice
from agent.config.kinds import Surroundings
from agent.config.models import Config
from agent.config.words import Finding, Lang, Words, dotted, same
from agent.core.errors import ConfigError, Problem

_MAX_BYTES = 4_000_000
_TEXT = Words("UTF-8 text", "UTF-8 文本")
_SAVE = Words("save the file as UTF-8", "请将文件保存为 UTF-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What reading a file came to: a `config` exactly when there are no `problems`; both lists ordered by line."""

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
    read = _text(Path(path))
    if isinstance(read, Finding):
        return Report(config=None, problems=(_problem(read, str(path), lang, None),), warnings=())
    return inspect_text(read, file=str(path), home=home_of(Path(path)), lang=lang, env=env, secrets=secrets)


def home_of(file: Path) -> Path:
    """The folder that a file's relative paths start from: its own; for a file in a `configs` folder, the one above.

    So `models/…` and `data` of `configs/site.yaml` lie beside `configs`, as in this repository and on a box.
    """
    folder = file.absolute().parent
    return folder.parent if folder.name == "configs" else folder


def inspect_text(
    text: str,
    *,
    file: str,
    home: Path,
    lang: Lang = "en",
    env: Mapping[str, str] | None = None,
    secrets: bool = True,
) -> Report:
    """As `inspect`, for text that came from elsewhere, such as a command. `file` is only named in the problems."""
    doc = document.read(text)
    findings, config = list(doc.findings), None
    if doc.data is not None:
        findings += checks.plain_passwords(doc.data)
        doc.data = json.loads(json.dumps(doc.data))  # aliases share parts of the data, and what follows writes to it
        findings += checks.credentials(doc.data)
        findings += checks.relations(doc.data)
        around = Surroundings(home.absolute(), os.environ if env is None else env, secrets)
        try:
            config = Config.model_validate_json(json.dumps(doc.data), strict=True, context=around)
        except ValidationError as error:
            findings += translate.findings(error, doc, Config)
        else:
            config._home = around.home
            findings += advice(config)
    told = {finding.path for finding in doc.findings}
    unique = [f for i, f in enumerate(findings) if i < len(doc.findings) or f.path not in told]
    unique.sort(key=lambda f: f.line or doc.line(f.path) or 0)
    problems = tuple(_problem(f, file, lang, doc) for f in unique if not f.warning)
    warnings = tuple(_problem(f, file, lang, doc) for f in unique if f.warning)
    return Report(config=None if problems else config, problems=problems, warnings=warnings)


def _problem(finding: Finding, file: str, lang: Lang, doc: document.Document | None) -> Problem:
    return Problem(
        file=file,
        line=finding.line or (doc.line(finding.path) if doc else None),
        key=dotted(finding.path),
        expected=finding.expected.of(lang),
        found=finding.found.of(lang),
        mend=finding.mend.of(lang),
    )


def _text(path: Path) -> str | Finding:
    """The file's text, or why there is none."""
    correct = Words("correct the path", "请改正路径")
    expected = Words("a configuration file", "配置文件")
    try:
        if path.is_dir():
            return Finding(path=(), expected=expected, found=Words("a folder", "文件夹"), mend=correct)
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return Finding(path=(), expected=expected, found=Words("no such file", "文件不存在"), mend=correct)
    except (OSError, ValueError) as error:
        found = same(getattr(error, "strerror", None) or "?")
        return Finding(path=(), expected=expected, found=found, mend=Words("make it readable", "请授予读取权限"))
    if len(content) > _MAX_BYTES:
        found = Words("more than {n} bytes", "超过 {n} 字节").fill(n=_MAX_BYTES)
        return Finding(path=(), expected=expected, found=found, mend=correct)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Finding(path=(), expected=_TEXT, found=Words("UTF-16", "UTF-16"), mend=_SAVE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Finding(
            path=(), expected=_TEXT, found=Words("other bytes (GBK?)", "其他编码（GBK？）"), mend=_SAVE, line=line
        )
