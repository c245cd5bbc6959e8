"""What a check comes to: a mark, a code that the texts know, and the values that go into them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Value = str | int | float | None

SOON_DAYS = 14
"""A certificate that ends sooner is to be renewed."""


def until(end: datetime, now: datetime) -> dict[str, Value]:
    """The end of a certificate, as the texts tell it: its day, and the days that are left."""
    return {"days": (end - now).total_seconds() / 86_400, "until": f"{end:%Y-%m-%d}"}


class Mark(StrEnum):
    """`note`: worth knowing, not known, or not looked at; nothing that keeps the box from working."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the list.

    Attributes:
        check: what was looked at: `model`, `tls`, `gop`. code: what was found; unique among all checks.
        camera: its id, for a camera's checks.
        detail: what the part that found it says, in English; for whoever looks closer.
    """

    check: str
    mark: Mark
    code: str
    values: dict[str, Value]
    camera: str | None = None
    detail: str = ""


class Findings:
    """Collects the findings about one thing: `found.good("model", "model_good", name=…)`."""

    def __init__(self, camera: str | None = None) -> None:
        self.camera = camera
        self.list: list[Finding] = []

    def good(self, check: str, code: str, **values: Value) -> None:
        """As it should be."""
        self._add(check, Mark.GOOD, code, "", values)

    def bad(self, check: str, code: str, detail: str = "", /, **values: Value) -> None:
        """Something that somebody has to mend."""
        self._add(check, Mark.BAD, code, detail, values)

    def note(self, check: str, code: str, detail: str = "", /, **values: Value) -> None:
        """Something worth knowing."""
        self._add(check, Mark.NOTE, code, detail, values)

    def skipped(self, *checks: str) -> None:
        """Not looked at, because of what was found before."""
        for check in checks:
            self.note(check, "skipped")

    def has(self, check: str, *, bad: bool = False) -> bool:
        """Whether there is a finding about it already, or one that is bad."""
        return any(f.check == check and (f.mark is Mark.BAD or not bad) for f in self.list)

    def _add(self, check: str, mark: Mark, code: str, detail: str, values: dict[str, Value]) -> None:
        self.list.append(Finding(check=check, mark=mark, code=code, values=values, camera=self.camera, detail=detail))
