"""Write the table of faults in docs/doctor.md from the command's own texts. A test tells when that was forgotten."""

from __future__ import annotations

import re
from pathlib import Path

from agent.cli.texts_doctor import DOCTOR

PAGE = Path(__file__).parents[1] / "docs" / "doctor.md"
BEGIN, END = "<!-- faults: begin (scripts/doctor_docs.py) -->", "<!-- faults: end -->"
_FOUND, _MEND = "doctor.found.", "doctor.mend."


def table() -> str:
    """One row for each finding that somebody can do something about, in both languages."""
    rows = ["| code | found | mend |", "|---|---|---|"]
    for key, mends in DOCTOR.items():
        code = key.removeprefix(_MEND)
        if key.startswith(_MEND) and not code.startswith("config_"):
            found, mend = ("<br>".join(_plain(text) for text in pair) for pair in (DOCTOR[_FOUND + code], mends))
            cells = (f"`{code}`", found, mend)
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _plain(text: str) -> str:
    """Values as `…`."""
    return re.sub(r"\{[^}]*\}", "…", text)


def page(text: str) -> str:
    """The page with its table made anew."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
