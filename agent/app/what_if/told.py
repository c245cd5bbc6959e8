"""The result as JSON, for programs and for the console."""

from __future__ import annotations

from typing import Any

from agent.app.what_if.compare import WhatIf
from agent.core.stays import Stay, Tally


def as_json(result: WhatIf) -> dict[str, Any]:
    """All of it as plain values; moments are RFC 3339."""
    comparison = result.comparison
    return {
        "cameras": list(result.cameras),
        "since": result.since.isoformat(),
        "until": result.until.isoformat(),
        "looks": result.looks,
        "gained": [_stay(stay) for stay in comparison.gained],
        "lost": [_stay(stay) for stay in comparison.lost],
        "changed": [
            {"before": _stay(change.before), "after": _stay(change.after), "what": list(change.what)}
            for change in comparison.changed
        ],
        "same": comparison.same,
        "before": _tally(comparison.before),
        "after": _tally(comparison.after),
        "notes": [{"code": note.code, **note.facts} for note in result.notes],
    }


def _stay(stay: Stay) -> dict[str, Any]:
    return {
        "camera": stay.camera,
        "zone": stay.zone,
        "rule": stay.rule,
        "class": stay.class_name,
        "channel": stay.channel.value,
        "severity": stay.severity.value,
        "first_seen": stay.first_seen.isoformat(),
        "opened": stay.opened_at.isoformat(),
        "closed": stay.closed_at.isoformat() if stay.closed_at else None,
        "dwell_s": stay.dwell_s,
        "blind_s": stay.blind_s,
        "box": [round(side, 4) for side in stay.box_n],
        "incident": str(stay.incident_id) if stay.incident_id else None,
        "verdict": stay.verdict.value,
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "incidents": tally.incidents,
        "confirmed": tally.confirmed,
        "false": tally.false,
        "tolerated": tally.tolerated,
        "unknown": tally.unknown,
        "precision": None if tally.precision is None else round(tally.precision, 4),
    }
