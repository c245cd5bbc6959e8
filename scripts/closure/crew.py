"""A case per incident, and a simulated crew: acknowledge, drive there, ask the box to look again.

The box reports candidates and closes its own incidents; the case is the city's. Here it ends when the box says
`closed`, or answers `cleared` to a `verify`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .books import Books
from .contract import command

LIFETIME_S = 300.0
STREET = "c.stage = ? AND c.since <= ? AND i.rule <> 'camera_health'"


@dataclass(frozen=True)
class CrewPlan:
    """Seconds after an incident came until it is acknowledged, and from then to each `verify`; None: never.

    `dismiss`: the reason with which every incident is dismissed instead of verified, or None.
    """

    acknowledge_after_s: float | None = None
    verify_after_s: float | None = None
    dismiss: str | None = None


class Crew:
    """Decides what to ask the boxes now."""

    def __init__(self, books: Books, plan: CrewPlan) -> None:
        self._books = books
        self._plan = plan

    def due(self, now: float) -> list[tuple[str, dict[str, Any]]]:
        """(source, command) of each case whose time has come; the case moves on with it."""
        plan, asked = self._plan, []
        if plan.acknowledge_after_s is not None:
            for source, subject in self._cases("new", now - plan.acknowledge_after_s):
                asked.append((source, command("acknowledge", LIFETIME_S, incident=subject, by="crew-1")))
                self._books.move_case(source, subject, "dispatched", now)
        if plan.verify_after_s is not None:
            for source, subject in self._cases("dispatched", now - plan.verify_after_s):
                if plan.dismiss:
                    asked.append((source, command("dismiss", LIFETIME_S, incident=subject, reason=plan.dismiss)))
                    self._books.move_case(source, subject, "dismissed", now)
                else:  # again and again, until it is gone
                    asked.append((source, command("verify", LIFETIME_S, incident=subject)))
                    self._books.move_case(source, subject, "dispatched", now)
        return asked

    def _cases(self, stage: str, until: float) -> list[tuple[str, str]]:
        sql = f"SELECT c.source, c.subject FROM cases c JOIN incidents i USING (source, subject) WHERE {STREET}"
        return self._books.db.execute(sql, (stage, until)).fetchall()
