"""Write the tables of faults in docs/doctor.md and in the field guides from the command's own texts.

    python -m scripts.doctor_docs

A test tells when that was forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from agent.cli.texts_doctor import DOCTOR
from agent.cli.texts_doctor_camera import CAMERA

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- faults: begin (scripts/doctor_docs.py) -->", "<!-- faults: end -->"
_FOUND, _MEND, _CHECK = "doctor.found.", "doctor.mend.", "doctor.check."
_LINES = {"database": "folder", "broker": "tcp", "camera": "reach"}
"""The check of codes that do not begin with its name."""
_OF_BROKER = {"tcp", "tls", "login", "limit", "listen", "publish", "round"}
_GROUPS = (("Box", "设备"), ("Broker", "消息服务器"), ("Camera", "摄像机"))
_HEADS = (
    ("line of `cityeye doctor`", "what it says", "what to do"),
    ("`cityeye doctor` 的行", "显示内容（原因）", "处理办法"),
)


def table() -> str:
    """One row for each finding that somebody can do something about, in both languages."""
    rows = ["| code | found | mend |", "|---|---|---|"]
    for code in _codes():
        found, mend = ("<br>".join(_plain(text) for text in DOCTOR[kind + code]) for kind in (_FOUND, _MEND))
        rows.append(_row(f"`{code}`", found, mend))
    return "\n".join(rows)


def troubles(lang: int) -> str:
    """The same in one language, as somebody reads it who has the command's lines before him; 0: English, 1: Chinese."""
    parts = []
    for number, group in enumerate(_GROUPS):
        rows = [_row(*_HEADS[lang]), "|---|---|---|"]
        for code in _codes():
            if _group(code) == number:
                cells = (DOCTOR[key][lang] for key in (_CHECK + _check(code), _FOUND + code, _MEND + code))
                rows.append(_row(*(_plain(cell) for cell in cells)))
        parts.append(f"**{group[lang]}**\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _codes() -> Iterator[str]:
    """Of the faults, in the order of the checks."""
    for key in DOCTOR:
        code = key.removeprefix(_MEND)
        if key.startswith(_MEND) and not code.startswith("config_"):
            yield code


def _check(code: str) -> str:
    """Which line of the doctor's tells it."""
    checks = (key.removeprefix(_CHECK) for key in DOCTOR if key.startswith(_CHECK))
    named = [check for check in checks if code.startswith(f"{check}_")]
    return max(named, key=len) if named else _LINES[code.partition("_")[0]]


def _group(code: str) -> int:
    if _MEND + code in CAMERA:
        return 2
    return 1 if _check(code) in _OF_BROKER else 0


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _plain(text: str) -> str:
    """Values as `…`."""
    return re.sub(r"\{[^}]+\}", "…", text)


def page(text: str, made: str | None = None) -> str:
    """The page with its table made anew; `made`: what stands there, usually the table of both languages."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{table() if made is None else made}\n{END}{rest.partition(END)[2]}"


def pages() -> dict[Path, str]:
    """Every page with its table made anew."""
    made = {"doctor.md": table(), "field-guide.md": troubles(0), "field-guide.zh-CN.md": troubles(1)}
    return {DOCS / name: page((DOCS / name).read_text(encoding="utf-8"), text) for name, text in made.items()}


if __name__ == "__main__":
    for file, text in pages().items():
        file.write_text(text, encoding="utf-8")
