"""Behind the console's pages about incidents: the book, the pictures, and the commander that carries wishes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID, uuid4

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.sqlite.cases import Case, Row, SqliteCases
from agent.app.console.naming import Naming
from agent.app.console.parts import Parts
from agent.app.console.wishes import Wishes, done_before, rejected
from agent.core.errors import RejectCode
from agent.core.wire import Acknowledge, Command, Dismiss, DismissReason, Verify
from agent.ports import Clock
from agent.ports.console.incidents import (
    ALREADY,
    JUDGED_MEANWHILE,
    Asked,
    Disposition,
    IncidentFilter,
    IncidentLine,
    IncidentPage,
    Moment,
    Page,
    Picture,
    Remark,
    ScoreSource,
)
from agent.runtime.commander import Answer

MOST_SCORES = 500
"""Points of the curve of one incident."""


class CaseDesk:
    """Implements `ports.console.incidents.IncidentDesk`."""

    def __init__(
        self,
        *,
        cases: SqliteCases,
        evidence: EvidenceFolder,
        naming: Naming,
        intend: Callable[[Command, Answer], None],
        clock: Clock,
        scores: ScoreSource | None = None,
    ) -> None:
        """`scores`: what was seen between the events, where that is kept; None: the events' own scores have to do."""
        self._cases = cases
        self._evidence = evidence
        self._naming = naming
        self._wishes = Wishes(intend)
        self._clock = clock
        self._scores = scores
        self._judging = Lock()
        """One at a time: between what somebody has seen and what he says no other one of this console says his."""

    def choices(self) -> Mapping[str, list[dict[str, str]]]:
        """See `IncidentDesk.choices`."""
        return self._naming.choices()

    def listed(self, wanted: IncidentFilter, *, after: str | None, limit: int) -> Page:
        """See `IncidentDesk.listed`."""
        rows, following = self._cases.listed(wanted, after, limit)
        return {"incidents": [self._line(row) for row in rows], "next": following}

    def lines(self, incidents: Sequence[UUID]) -> list[IncidentLine]:
        """See `IncidentDesk.lines`."""
        return [self._line(row) for row in self._cases.lines(incidents)]

    def page(self, incident: UUID) -> IncidentPage | None:
        """See `IncidentDesk.page`."""
        case = self._cases.case(incident)
        if case is None:
            return None
        row = case.incident
        return {
            "incident": self._line(row),
            "first_seen": row["first_seen"],
            "blind_s": row["blind_s"],
            "channel": row["channel"],
            "class_name": row["class_name"],
            "score": row["score"],
            "limits": json.loads(row["limits"]) if row["limits"] else None,
            "previous_incident": row["previous_incident"],
            "moments": [_moment(moment) for moment in case.moments],
            "remarks": [_remark(remark) for remark in case.remarks],
            "pictures": [_picture(shot) for shot in case.shots],
            "scores": self._curve(case),
        }

    def picture(self, evidence: UUID) -> tuple[str, bytes] | None:
        """See `IncidentDesk.picture`. What the file is called the database says, never who asks."""
        kept = self._cases.shot(evidence)
        data = None if kept is None else self._evidence.read(kept)
        return None if kept is None or data is None else (kept.mime, data)

    def acknowledge(self, incident: UUID, *, by: str, note: str | None) -> Asked:
        """See `IncidentDesk.acknowledge`."""
        wish = Acknowledge(command="acknowledge", incident=incident, note=note, **self._signed(by))
        asked = self._wishes.done(wish)
        since = (asked["result"] or {}).get("acknowledged_at")
        before = since is not None and datetime.fromisoformat(since) < _in_ms(wish.issued_at)
        return {**asked, "code": ALREADY} if before else asked

    def dismiss(
        self,
        incident: UUID,
        *,
        by: str,
        reason: str,
        until: datetime | None,
        note: str | None,
        expected: Disposition | None = None,
    ) -> Asked:
        """See `IncidentDesk.dismiss`. Raises ValueError for another reason."""
        why = DismissReason(reason)
        wish = Dismiss(command="dismiss", incident=incident, reason=why, until=until, note=note, **self._signed(by))
        with self._judging:
            found = next((row["disposition"] for row in self._cases.lines([incident])), None) or "none"
            if expected not in (None, found):
                message = f"expected: {expected}, found {found}: somebody judged it meanwhile; nothing was changed"
                return rejected(wish.id, JUDGED_MEANWHILE, message)
            return self._wishes.done(wish)

    def restore(self, incident: UUID, *, by: str) -> Asked:
        """See `IncidentDesk.restore`. Of two who take the same dismissal back the second finds it done."""
        wish = Dismiss(command="dismiss", incident=incident, undo=True, **self._signed(by))
        with self._judging:
            asked = self._wishes.done(wish)
        if asked["code"] == RejectCode.UNKNOWN_INCIDENT and self._is_restored(incident):
            return done_before(wish.id)
        return asked

    def _is_restored(self, incident: UUID) -> bool:
        """Whether the last that was said of a dismissal is that it was taken back."""
        case = self._cases.case(incident)
        judged = [it["kind"] for it in case.remarks if it["kind"] in ("dismissed", "restored")] if case else []
        return judged[-1:] == ["restored"]

    def verify(self, incident: UUID, *, by: str) -> Asked:
        """See `IncidentDesk.verify`."""
        return self._wishes.begin(Verify(command="verify", incident=incident, **self._signed(by)))

    def asked(self, wish: str) -> Asked | None:
        """See `IncidentDesk.asked`."""
        return self._wishes.asked(wish)

    def _signed(self, by: str) -> dict[str, Any]:
        return {"id": f"console-{uuid4()}", "issued_at": self._clock.now().utc, "by": by}

    def _line(self, row: Row) -> IncidentLine:
        return {
            "id": row["incident_id"],
            "camera": row["camera"],
            "camera_name": self._naming.camera(row["camera"]),
            "zone": row["zone"],
            "zone_name": self._naming.zone(row["camera"], row["zone"]),
            "rule": row["rule"],
            "kind": self._naming.of(row),
            "severity": row["severity"],
            "phase": row["phase"],
            "opened": row["opened_at"],
            "closed": row["closed_at"],
            "dwell_s": row["dwell_s"],
            "close_reason": row["close_reason"],
            "disposition": row["disposition"],
            "acknowledged": row["acknowledged_at"],
            "picture": row["picture"],
        }

    def _curve(self, case: Case) -> list[tuple[str, float]]:
        """Scores over time: what the channel that is surest of it saw since it came, where kept; else its events'."""
        row, told = case.incident, [(m["at"], m["score"]) for m in case.moments if m["score"] is not None]
        if self._scores is None or not row["box"] or not row["first_seen"]:
            return told[-MOST_SCORES:]
        since = datetime.fromisoformat(row["first_seen"])
        until = datetime.fromisoformat(row["closed_at"]) if row["closed_at"] else self._clock.now().utc
        x1, y1, x2, y2 = json.loads(row["box"])
        seen = self._scores.scores_at(
            row["camera"], (x1, y1, x2, y2), since, until, zone=row["zone"], channel=row["channel"]
        )
        step = -(-len(seen) // MOST_SCORES) or 1
        return [(at.isoformat(), score) for at, score in seen[::step]] or told[-MOST_SCORES:]


def case_desk(parts: Parts, scores: ScoreSource | None = None) -> CaseDesk:
    """Of the running agent; pages that are open are told when something about an incident is different."""
    cases = SqliteCases(parts.database.path)
    parts.feed.attend("incidents", cases.version)
    return CaseDesk(
        cases=cases,
        evidence=parts.evidence,
        naming=Naming(lambda: parts.crew.config),
        intend=parts.centre.commander.intend,
        clock=parts.clock,
        scores=scores,
    )


def _in_ms(moment: datetime) -> datetime:
    """As answers tell moments."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment(row: Row) -> Moment:
    return {
        "sequence": row["sequence"],
        "revision": row["revision"],
        "phase": row["phase"],
        "at": row["at"],
        "reason": row["reason"],
        "severity": row["severity"],
        "channel": row["channel"],
        "class_name": row["class_name"],
        "score": row["score"],
        "dwell_s": row["dwell_s"],
        "blind_s": row["blind_s"],
        "evidence_note": row["evidence_note"],
        "taken": row["taken_at"],
        "acked": row["acked_at"],
        "set_aside": row["set_aside"],
    }


def _remark(row: Row) -> Remark:
    return {
        "kind": row["kind"],
        "at": row["at"],
        "by": row["by"],
        "details": json.loads(row["details"]),
        "sequence": row["sequence"],
        "taken": row["taken_at"],
        "acked": row["acked_at"],
        "set_aside": row["set_aside"],
    }


def _picture(row: Row) -> Picture:
    return {
        "id": row["evidence_id"],
        "kind": row["kind"],
        "captured": row["captured_at"],
        "bytes": row["bytes"],
        "sequence": row["sequence"],
    }
